// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/random_model.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <random>
#include <utility>

#include "models/bmt/primitives.hpp"

namespace bat::bmt {
namespace {

std::size_t idx(int i) { return static_cast<std::size_t>(i); }

/// Raw generator output only: the distributions of the standard library differ between platforms.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t raw() { return engine_(); }

  std::int64_t uniform(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(raw() % static_cast<std::uint64_t>(hi - lo + 1));
  }

  /// Bell-shaped around 0 with about the given standard deviation.
  std::int64_t bell(std::int64_t deviation) {
    std::int64_t sum = 0;
    for (int i = 0; i < 3; ++i) sum += uniform(-deviation, deviation);
    return sum;
  }

  bool one_in(int n) { return raw() % static_cast<std::uint64_t>(n) == 0; }

  template <typename T, std::size_t N>
  T pick(const std::array<T, N>& values) {
    return values[raw() % N];
  }

 private:
  std::mt19937_64 engine_;
};

/// What a Requant has to bring an accumulator to.
struct Target {
  int outputs = 0;
  int branches = 1;
  std::int64_t acc_deviation = 1;  ///< expected, of one branch
  std::int64_t acc_max = 1;
  std::int64_t deviation = 1;  ///< wanted, of the result
  std::int64_t center = 0;     ///< wanted, of the result
};

constexpr std::int64_t kResidualDeviation = 2000;  ///< of a LayerNorm output
/// Masks have a generator of their own: the rest of a model does not depend on them.
constexpr std::uint64_t kMaskSeed = 0x9E3779B97F4A7C15;

constexpr std::int64_t kUpdateDeviation = 1000;  ///< of what is added to the residual stream

class Builder {
 public:
  Builder(const RandomModelSpec& spec, std::uint64_t seed)
      : s_(spec), rng_(seed), mask_rng_(seed ^ kMaskSeed) {}

  Model build() {
    Model m = header();
    embedding(m);
    for (int i = 0; i < s_.layers; ++i) m.layers.push_back(layer(i));
    if (s_.pooler) {
      m.pooler = linear(s_.hidden, s_.hidden, {}, {.deviation = 64, .center = 128});
    }
    m.classifier = code_matrix(s_.classes, s_.hidden);
    for (int k = 0; k < s_.classes; ++k) {
      m.classifier_offset.push_back(static_cast<std::int32_t>(rng_.uniform(-100000, 100000)));
    }
    if (extreme(4)) m.classifier_offset.back() = std::numeric_limits<std::int32_t>::max();
    return m;
  }

 private:
  bool extreme(int one_in) { return s_.adversarial && rng_.one_in(one_in); }

  Model header() const {
    Model m;
    m.name = "random";
    m.task = "random";
    m.source = "random_model";
    m.license = "Apache-2.0";
    m.input = s_.input;
    m.hidden = s_.hidden;
    m.head_dim = s_.head_dim;
    m.act_bits = s_.act_bits;
    m.branches = s_.branches;
    m.attention = s_.attention;
    m.classes = s_.classes;
    m.max_tokens = s_.max_tokens;
    m.embed_shift = s_.embed_shift;
    if (s_.pruned_matrices != 0) m.pruning = s_.pruning;
    if (s_.input == InputKind::kTokens) {
      m.segments = s_.segments;
      m.vocab_size = s_.vocab;
    } else {
      m.features.count = s_.features;
    }
    return m;
  }

  std::vector<std::int8_t> bytes(int rows) {
    std::vector<std::int8_t> values(idx(rows) * idx(s_.hidden));
    for (std::int8_t& v : values) {
      v = static_cast<std::int8_t>(extreme(50) ? rng_.pick(std::array{-128, 127})
                                               : rng_.uniform(-64, 63));
    }
    return values;
  }

  void embedding(Model& m) {
    if (s_.input == InputKind::kTokens) m.embed_word = bytes(s_.vocab);
    m.embed_position = bytes(m.segments * s_.max_tokens);
    if (s_.input == InputKind::kFeatures) {
      m.patch = code_matrix(s_.hidden, s_.features);
      // Mean squares of a byte and of a weight are about 147^2 each.
      const auto deviation =
          static_cast<std::int64_t>(isqrt(static_cast<std::uint64_t>(s_.features)));
      m.patch_out = scaled({s_.hidden, 1, deviation * 147 * 147,
                            std::int64_t{255} * 255 * s_.features, kUpdateDeviation, 0});
    }
    m.embed_ln = layer_norm(s_.act_bits);
  }

