// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "rtl_gen/plan/chunk.hpp"
#include "rtl_gen/program/disassemble.hpp"
#include "rtl_gen/program/fit.hpp"
#include "rtl_gen/program/packing.hpp"

namespace bat {
namespace {

/// Heads whose projections are loaded together where softmax attention is interleaved.
constexpr int kGroupHeads = 2;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

constexpr std::int64_t squared_max(int bits) {
  const std::int64_t m = (std::int64_t{1} << bits) - 1;
  return m * m;
}

Mapping plain(int outputs, int inputs) { return {outputs, outputs, inputs, inputs}; }

/// How the columns of a matrix get their parameters.
enum class Product { kSigned, kUnsigned };

/// Everything that packing one 1-bit matrix needs.
struct MatrixSpec {
  std::string name;
  const bmt::Linear& linear;
  Mapping map;
  Product product = Product::kSigned;
  std::vector<TileRange> ranges;  ///< ranges that chunks do not cross
  int granule = 1;                ///< tiles of a destination word: instructions start at one
  isa::Out out = isa::Out::kBit;
};

/// Cuts tiles [first, end) into runs of equal masks. `segment` tiles are a head: a run is a part of
/// one head or whole heads.
std::vector<TileRun> cut_runs(int first, int end, int segment, const std::vector<WordMask>& masks) {
  std::vector<TileRun> runs;
  for (int tile = first; tile < end; ++tile) {
    const WordMask& mask = masks[index(tile)];
    const int head = tile - tile % segment;
    if (!runs.empty() && runs.back().mask == mask) {
      const bool part = runs.back().first_tile % segment != 0;
      if (tile != head || !part) {
        ++runs.back().tiles;
        continue;
      }
    } else if (!runs.empty() && runs.back().first_tile < head && tile != head) {
      // The run before ends inside this head: its part of it is a run of its own.
      TileRun& whole = runs.back();
      const TileRun part{head, tile - head, whole.mask};
      whole.tiles = head - whole.first_tile;
      runs.push_back(part);
    }
    runs.push_back({tile, 1, mask});
  }
  return runs;
}

class ImageBuilder {
 public:
  ImageBuilder(const Config& config, const Plan& plan, const bmt::Model& model)
      : config_(config), plan_(plan), m_(model) {}

  Result<ModelImage> run() {
    if (Status status = bmt::validate(m_); !status) return status.error();
    if (Status status = check_fit(config_, m_); !status) return status.error();
    header();
    tables();
    const bool ok = patch() && layers() && head() && check_resident();
    if (!ok) return Error{std::move(message_)};
    align();
    return std::move(image_);
  }

 private:
  int granule() const { return plan_.depth / plan_.cols; }
  int head_tiles() const { return plan_.col_tiles(m_.head_dim); }
  int max_code() const { return (1 << m_.act_bits) - 1; }

  void align() {
    const auto to = index(memory_alignment(plan_));
    image_.bytes.resize((image_.bytes.size() + to - 1) / to * to, 0);
  }

  std::uint64_t next_beat() const { return image_.bytes.size() / index(plan_.axi_bytes); }

  int ring_word_bits(isa::Ring ring) const {
    if (ring == isa::Ring::kW) return plan_.cols * plan_.depth;
    return ring == isa::Ring::kL ? plan_.l_bits : plan_.par_bits;
  }

  /// Places a string of ring words at the next aligned address.
  Span place(isa::Ring ring, const BitString& bits) {
    align();
    const Span span{ring, next_beat(),
                    static_cast<std::uint32_t>((bits.size() + plan_.axi_bits - 1) / plan_.axi_bits),
                    static_cast<std::uint32_t>(bits.size() / ring_word_bits(ring)),
                    ring_words_[static_cast<std::size_t>(ring)]};
    ring_words_[static_cast<std::size_t>(ring)] += span.words;
    const std::vector<std::uint8_t> bytes = bits.bytes();
    image_.bytes.insert(image_.bytes.end(), bytes.begin(), bytes.end());
    align();
    return span;
  }

  void header() {
    image_.input = m_.input;
    image_.attention = m_.attention;
    image_.hidden = m_.hidden;
    image_.head_dim = m_.head_dim;
    image_.act_bits = m_.act_bits;
    image_.classes = m_.classes;
    image_.max_tokens = m_.max_tokens;
    image_.segments = m_.segments;
    image_.embed_shift = m_.embed_shift;
    image_.vocab_size = m_.vocab_size;
    image_.features = m_.features.count;
  }

