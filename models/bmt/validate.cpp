// SPDX-License-Identifier: Apache-2.0
// Rules of docs/numerics.md sections 2 to 5 on models and samples.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"
#include "models/bmt/primitives.hpp"

namespace bat::bmt {
namespace {

/// What a product feeds: decides the legal form of its Requant and the largest accumulator.
struct RequantRule {
  int outputs = 0;
  int branches = 1;
  bool bit_form = false;
  std::int64_t acc_max = 0;  ///< largest |accumulator| of one branch
};

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// Stops at the first broken rule; every check returns whether it held.
class Validator {
 public:
  explicit Validator(const Model& model) : m_(model) {}

  Status run() {
    const bool ok = header() && input_shape() && embedding() && encoder() && head();
    if (ok) return Ok{};
    return Error{std::move(message_)};
  }

 private:
  template <typename... Args>
  bool require(bool ok, fmt::format_string<Args...> rule, Args&&... args) {
    if (!ok) message_ = "model: " + fmt::format(rule, std::forward<Args>(args)...);
    return ok;
  }

  bool in_range(std::string_view what, std::int64_t value, std::int64_t lo, std::int64_t hi) {
    return require(value >= lo && value <= hi, "{} is {}, must be {} .. {}", what, value, lo, hi);
  }

  template <typename T>
  bool length(std::string_view tensor, const std::vector<T>& values, std::size_t expected) {
    return require(values.size() == expected, "{} has {} elements, must have {}", tensor,
                   values.size(), expected);
  }

  template <typename T>
  bool all_in_range(std::string_view tensor, const std::vector<T>& values, std::int64_t lo,
                    std::int64_t hi) {
    const auto bad =
        std::find_if(values.begin(), values.end(), [&](T v) { return v < lo || v > hi; });
    if (bad == values.end()) return true;
    return require(false, "{}[{}] is {}, must be {} .. {}", tensor, bad - values.begin(), *bad, lo,
                   hi);
  }

  bool header() {
    const int b = m_.act_bits;
    return in_range("layers", m_.layer_count(), 1, kMaxLayers) &&
           in_range("hidden", m_.hidden, 1, kMaxHidden) &&
           in_range("head_dim", m_.head_dim, 1, kMaxHeadDim) &&
           require(b == 1 || b == 2 || b == 4 || b == 8, "act_bits is {}, must be 1, 2, 4 or 8",
                   b) &&
           in_range("branches", m_.branches, 1, 2) &&
           in_range("classes", m_.classes, 1, kMaxClasses) &&
           in_range("max_tokens", m_.max_tokens, 1, kMaxTokens) &&
           in_range("embed_shift", m_.embed_shift, 0, 7) &&
           in_range("segments", m_.segments, 1, 2) && pruning() && task();
  }

  bool pruning() {
    bool masks = false;
    for (const Layer& l : m_.layers) {
      for (const Linear* linear : {&l.q, &l.k, &l.v, &l.o, &l.f1, &l.f2}) {
        masks = masks || !linear->mask.empty();
      }
    }
    if (!m_.pruning.used()) {
      return require(m_.pruning == Pruning{}, "pruning.block is {}, must be at least 1",
                     m_.pruning.block) &&
             require(!masks, "a matrix has a mask, but the model says nothing of pruning");
    }
    return in_range("pruning.block", m_.pruning.block, 1, kMaxBinaryLength) &&
           in_range("pruning.group", m_.pruning.group, 1, kMaxBinaryLength) &&
           require(masks, "pruning: no matrix has a mask");
  }

  bool task() {
    if (m_.task_kind == TaskKind::kRegression) {
      return require(m_.classes == 1, "classes is {}, a regression model has 1", m_.classes) &&
             require(m_.labels.empty(), "labels: a regression model has none") && logit_scale();
    }
    const auto classes = static_cast<std::size_t>(m_.classes);
    return require(m_.labels.empty() || m_.labels.size() == classes,
                   "labels has {} names for {} classes", m_.labels.size(), m_.classes);
  }

  bool logit_scale() {
    const char* end = m_.logit_scale.data() + m_.logit_scale.size();
    double value = 0.0;
    const auto parsed = std::from_chars(m_.logit_scale.data(), end, value);
    return require(parsed.ec == std::errc{} && parsed.ptr == end && std::isfinite(value),
                   "logit_scale \"{}\" must be a finite decimal number", m_.logit_scale);
  }