  CodeMatrix code_matrix(int out, int in) {
    CodeMatrix w(out, in);
    for (std::uint8_t& c : w.codes) c = static_cast<std::uint8_t>(rng_.uniform(0, 255));
    return w;
  }

  BitMatrix bit_matrix(int out, int in) {
    BitMatrix w(s_.branches, out, in);
    for (std::uint64_t& word : w.words) word = rng_.raw();
    if (in % 64 == 0) return w;
    for (int br = 0; br < w.branches; ++br) {
      for (int o = 0; o < out; ++o) w.row(br, o).back() &= (std::uint64_t{1} << (in % 64)) - 1;
    }
    return w;
  }

  int pruned_blocks(int blocks) {
    const int percent =
        s_.pruned_percent >= 0 ? s_.pruned_percent : static_cast<int>(mask_rng_.uniform(0, 100));
    return std::min(blocks - 1, (blocks * percent + 50) / 100);
  }

  /// A balanced mask: every group drops the same number of blocks, random ones.
  BlockMask mask(PrunedMatrices which, int out, int in) {
    if (!s_.pruning.used() || (s_.pruned_matrices & which) == 0) return {};
    BlockMask mask(s_.pruning, out, in);
    std::fill(mask.kept.begin(), mask.kept.end(), 1);
    const int pruned = pruned_blocks(mask.blocks);
    for (int g = 0; g < mask.groups; ++g) {
      // Now and then the blocks of the group before, so that groups with equal masks occur.
      const bool same = g > 0 && mask_rng_.one_in(4);
      for (int dropped = 0; dropped < pruned && !same;) {
        const auto b = static_cast<int>(mask_rng_.uniform(0, mask.blocks - 1));
        if (!mask.keeps(g, b)) continue;
        mask.keep(g, b, false);
        ++dropped;
      }
      for (int b = 0; b < mask.blocks && same; ++b) mask.keep(g, b, mask.keeps(g - 1, b));
    }
    return mask;
  }

  /// Random bits with zeros where `mask` prunes.
  BitMatrix bit_matrix(int out, int in, const BlockMask& mask) {
    BitMatrix w = bit_matrix(out, in);
    if (mask.empty()) return w;
    for (int br = 0; br < w.branches; ++br) {
      for (int o = 0; o < out; ++o) {
        for (int i = 0; i < in; ++i) {
          if (!mask.keeps_input(o, i)) w.set_bit(br, o, i, false);
        }
      }
    }
    return w;
  }

  /// Most inputs that enter a sum.
  static int length(const BlockMask& mask, int in) {
    if (mask.empty()) return in;
    int most = 0;
    for (int g = 0; g < mask.groups; ++g) most = std::max(most, mask.kept_inputs(g, in));
    return most;
  }

  /// Mean square of an evenly spread code, signed or unsigned value.
  std::int64_t mean_square() const { return std::max(1, ((1 << (2 * s_.act_bits)) - 1) / 3); }

  /// Expected deviation of a sum of `length` codes times +-1.
  std::int64_t code_deviation(int length) const {
    return isqrt(static_cast<std::uint64_t>(mean_square() * length));
  }

  std::int64_t max_value() const { return max_code(s_.act_bits); }

  /// Center and deviation that spread codes of `act_bits` bits evenly.
  Target signed_codes() const {
    return {.deviation = std::max<std::int64_t>(1, (max_value() + 1) / 4),
            .center = (max_value() + 1) / 2};
  }
  Target unsigned_codes() const { return {.deviation = (max_value() + 1) / 2, .center = 1}; }