  /// Parameters that stay on chip must fit there.
  bool check_resident() {
    if (!plan_.resident) return true;
    const std::array depths{plan_.t_ring_words, plan_.p_ring_words, plan_.l_ring_words};
    for (std::size_t i = 0; i < depths.size(); ++i) {
      if (ring_words_[i + 1] <= static_cast<std::uint32_t>(depths[i])) continue;
      return fail(fmt::format(
          "model {} does not fit configuration {}: {} layers have {} words of {}, {} fit; "
          "buffers.resident_layers is {}; nearest legal value is {}, or 0 to stream them",
          m_.name, config_.name, m_.layer_count(), ring_words_[i + 1],
          isa::to_string(static_cast<isa::Ring>(i + 1)), depths[i], config_.buffers.resident_layers,
          m_.layer_count()));
    }
    return true;
  }

  /// Rows of int8 values, each padded to whole beats.
  std::uint64_t place_table(std::span<const std::int8_t> values) {
    align();
    const std::uint64_t beat = next_beat();
    const auto row = index(m_.hidden);
    const auto beat_bytes = index(plan_.axi_bytes);
    for (std::size_t at = 0; at < values.size(); at += row) {
      for (std::size_t j = 0; j < row; ++j) {
        image_.bytes.push_back(static_cast<std::uint8_t>(values[at + j]));
      }
      image_.bytes.resize((image_.bytes.size() + beat_bytes - 1) / beat_bytes * beat_bytes, 0);
    }
    return beat;
  }

  void tables() {
    image_.position_beat = place_table(m_.embed_position);
    if (m_.input == bmt::InputKind::kTokens) image_.word_beat = place_table(m_.embed_word);
  }

  PackedNorm norm(const bmt::LayerNorm& ln) {
    BitString bits;
    append_norm(bits, plan_, ln);
    return {place(isa::Ring::kL, bits), ln.shift, ln.q_mul, ln.q_shift};
  }

  /// Cuts ranges into chunks and packs each with `weights(bits, tile)`, `params(bits, tile)`;
  /// `runs(first, end)` are the runs of a chunk.
  template <typename Runs, typename Weights, typename Params>
  bool chunks(PackedMatrix& packed, const std::string& name, const std::vector<TileRange>& ranges,
              Runs runs, Weights weights, Params params) {
    TileCost cost{packed.weight_words(packed.kw), 0, 0};
    (packed.params == isa::Ring::kT ? cost.t : cost.p) = packed.tile_param_words;
    int first = 0;
    for (const TileRange& range : ranges) {
      const auto step = chunk_tiles(plan_, range, cost);
      if (!step) {
        return fail(
            fmt::format("{}: {} column tiles need {} words of the weight ring ({}), {} of "
                        "the {} ring: raise buffers.*_ring_words",
                        name, std::min(range.granule, range.tiles),
                        std::min(range.granule, range.tiles) * cost.w, plan_.w_ring_words,
                        std::min(range.granule, range.tiles) * packed.tile_param_words,
                        packed.params == isa::Ring::kT ? "threshold" : "parameter"));
      }
      const int end = first + range.tiles;
      for (; first < end; first += *step) {
        Chunk chunk{first, std::min(*step, end - first), {}, {}, {}};
        chunk.runs = runs(first, first + chunk.tiles);
        BitString w;
        BitString p;
        for (int tile = first; tile < first + chunk.tiles; ++tile) {
          weights(w, tile);
          params(p, tile);
        }
        chunk.weights = place(isa::Ring::kW, w);
        chunk.params = place(packed.params, p);
        packed.chunks.push_back(chunk);
      }
      first = end;
    }
    packed.tiles = first;
    return true;
  }

  bool fail(std::string message) {
    message_ = std::move(message);
    return false;
  }

  /// Thresholds or records of a tile; `threshold(output)` and `record(output)` give a column's.
  template <typename Threshold, typename Record>
  void tile_params(BitString& bits, bool bit_form, const Mapping& map, int tile,
                   Threshold threshold, Record record) const {
    std::vector<int> thresholds(index(plan_.cols), 0);
    std::vector<LaneRecord> records(index(plan_.cols));
    for (int c = 0; c < plan_.cols; ++c) {
      const int output = map.output(plan_, tile, c);
      if (output < 0) continue;
      if (bit_form) {
        thresholds[index(c)] = threshold(output);
      } else {
        records[index(c)] = record(output);
      }
    }
    bit_form ? append_thresholds(bits, plan_, thresholds) : append_records(bits, plan_, records);
  }