  bool input_shape() {
    if (m_.input == InputKind::kTokens) {
      const auto lines = std::count(m_.vocab.begin(), m_.vocab.end(), '\n') +
                         (m_.vocab.empty() || m_.vocab.back() == '\n' ? 0 : 1);
      return require(m_.vocab_size >= 1, "tokenizer.vocab_size is {}, must be at least 1",
                     m_.vocab_size) &&
             require(m_.vocab.empty() || lines == m_.vocab_size,
                     "vocab has {} lines, tokenizer.vocab_size is {}", lines, m_.vocab_size);
    }
    return require(m_.segments == 1, "segments is {}, a feature model has 1", m_.segments) &&
           in_range("features.count", m_.features.count, 1, kMaxFeatures) &&
           (m_.features.kind == FeatureKind::kRows || image_shape());
  }

  bool image_shape() {
    const FeatureShape& f = m_.features;
    constexpr int kMaxSide = 65535;
    return in_range("features.height", f.height, 1, kMaxSide) &&
           in_range("features.width", f.width, 1, kMaxSide) &&
           in_range("features.channels", f.channels, 1, kMaxFeatures) &&
           in_range("features.patch", f.patch, 1, kMaxFeatures) &&
           require(f.height % f.patch == 0 && f.width % f.patch == 0,
                   "features: {} x {} is not a multiple of patch {}", f.height, f.width, f.patch) &&
           require(static_cast<std::int64_t>(f.patch) * f.patch * f.channels == f.count,
                   "features.count is {}, must be patch * patch * channels", f.count) &&
           require(
               static_cast<std::int64_t>(f.height / f.patch) * (f.width / f.patch) < m_.max_tokens,
               "max_tokens is {}, too few for the patches and the class token", m_.max_tokens);
  }

  bool embedding() {
    const bool tokens = m_.input == InputKind::kTokens;
    const int positions = m_.segments * m_.max_tokens;
    return length("embed.position", m_.embed_position, product(positions, m_.hidden)) &&
           length("embed.word", m_.embed_word, tokens ? product(m_.vocab_size, m_.hidden) : 0) &&
           (tokens ? require(m_.patch.codes.empty(), "embed.patch.weight: not in a token model")
                   : patch()) &&
           layer_norm("embed.ln", m_.embed_ln, m_.act_bits);
  }

  bool patch() {
    const RequantRule rule{m_.hidden, 1, false, std::int64_t{255} * 255 * m_.features.count};
    return code_matrix("embed.patch.weight", m_.patch, m_.hidden, m_.features.count) &&
           requant("embed.patch", m_.patch_out, rule);
  }

  bool code_matrix(std::string_view tensor, const CodeMatrix& w, int out, int in) {
    return require(w.out == out && w.in == in, "{} is [{}, {}], must be [{}, {}]", tensor, w.out,
                   w.in, out, in) &&
           length(tensor, w.codes, product(out, in));
  }

  bool layer_norm(const std::string& prefix, const LayerNorm& ln, int bits) {
    const auto d = static_cast<std::size_t>(m_.hidden);
    return length(prefix + ".gain", ln.gain, d) && length(prefix + ".offset", ln.offset, d) &&
           length(prefix + ".q_offset", ln.q_offset, d) &&
           in_range(prefix + ".shift", ln.shift, 1, 31) &&
           in_range(prefix + ".q_mul", ln.q_mul, 1, m_.act_bits == 1 ? 1 : 32767) &&
           in_range(prefix + ".q_shift", ln.q_shift, 0, bits == 1 ? 0 : 31);
  }

  bool requant(const std::string& prefix, const Requant& rq, const RequantRule& rule) {
    const auto outputs = static_cast<std::size_t>(rule.outputs);
    if (rule.bit_form) {
      return length(prefix + ".threshold", rq.threshold, outputs) &&
             length(prefix + ".mul", rq.mul, 0) && length(prefix + ".offset", rq.offset, 0);
    }
    return length(prefix + ".threshold", rq.threshold, 0) &&
           require(rq.branches == rule.branches, "{}.mul has {} branches, must have {}", prefix,
                   rq.branches, rule.branches) &&
           length(prefix + ".mul", rq.mul, product(rule.branches, rule.outputs)) &&
           length(prefix + ".offset", rq.offset, outputs) &&
           all_in_range(prefix + ".mul", rq.mul, 0, 32767) &&
           all_in_range(prefix + ".offset", rq.offset, -(std::int64_t{1} << 47),
                        (std::int64_t{1} << 47) - 1) &&
           in_range(prefix + ".shift", rq.shift, 0, 47) && worst_case(prefix, rq, rule);
  }