  Requant scaled(const Target& t) {
    Requant rq;
    rq.branches = t.branches;
    rq.shift = pick_shift(t);
    const std::int64_t mul =
        std::clamp<std::int64_t>((t.deviation << rq.shift) / t.acc_deviation, 1, 32767);
    for (int i = 0; i < t.branches * t.outputs; ++i) {
      const std::int64_t jittered = mul * rng_.uniform(768, 1280) / 1024;
      rq.mul.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(jittered, 1, 32767)));
    }
    for (int j = 0; j < t.outputs; ++j) {
      const std::int64_t jitter = rng_.bell((t.deviation << rq.shift) / 8 + 1);
      rq.offset.push_back((t.center << rq.shift) + jitter);
    }
    if (s_.adversarial) push_to_limits(rq, t);
    return rq;
  }

  /// Any shift at which the wanted factor is a legal `mul`.
  int pick_shift(const Target& t) {
    int lo = 0;
    while (lo < 40 && (t.deviation << lo) < 4 * t.acc_deviation) ++lo;
    int hi = lo;
    while (hi < 40 && (t.deviation << (hi + 1)) / t.acc_deviation <= 16384) ++hi;
    return static_cast<int>(rng_.uniform(lo, hi));
  }

  void push_to_limits(Requant& rq, const Target& t) {
    constexpr std::int64_t kHuge = std::int64_t{1} << 45;
    for (std::int32_t& mul : rq.mul) {
      if (rng_.one_in(40)) mul = rng_.pick(std::array<std::int32_t, 3>{0, 1, 32767});
    }
    for (std::int64_t& offset : rq.offset) {
      if (rng_.one_in(40)) offset = rng_.pick(std::array<std::int64_t, 3>{-kHuge, kHuge, 0});
    }
    // The very last value that 48 bits hold, for one channel.
    if (!rng_.one_in(4)) return;
    const std::int64_t room = (std::int64_t{1} << 47) - 1;
    std::int64_t reach = 0;
    for (int br = 0; br < t.branches; ++br) reach += rq.mul[idx(br * t.outputs)] * t.acc_max;
    rq.offset.front() = rng_.one_in(2) ? room - reach : reach - room;
  }

  Requant thresholds(int outputs, std::int64_t deviation, std::int64_t acc_max) {
    Requant rq;
    for (int j = 0; j < outputs; ++j) {
      const auto edge = static_cast<std::int64_t>(acc_max);
      const std::int64_t t =
          extreme(20)
              ? rng_.pick(std::array<std::int64_t, 6>{-32768, 32767, edge, -edge, edge + 1, 0})
              : rng_.bell(deviation / 3 + 1);
      rq.threshold.push_back(static_cast<std::int16_t>(t));
    }
    return rq;
  }

  Linear linear(int out, int in, BlockMask mask, Target target) {
    const int inner = length(mask, in);
    target.outputs = out;
    target.branches = s_.branches;
    target.acc_deviation = std::max<std::int64_t>(1, code_deviation(inner));
    target.acc_max = max_value() * inner;
    BitMatrix weight = bit_matrix(out, in, mask);
    return {std::move(weight), scaled(target), std::move(mask)};
  }

  /// Bit form where the model has it, codes otherwise.
  Linear projection(int out, int in, BlockMask mask, const Target& codes) {
    if (s_.act_bits == 1 && s_.branches == 1) {
      const int inner = length(mask, in);
      BitMatrix weight = bit_matrix(out, in, mask);
      return {std::move(weight), thresholds(out, code_deviation(inner), inner), std::move(mask)};
    }
    return linear(out, in, std::move(mask), codes);
  }

  Requant product_requant(int outputs, int length, Target target) {
    const auto deviation = static_cast<std::int64_t>(
        isqrt(static_cast<std::uint64_t>(mean_square() * mean_square() * length)));
    if (s_.act_bits == 1) return thresholds(outputs, deviation, length);
    target.outputs = outputs;
    target.acc_deviation = std::max<std::int64_t>(1, deviation);
    target.acc_max = max_value() * max_value() * length;
    return scaled(target);
  }

  SoftmaxParams softmax(int heads) {
    SoftmaxParams p;
    const std::int64_t deviation =
        std::max<std::int64_t>(1, mean_square() * isqrt(static_cast<std::uint64_t>(s_.head_dim)));
    // One deviation of the scores is one octave: 32 steps of the table.
    while (p.idx_shift < 31 && (std::int64_t{32} << (p.idx_shift + 1)) / deviation < 50000) {
      ++p.idx_shift;
    }
    const std::int64_t idx_mul = (std::int64_t{32} << p.idx_shift) / deviation;
    const int log_tokens = static_cast<int>(std::bit_width(static_cast<unsigned>(s_.max_tokens)));
    p.prob_shift = std::clamp(36 - log_tokens - (s_.act_bits - 1), 1, 47);
    for (int h = 0; h < heads; ++h) {
      p.idx_mul.push_back(static_cast<std::int32_t>(
          extreme(8) ? rng_.pick(std::array<std::int64_t, 3>{0, 1, 65535})
                     : std::min<std::int64_t>(65535, idx_mul * rng_.uniform(768, 1280) / 1024)));
      p.prob_mul.push_back(
          static_cast<std::int32_t>(extreme(8) ? rng_.pick(std::array<std::int64_t, 2>{1, 65535})
                                               : rng_.uniform(32768, 65535)));
    }
    // Rows where all but the largest scores leave the table (index 511 and beyond).
    if (extreme(3)) p.idx_shift = std::max(0, p.idx_shift - static_cast<int>(rng_.uniform(3, 9)));
    return p;
  }

  LayerNorm layer_norm(int bits) {
    LayerNorm ln;
    ln.shift = static_cast<int>(rng_.uniform(2, 13));
    if (s_.act_bits > 1) {
      ln.q_shift = static_cast<int>(rng_.uniform(14, 27 - bits));
      ln.q_mul = 1 << (bits + ln.q_shift - 13);
    } else if (bits > 1) {
      ln.q_shift = 13 - bits;
    }
    for (int j = 0; j < s_.hidden; ++j) channel(ln, bits);
    return ln;
  }

  /// Gain 2 (of the 10-bit fraction: a deviation of 2048), offset and a centered quantizer.
  void channel(LayerNorm& ln, int bits) {
    constexpr std::int64_t kMax32 = std::numeric_limits<std::int32_t>::max();
    std::int64_t gain = (std::int64_t{2} << ln.shift) * rng_.uniform(768, 1280) / 1024;
    std::int64_t offset = rng_.bell(kResidualDeviation / 10);
    if (extreme(40)) gain = rng_.pick(std::array<std::int64_t, 4>{-32768, 32767, 0, -gain});
    if (extreme(40)) offset = rng_.pick(std::array<std::int64_t, 2>{-32768, 32767});
    const std::int64_t middle = std::int64_t{1} << (bits - 1 + ln.q_shift);
    std::int64_t q = bits == 1 ? 1 - (offset + rng_.bell(kResidualDeviation / 6))
                               : middle - offset * ln.q_mul + rng_.bell(middle / 16);
    if (extreme(60)) q = rng_.pick(std::array<std::int64_t, 2>{-kMax32 - 1, kMax32});
    ln.gain.push_back(static_cast<std::int16_t>(std::clamp<std::int64_t>(gain, -32768, 32767)));
    ln.offset.push_back(static_cast<std::int16_t>(offset));
    ln.q_offset.push_back(static_cast<std::int32_t>(std::clamp(q, -kMax32 - 1, kMax32)));
  }

  Layer layer(int i) {
    const int heads = s_.layer_heads.empty() ? s_.heads : s_.layer_heads[idx(i)];
    const int width = heads * s_.head_dim;
    const int d = s_.hidden;
    const Target update{.deviation = kUpdateDeviation, .center = 0};
    Layer l;
    l.q = projection(width, d, mask(kPrunedQ, width, d), signed_codes());
    l.k = projection(width, d, mask(kPrunedK, width, d), signed_codes());
    l.v = projection(width, d, mask(kPrunedV, width, d), signed_codes());
    if (s_.attention == Attention::kSoftmax) {
      l.softmax = softmax(heads);
    } else {
      l.threshold = product_requant(heads, s_.head_dim, unsigned_codes());
    }
    l.context = product_requant(width, s_.max_tokens, signed_codes());
    l.o = linear(d, width, mask(kPrunedO, d, width), update);
    l.ln1 = layer_norm(s_.act_bits);
    l.f1 = projection(s_.ffn, d, mask(kPrunedF1, s_.ffn, d), unsigned_codes());
    l.f2 = linear(d, s_.ffn, mask(kPrunedF2, d, s_.ffn), update);
    const bool last = i + 1 == s_.layers;
    l.ln2 = layer_norm(last && !s_.pooler ? kClassifierBits : s_.act_bits);
    return l;
  }

  const RandomModelSpec& s_;
  Random rng_;
  Random mask_rng_;
};

}  // namespace

Model random_model(const RandomModelSpec& spec, std::uint64_t seed) {
  return Builder(spec, seed).build();
}

Sample random_sample(const Model& model, int tokens, std::uint64_t seed) {
  Random rng(seed);
  Sample sample;
  sample.label = static_cast<int>(rng.uniform(0, model.classes - 1));
  if (model.input == InputKind::kTokens) {
    const std::int64_t first_segment = rng.uniform(1, tokens);
    for (int n = 0; n < tokens; ++n) {
      sample.ids.push_back(static_cast<std::uint32_t>(rng.uniform(0, model.vocab_size - 1)));
      sample.segments.push_back(model.segments == 2 && n >= first_segment ? 1 : 0);
    }
    return sample;
  }
  sample.feature_count = model.features.count;
  for (int n = 1; n < tokens; ++n) {
    const std::int64_t hi = rng.one_in(8) ? 0 : 255;  // a blank row now and then
    for (int k = 0; k < model.features.count; ++k) {
      sample.features.push_back(static_cast<std::uint8_t>(rng.uniform(0, hi)));
    }
  }
  return sample;
}

}  // namespace bat::bmt