  /// Outputs `from` .. `from + granule` tiles of one destination word lie in one group, inputs of
  /// one operand word in one block: what is skipped is whole words of whole instructions.
  bool check_cut(const MatrixSpec& spec) {
    const bmt::Pruning& cut = spec.linear.mask.cut;
    for (int word = 0; word < spec.map.words(plan_); ++word) {
      const auto [first, count] = spec.map.word_inputs(plan_, word);
      if (first / cut.block == (first + count - 1) / cut.block) continue;
      return fail(fmt::format(
          "{}: inputs {} .. {} are one operand word (array.depth is {}), a block of {} ends among "
          "them: prune with blocks of whole operand words, or lower array.depth",
          spec.name, first, first + count - 1, plan_.depth, cut.block));
    }
    const int segment_tiles = plan_.col_tiles(spec.map.output_segment);
    for (int tile = 0; tile < spec.map.tiles(plan_); ++tile) {
      const int within = tile % segment_tiles;
      const int unit = tile - within + within / spec.granule * spec.granule;
      const int first = spec.map.output(plan_, unit, 0);
      const int start = spec.map.output(plan_, tile, 0);
      const int last =
          std::min(start + plan_.cols, (tile / segment_tiles + 1) * spec.map.output_segment) - 1;
      if (first / cut.group == last / cut.group) continue;
      return fail(fmt::format(
          "{}: outputs {} .. {} belong together (array.cols is {}, array.depth {}), a group of {} "
          "ends among them: prune with larger groups, a multiple of {}",
          spec.name, first, last, plan_.cols, plan_.depth, cut.group, spec.granule * plan_.cols));
    }
    return true;
  }

  /// What every tile keeps; sets `kw`.
  std::optional<std::vector<WordMask>> masks(PackedMatrix& packed, const MatrixSpec& spec) {
    std::vector<WordMask> list;
    for (int tile = 0; tile < spec.map.tiles(plan_); ++tile) {
      const auto mask = word_mask(kept_words(plan_, spec.map, spec.linear.mask, tile), spec.out);
      if (!mask) {
        fail(fmt::format(
            "{}: a mask tells {} operand words apart, at most {} with blocks of 4 words; a row has "
            "{} (array.depth is {}): prune with larger blocks or raise array.depth",
            spec.name, mask_bits(spec.out), mask_reach(spec.out), spec.map.words(plan_),
            plan_.depth));
        return std::nullopt;
      }
      packed.kw = std::max(packed.kw, mask->words);
      list.push_back(*mask);
    }
    return list;
  }

  /// What a sum over `kw` words is more than acc, in signed products twice the sum.
  std::int64_t linear_bias(const MatrixSpec& spec, int branch, int output, int kw) const {
    const std::int64_t inner = spec.linear.inner(output);
    const std::int64_t zeros = count_zeros(spec.linear, branch, output);
    const bool is_signed = spec.product == Product::kSigned;
    if (!plan_.and_lanes) return max_code() * (is_signed ? inner : zeros);
    const std::int64_t excess = and_excess(kw, plan_.depth, m_.act_bits, 1);
    return is_signed ? max_code() * (inner - 2 * zeros) + 2 * excess : excess;
  }