  /// |offset| + sum of mul * acc_max bounds every partial sum as well, in any order.
  bool worst_case(const std::string& prefix, const Requant& rq, const RequantRule& rule) {
    for (int j = 0; j < rule.outputs; ++j) {
      std::int64_t bound = std::abs(rq.offset[static_cast<std::size_t>(j)]);
      for (int br = 0; br < rule.branches; ++br) {
        bound += rq.mul[static_cast<std::size_t>(br * rule.outputs + j)] * rule.acc_max;
      }
      if (!require(fits_signed(bound, 48),
                   "{}: output {} can reach {}, more than 48 bits signed (mul * {} + offset)",
                   prefix, j, bound, rule.acc_max)) {
        return false;
      }
    }
    return true;
  }

  bool bit_matrix(const std::string& tensor, const BitMatrix& w, int out, int in) {
    if (!require(w.branches == m_.branches && w.out == out && w.in == in,
                 "{} is [{}, {}, {}] bits, must be [{}, {}, {}]", tensor, w.branches, w.out, w.in,
                 m_.branches, out, in) ||
        !length(tensor, w.words, product(w.branches * w.out, w.row_words()))) {
      return false;
    }
    if (in % 64 == 0) return true;
    for (int br = 0; br < w.branches; ++br) {
      for (int o = 0; o < out; ++o) {
        if (!require((w.row(br, o).back() >> (in % 64)) == 0,
                     "{}: padding bits of row {} are not 0", tensor, o)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Shape, balance, and that what is pruned holds nothing.
  bool mask(const std::string& name, const Linear& l, int out, int in) {
    const BlockMask& mask = l.mask;
    if (mask.empty()) return true;
    const BlockMask shape(m_.pruning, out, in);
    if (!require(mask.cut == m_.pruning, "{}.mask is cut in {} x {}, the model says {} x {}", name,
                 mask.cut.block, mask.cut.group, m_.pruning.block, m_.pruning.group) ||
        !require(mask.groups == shape.groups && mask.blocks == shape.blocks,
                 "{}.mask has {} groups of {} blocks, must have {} of {}", name, mask.groups,
                 mask.blocks, shape.groups, shape.blocks) ||
        !length(name + ".mask", mask.kept, product(shape.groups, shape.blocks))) {
      return false;
    }
    return balance(name, mask) && pruned_weights(name, l);
  }

  bool balance(const std::string& name, const BlockMask& mask) {
    int first = 0;
    for (int g = 0; g < mask.groups; ++g) {
      int count = 0;
      for (int b = 0; b < mask.blocks; ++b) count += mask.keeps(g, b) ? 1 : 0;
      if (g == 0) first = count;
      if (!require(count >= 1, "{}.mask: group {} keeps no block, must keep at least 1", name, g) ||
          !require(count == first,
                   "{}.mask: group {} keeps {} blocks, group 0 keeps {}: must be the same", name, g,
                   count, first)) {
        return false;
      }
    }
    return true;
  }

  bool pruned_weights(const std::string& name, const Linear& l) {
    const BitMatrix& w = l.weight;
    for (int br = 0; br < w.branches; ++br) {
      for (int o = 0; o < w.out; ++o) {
        for (int i = 0; i < w.in; ++i) {
          if (!require(l.mask.keeps_input(o, i) || !w.bit(br, o, i),
                       "{}.weight: row {} has bits in pruned block {}, must be 0", name, o,
                       i / l.mask.cut.block)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /// Most inputs that enter a sum.
  static int longest(const Linear& l, int in) {
    if (l.mask.empty()) return in;
    int most = 0;
    for (int g = 0; g < l.mask.groups; ++g) most = std::max(most, l.mask.kept_inputs(g, in));
    return most;
  }

  /// `bit_capable`: threshold form in models with 1-bit activations and one branch.
  bool linear(const std::string& name, const Linear& l, int out, int in, bool bit_capable) {
    if (!bit_matrix(name + ".weight", l.weight, out, in) || !mask(name, l, out, in)) return false;
    const bool bits = bit_capable && m_.act_bits == 1 && m_.branches == 1;
    const RequantRule rule{out, m_.branches, bits,
                           static_cast<std::int64_t>(max_code(m_.act_bits)) * longest(l, in)};
    return requant(name, l.out, rule);
  }

  bool encoder() {
    for (int i = 0; i < m_.layer_count(); ++i) {
      if (!layer(fmt::format("layers.{}", i), i)) return false;
    }
    return true;
  }

  bool layer(const std::string& prefix, int i) {
    const Layer& l = m_.at(i);
    const int width = l.q.weight.out;
    const int f = l.f1.weight.out;
    return in_range(prefix + ".q.weight rows (attention width)", width, 1, kMaxBinaryLength) &&
           require(width % m_.head_dim == 0,
                   "{}.q.weight has {} rows, must be a multiple of head_dim {}", prefix, width,
                   m_.head_dim) &&
           in_range(prefix + " heads", width / m_.head_dim, 1, kMaxHeads) &&
           in_range(prefix + ".f1.weight rows (ffn)", f, 1, kMaxFfn) &&
           linear(prefix + ".q", l.q, width, m_.hidden, true) &&
           linear(prefix + ".k", l.k, width, m_.hidden, true) &&
           linear(prefix + ".v", l.v, width, m_.hidden, true) &&
           attention(prefix + ".attention", l, width / m_.head_dim) &&
           context(prefix + ".context", l, width) &&
           linear(prefix + ".o", l.o, m_.hidden, width, false) &&
           layer_norm(prefix + ".ln1", l.ln1, m_.act_bits) &&
           linear(prefix + ".f1", l.f1, f, m_.hidden, true) &&
           linear(prefix + ".f2", l.f2, m_.hidden, f, false) &&
           layer_norm(prefix + ".ln2", l.ln2, m_.ln2_bits(i));
  }

  std::int64_t code_square() const {
    return static_cast<std::int64_t>(max_code(m_.act_bits)) * max_code(m_.act_bits);
  }

  bool context(const std::string& prefix, const Layer& l, int width) {
    return requant(prefix, l.context, {width, 1, m_.act_bits == 1, code_square() * m_.max_tokens});
  }

  bool attention(const std::string& prefix, const Layer& l, int heads) {
    if (m_.attention == Attention::kThreshold) {
      return requant(prefix, l.threshold,
                     {heads, 1, m_.act_bits == 1, code_square() * m_.head_dim});
    }
    const auto h = static_cast<std::size_t>(heads);
    const SoftmaxParams& s = l.softmax;
    return length(prefix + ".idx_mul", s.idx_mul, h) &&
           length(prefix + ".prob_mul", s.prob_mul, h) &&
           all_in_range(prefix + ".idx_mul", s.idx_mul, 0, 65535) &&
           all_in_range(prefix + ".prob_mul", s.prob_mul, 1, 65535) &&
           in_range(prefix + ".idx_shift", s.idx_shift, 0, 31) &&
           in_range(prefix + ".prob_shift", s.prob_shift, 1, 47);
  }

  bool head() {
    return (!m_.pooler || (require(m_.pooler->mask.empty(), "pooler: cannot be pruned") &&
                           linear("pooler", *m_.pooler, m_.hidden, m_.hidden, false))) &&
           code_matrix("classifier.weight", m_.classifier, m_.classes, m_.hidden) &&
           length("classifier.offset", m_.classifier_offset, static_cast<std::size_t>(m_.classes));
  }

  const Model& m_;
  std::string message_;
};

Status validate_tokens(const Model& model, const Sample& sample) {
  if (sample.ids.empty()) return Error{"sample: a token model needs at least 1 token"};
  if (!sample.features.empty()) return Error{"sample: a token model takes no features"};
  for (const std::uint32_t id : sample.ids) {
    if (id >= static_cast<std::uint32_t>(model.vocab_size)) {
      return Error{
          fmt::format("sample: id {} is outside the vocabulary of {}", id, model.vocab_size)};
    }
  }
  if (!sample.segments.empty() && sample.segments.size() != sample.ids.size()) {
    return Error{fmt::format("sample: {} segments for {} tokens", sample.segments.size(),
                             sample.ids.size())};
  }
  for (const std::uint8_t segment : sample.segments) {
    if (segment >= model.segments) {
      return Error{fmt::format("sample: segment {} of a model with {}", segment, model.segments)};
    }
  }
  return Ok{};
}

Status validate_features(const Model& model, const Sample& sample) {
  const auto count = static_cast<std::size_t>(model.features.count);
  if (!sample.ids.empty()) return Error{"sample: a feature model takes no token ids"};
  if (!sample.features.empty() && sample.feature_count != model.features.count) {
    return Error{
        fmt::format("sample: {} features a row, the model has {}", sample.feature_count, count)};
  }
  if (sample.features.size() % count != 0) {
    return Error{
        fmt::format("sample: {} features are not whole rows of {}", sample.features.size(), count)};
  }
  return Ok{};
}

}  // namespace

Status validate(const Model& model) { return Validator(model).run(); }

Status validate(const Model& model, const Sample& sample) {
  Status status = model.input == InputKind::kTokens ? validate_tokens(model, sample)
                                                    : validate_features(model, sample);
  if (!status) return status;
  if (sample.tokens() > model.max_tokens) {
    return Error{
        fmt::format("sample: {} tokens, max_tokens is {}", sample.tokens(), model.max_tokens)};
  }
  return Ok{};
}

}  // namespace bat::bmt