  bool linear(PackedMatrix& packed, const MatrixSpec& spec) {
    const bmt::Requant& rq = spec.linear.out;
    const bmt::BitMatrix& weight = spec.linear.weight;
    if (!spec.linear.mask.empty() && !check_cut(spec)) return false;
    packed.words = spec.map.words(plan_);
    packed.branches = weight.branches;
    packed.params = rq.is_bit() ? isa::Ring::kT : isa::Ring::kP;
    packed.tile_param_words = rq.is_bit() ? plan_.t_tile_words : plan_.p_tile_words;
    packed.shift = rq.shift;
    const auto masks_of_tiles = masks(packed, spec);
    if (!masks_of_tiles) return false;
    const auto record = [&](int output, int kw) {
      std::array<std::int64_t, 2> bias{};
      for (int br = 0; br < weight.branches; ++br)
        bias[index(br)] = linear_bias(spec, br, output, kw);
      return spec.product == Product::kSigned ? fold_signed(rq, output, bias)
                                              : fold_unsigned(rq, output, bias);
    };
    const auto threshold = [&](int output) {
      const int folded = fold_bit_threshold(rq.threshold[index(output)], spec.linear.inner(output));
      const std::int64_t zeros = plan_.and_lanes ? count_zeros(spec.linear, 0, output) : 0;
      return folded - static_cast<int>(zeros);
    };
    return chunks(
        packed, spec.name, spec.ranges,
        [&](int first, int end) {
          return cut_runs(first, end, plan_.col_tiles(spec.map.output_segment), *masks_of_tiles);
        },
        [&](BitString& bits, int tile) {
          append_tile(bits, plan_, spec.map, weight, tile,
                      kept_words(plan_, spec.map, spec.linear.mask, tile));
        },
        [&](BitString& bits, int tile) {
          const int kw = (*masks_of_tiles)[index(tile)].words;
          tile_params(bits, rq.is_bit(), spec.map, tile, threshold,
                      [&](int output) { return record(output, kw); });
        });
  }

  /// 8-bit weights; `record` folds a column.
  template <typename Record>
  bool code_matrix(PackedMatrix& packed, const std::string& name, const bmt::CodeMatrix& weight,
                   Record record) {
    const Mapping map = plain(weight.out, weight.in);
    packed.words = packed.kw = map.words(plan_);
    packed.planes = 8;
    packed.tile_param_words = plan_.p_tile_words;
    return chunks(
        packed, name, {{map.tiles(plan_), 1}},
        [&](int first, int end) {
          return std::vector<TileRun>{{first, end - first, {packed.words, 0, 0}}};
        },
        [&](BitString& bits, int tile) { append_tile(bits, plan_, map, weight, tile); },
        [&](BitString& bits, int tile) {
          tile_params(
              bits, false, map, tile, [](int) { return 0; }, record);
        });
  }

  /// Sum over planes of 2^j * zeros, which is the sum of 255 - code.
  static std::int64_t weighted_zeros(const bmt::CodeMatrix& weight, int output) {
    std::int64_t sum = 0;
    for (int i = 0; i < weight.in; ++i) sum += 255 - weight.code(output, i);
    return sum;
  }
  std::int64_t code_excess(int inputs) const {
    return and_excess(plan_.kwords(inputs), plan_.depth, 8, 8);
  }

  bool patch() {
    image_.embed_norm = norm(m_.embed_ln);
    if (m_.input != bmt::InputKind::kFeatures) return true;
    image_.patch.emplace();
    image_.patch->shift = m_.patch_out.shift;
    return code_matrix(*image_.patch, "embed.patch", m_.patch, [&](int output) {
      const std::int64_t bias =
          plan_.and_lanes ? code_excess(m_.patch.in) : 255 * weighted_zeros(m_.patch, output);
      return fold_unsigned(m_.patch_out, output, {bias, 0});
    });
  }

  /// Most operand words that a tile of a projection keeps.
  int most_kept_words(const bmt::Linear& l) const {
    const Mapping map{l.weight.out, m_.head_dim, l.weight.in, l.weight.in};
    int most = 0;
    for (int tile = 0; tile < map.tiles(plan_); ++tile) {
      const std::vector<bool> kept = kept_words(plan_, map, l.mask, tile);
      most = std::max(most, static_cast<int>(std::count(kept.begin(), kept.end(), true)));
    }
    return most;
  }

  /// Of the costliest tile of a projection.
  TileCost tile_cost(const bmt::Linear& l) const {
    const bool bit = l.out.is_bit();
    return {l.weight.branches * most_kept_words(l), bit ? plan_.t_tile_words : 0,
            bit ? 0 : plan_.p_tile_words};
  }

  /// Whether the longest sequence keeps the softmax unit busy for more than a fifth of the engine's
  /// steps. Otherwise short instructions cost more than they hide.
  bool softmax_counts(int heads, int ffn) const {
    constexpr int kAroundPasses = 20;
    const int tokens = std::min(config_.limits.tokens, m_.max_tokens);
    const int cycles = heads * (2 * ceil_div(tokens, plan_.lanes) + kAroundPasses);
    const int projections = 4 * heads * head_tiles() * plan_.kwords(m_.hidden);
    const int feed_forward = plan_.col_tiles(ffn) * plan_.kwords(m_.hidden) +
                             plan_.col_tiles(m_.hidden) * plan_.kwords(ffn);
    return 5 * cycles > m_.act_bits * m_.branches * (projections + feed_forward);
  }

  /// Softmax attention is done among projections, group of heads by group of heads, where all three
  /// projections of two groups fit the rings.
  bool interleaves(const bmt::Layer& l, int heads, int ffn) const {
    if (m_.attention != bmt::Attention::kSoftmax || !softmax_counts(heads, ffn)) return false;
    TileCost cost = tile_cost(l.q);
    cost.w = std::max({cost.w, tile_cost(l.k).w, tile_cost(l.v).w});
    for (int* words : {&cost.w, &cost.t, &cost.p}) *words *= 6;
    const TileRange group{kGroupHeads * head_tiles(), kGroupHeads * head_tiles()};
    return chunk_tiles(plan_, group, cost).has_value();
  }

  /// Groups of heads, or whole heads where they fit, parts of one head at word boundaries
  /// otherwise.
  std::vector<TileRange> head_ranges(const bmt::Linear& l, int heads, bool by_group) const {
    if (by_group) {
      std::vector<TileRange> groups;
      for (int first = 0; first < heads; first += kGroupHeads) {
        const int tiles = std::min(kGroupHeads, heads - first) * head_tiles();
        groups.push_back({tiles, tiles});
      }
      return groups;
    }
    const TileRange whole{heads * head_tiles(), head_tiles()};
    if (chunk_tiles(plan_, whole, tile_cost(l))) return {whole};
    return std::vector<TileRange>(index(heads), TileRange{head_tiles(), granule()});
  }

  static isa::Out codes_of(const bmt::Linear& l) {
    return l.out.is_bit() ? isa::Out::kBit : isa::Out::kCode;
  }

  bool projection(PackedMatrix& packed, const std::string& name, const bmt::Linear& l,
                  const PackedLayer& layer) {
    const Mapping map{l.weight.out, m_.head_dim, l.weight.in, l.weight.in};
    return linear(packed, {name, l, map, Product::kSigned,
                           head_ranges(l, layer.heads, layer.interleaved), granule(), codes_of(l)});
  }

  /// A product into rows of codes.
  bool code_linear(PackedMatrix& packed, const std::string& name, const bmt::Linear& l) {
    const Mapping map = plain(l.weight.out, l.weight.in);
    return linear(
        packed,
        {name, l, map, Product::kSigned, {{map.tiles(plan_), granule()}}, granule(), codes_of(l)});
  }

  /// A product into the residual; inputs of `segment` each start an operand word.
  bool residual_linear(PackedMatrix& packed, const std::string& name, const bmt::Linear& l,
                       Product product, int segment) {
    const Mapping map{l.weight.out, l.weight.out, l.weight.in, segment};
    return linear(packed, {name, l, map, product, {{map.tiles(plan_), 1}}, 1, isa::Out::kRes});
  }

  bool layers() {
    for (int i = 0; i < m_.layer_count(); ++i) {
      PackedLayer& packed = image_.layers.emplace_back();
      if (!layer(packed, m_.at(i), i)) return false;
    }
    return true;
  }

  bool layer(PackedLayer& packed, const bmt::Layer& l, int i) {
    const std::string at = fmt::format("layers.{}.", i);
    packed.heads = m_.heads(i);
    packed.ffn = m_.ffn(i);
    packed.softmax = l.softmax;
    packed.context_shift = l.context.shift;
    packed.score_shift = l.threshold.shift;
    packed.ln2_bits = m_.ln2_bits(i);
    packed.interleaved = interleaves(l, packed.heads, packed.ffn);
    if (!projection(packed.q, at + "q", l.q, packed) ||
        !projection(packed.k, at + "k", l.k, packed) ||
        !projection(packed.v, at + "v", l.v, packed) || !groups(packed, l, at) ||
        !residual_linear(packed.o, at + "o", l.o, Product::kSigned, m_.head_dim)) {
      return false;
    }
    packed.ln1 = norm(l.ln1);
    if (!code_linear(packed.f1, at + "f1", l.f1) ||
        !residual_linear(packed.f2, at + "f2", l.f2, Product::kUnsigned, l.f2.weight.in)) {
      return false;
    }
    packed.ln2 = norm(l.ln2);
    return true;
  }

  /// Words of the score and the context parameters of one head.
  int score_words() const { return m_.attention == bmt::Attention::kThreshold ? 1 : 0; }
  int context_words() const {
    return head_tiles() * (m_.act_bits == 1 ? plan_.t_tile_words : plan_.p_tile_words);
  }

  bool groups(PackedLayer& packed, const bmt::Layer& l, const std::string& at) {
    const bool bit = m_.act_bits == 1;
    const int words = score_words() + context_words();
    auto step = chunk_tiles(plan_, {packed.heads, 1}, {0, bit ? words : 0, bit ? 0 : words});
    if (!step) {
      return fail(
          fmt::format("{}attention: the parameters of a head are {} words, the {} ring has "
                      "{}: raise buffers.*_ring_words",
                      at, words, bit ? "threshold" : "parameter",
                      bit ? plan_.t_ring_words : plan_.p_ring_words));
    }
    if (packed.interleaved) step = kGroupHeads;
    for (int first = 0; first < packed.heads; first += *step) {
      packed.groups.push_back(group(l, first, std::min(*step, packed.heads - first)));
    }
    return true;
  }

  HeadGroup group(const bmt::Layer& l, int first, int heads) {
    HeadGroup g{first, heads, {}, {}, {}};
    BitString bits;
    const int word_bits = plan_.par_bits;
    const auto put = [&](std::vector<HeadParams>& list, auto append) {
      const auto from = static_cast<int>(bits.size() / word_bits);
      append();
      list.push_back({from, static_cast<int>(bits.size() / word_bits) - from});
    };
    // About the order in which the last row tile frees them (schedule: scores run ahead).
    const int ahead = plan_.prob_slots / 2;
    for (int h = 0; h < heads + ahead; ++h) {
      if (h < heads) put(g.score, [&] { score_params(bits, l, first + h); });
      if (h >= ahead) put(g.context, [&] { context_params(bits, l, first + h - ahead); });
    }
    g.params = place(m_.act_bits == 1 ? isa::Ring::kT : isa::Ring::kP, bits);
    return g;
  }

  void score_params(BitString& bits, const bmt::Layer& l, int head) const {
    if (m_.attention != bmt::Attention::kThreshold) return;
    if (l.threshold.is_bit()) {
      append_thresholds(bits, plan_,
                        {fold_bit_threshold(l.threshold.threshold[index(head)], m_.head_dim)});
      return;
    }
    append_records(bits, plan_,
                   {fold_signed(l.threshold, head, {m_.head_dim * squared_max(m_.act_bits), 0})});
  }

  void context_params(BitString& bits, const bmt::Layer& l, int head) const {
    const int width = static_cast<int>(l.context.size());
    const Mapping map{width, m_.head_dim, 1, 1};
    for (int vt = 0; vt < head_tiles(); ++vt) {
      tile_params(
          bits, l.context.is_bit(), map, head * head_tiles() + vt,
          [&](int output) { return static_cast<int>(l.context.threshold[index(output)]); },
          [&](int output) {
            return fold_unsigned(l.context, output, {0, 0});
          });
    }
  }

  bool head() {
    if (m_.pooler) {
      image_.pooler.emplace();
      if (!code_linear(*image_.pooler, "pooler", *m_.pooler)) return false;
    }
    return code_matrix(image_.classifier, "classifier", m_.classifier, [&](int output) {
      std::int64_t bias = std::int64_t{m_.hidden} * squared_max(8);
      if (plan_.and_lanes) {
        bias += 2 * code_excess(m_.hidden) - 2 * 255 * weighted_zeros(m_.classifier, output);
      }
      return LaneRecord{{2, 0}, m_.classifier_offset[index(output)] - bias};
    });
  }

  const Config& config_;
  const Plan& plan_;
  const bmt::Model& m_;
  ModelImage image_;
  std::array<std::uint32_t, 4> ring_words_{};  ///< by ring
  std::string message_;
};

}  // namespace

int memory_alignment(const Plan& plan) { return std::max(64, plan.axi_bytes); }

Result<ModelImage> build_image(const Config& config, const Plan& plan, const bmt::Model& model) {
  return ImageBuilder(config, plan, model).run();
}

}  // namespace bat
