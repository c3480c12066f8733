// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "rtl_gen/plan/chunk.hpp"

namespace bat {
namespace {

constexpr int kFixedPlanes = 8;  // patch embedding and classifier
constexpr int kScoreSlots = 4;
constexpr int kEmbedBurst = 4;  // enough to cover a memory's latency with a few bursts in flight
constexpr int kMaxWeightRing = 32768;
constexpr int kMaxOffsetRing = 4096;
constexpr int kMaxOffset = 32767;         // reach of the field QmmTOff
constexpr int kMaxLayerNormRing = 16384;  // reach of the field LnLOff

int power_of_two(int value) {
  return std::max(2, static_cast<int>(std::bit_ceil(static_cast<unsigned>(value))));
}

int unsigned_bits(std::int64_t value) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))));
}

int log2_ceil(int value) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(value - 1)));
}

/// A matrix of the largest model that the limits allow.
struct LargestMatrix {
  std::string_view name;
  TileRange range;
  TileCost cost;
};

class Planner {
 public:
  explicit Planner(const Config& config) : c_(config), l_(config.limits) {}

  Result<Plan> run() {
    if (Status status = validate(c_); !status) return status.error();
    array();
    numbers();
    row_slices();
    column_slices();
    parameter_shapes();
    rings();
    port();
    addresses();
    if (Status status = check_dsp_rows(c_, p_); !status) return status.error();
    if (Status status = check_fields(); !status) return status.error();
    if (Status status = check_rings(); !status) return status.error();
    return p_;
  }

 private:
  int kw(int bits) const { return p_.kwords(bits); }
  int max_code() const { return (1 << p_.max_bits) - 1; }
  int width_words() const { return l_.heads * kw(l_.head_dim); }
  int head_tiles() const { return p_.col_tiles(l_.head_dim); }
  bool wide_linear() const { return p_.max_bits > 1 || p_.branches > 1; }

  void array() {
    p_.rows = c_.array.rows;
    p_.cols = c_.array.cols;
    p_.depth = c_.array.depth;
    p_.lanes = c_.array.lanes;
    p_.branches = c_.features.branches;
    p_.and_lanes = c_.array.and_lanes;
    p_.max_bits = c_.features.act_bits;
    p_.max_planes = kFixedPlanes;
  }

  void numbers() {
    const std::int64_t m = max_code();
    const int width = l_.heads * l_.head_dim;
    std::int64_t a = std::max<std::int64_t>({l_.hidden, width, l_.ffn}) * m;
    a = std::max({a, l_.head_dim * m * m, l_.tokens * m * m,
                  // The pooler has act_bits inputs and one-bit weights: covered by hidden * m.
                  c_.features.feature_rows ? std::int64_t{l_.features} * 255 * 255 : 0});
    if (p_.and_lanes) {
      const int longest = std::max({l_.hidden, l_.heads * kw(l_.head_dim) * p_.depth, l_.ffn});
      a = std::max(a, std::max<std::int64_t>({l_.hidden, width, l_.ffn}) * m +
                          and_excess(kw(longest), p_.depth, p_.max_bits, 1));
      if (c_.features.feature_rows) {
        a = std::max(a, std::int64_t{l_.features} * 255 * 255 +
                            and_excess(kw(l_.features), p_.depth, kFixedPlanes, kFixedPlanes));
      }
    }
    p_.row_acc_bits = signed_bits(a);
    // The classifier works on the rows of class tokens alone, which row slice 0 holds.
    const std::int64_t excess =
        p_.and_lanes ? and_excess(kw(l_.hidden), p_.depth, kFixedPlanes, kFixedPlanes) : 0;
    p_.max_a = std::max(a, std::int64_t{l_.hidden} * 255 * 255 + excess);
    p_.acc_bits = signed_bits(p_.max_a);
    p_.score_bits = unsigned_bits(l_.head_dim * m * m);
    p_.zero_bits = unsigned_bits((p_.and_lanes ? l_.head_dim : l_.tokens) * m);
    p_.sum_bits = 16 + log2_ceil(l_.hidden);
    p_.square_bits = 31 + log2_ceil(l_.hidden);
    p_.root_pace = std::clamp(32 / p_.rows, 1, 16);
    p_.root_cycles = 38 + (p_.rows - 1) * p_.root_pace + (p_.root_pace > 1 ? p_.root_pace : 0);
  }

  static int signed_bits(std::int64_t largest) {
    return 1 + unsigned_bits(std::max<std::int64_t>(largest, 65535));
  }

  void row_slices() {
    const int b = p_.max_bits;
    p_.row_tiles = p_.row_tiles_for(l_.tokens);
    p_.act_region = std::max(p_.row_tiles * b * std::max(width_words(), kw(l_.ffn)),
                             l_.sentences * kFixedPlanes * kw(l_.hidden));
    p_.prob_words = b * kw(l_.tokens);
    p_.prob_slots = 8;
    p_.act_words = p_.act_region + p_.prob_slots * p_.prob_words;
    p_.xb_codes = std::max(p_.row_tiles * b, kFixedPlanes) * kw(l_.hidden);
    p_.xb_features = c_.features.feature_rows ? p_.row_tiles * kFixedPlanes * kw(l_.features) : 0;
    p_.xb_words = p_.xb_codes + p_.xb_features;
    p_.res_row_words = ceil_div(l_.hidden, p_.lanes);
    p_.stat_bank_words = ceil_div(p_.row_tiles, 2);
    p_.res_bank_words = p_.stat_bank_words * p_.res_row_words;
    p_.score_slots = kScoreSlots;
    p_.score_words = c_.features.softmax ? p_.col_tiles(l_.tokens) * p_.cols / p_.lanes : 1;
  }

  void column_slices() {
    const int b = p_.max_bits;
    p_.k_words = l_.heads * p_.col_tiles(l_.tokens) * b * kw(l_.head_dim);
    p_.v_words = l_.heads * head_tiles() * b * kw(l_.tokens);
    p_.z_words =
        p_.and_lanes ? l_.heads * p_.col_tiles(l_.tokens) : l_.sentences * l_.heads * head_tiles();
  }

  void parameter_shapes() {
    p_.par_bits = p_.lanes * 64 * p_.branches;
    p_.l_bits = p_.lanes * 64;
    p_.t_tile_words = std::max(1, p_.cols * 16 / p_.par_bits);
    p_.p_tile_words = p_.cols / p_.lanes;
    p_.w_write_bits = std::clamp(c_.memory.axi_data_bits, p_.depth, p_.cols * p_.depth);
  }

  /// Every kind of matrix at the limits, with the parameters of its costliest form.
  std::vector<LargestMatrix> matrices() const {
    const int granule = p_.depth / p_.cols;
    const int br = p_.branches;
    const int t = p_.t_tile_words;
    const int p = p_.p_tile_words;
    const int linear_p = wide_linear() ? p : 0;
    const int hidden_tiles = p_.col_tiles(l_.hidden);
    const TileCost from_hidden{br * kw(l_.hidden), t, linear_p};
    std::vector<LargestMatrix> list{
        {"limits.hidden", {l_.heads * head_tiles(), std::min(granule, head_tiles())}, from_hidden},
        {"limits.hidden", {p_.col_tiles(l_.ffn), granule}, from_hidden},
        {"limits.heads", {hidden_tiles, 1}, {br * width_words(), 0, p}},
        {"limits.ffn", {hidden_tiles, 1}, {br * kw(l_.ffn), 0, p}},
        {"limits.hidden", {hidden_tiles, granule}, {br * kw(l_.hidden), 0, p}},
        {"limits.hidden", {p_.col_tiles(l_.classes), 1}, {kFixedPlanes * kw(l_.hidden), 0, p}},
    };
    if (c_.features.feature_rows) {
      list.push_back(
          {"limits.features", {hidden_tiles, 1}, {kFixedPlanes * kw(l_.features), 0, p}});
    }
    return list;
  }

  /// Parameters of all heads of a layer; one head at least must fit.
  TileCost head_cost() const {
    const int wide = p_.max_bits > 1 ? 1 + head_tiles() * p_.p_tile_words : 0;
    return {0, 1 + head_tiles() * p_.t_tile_words, wide};
  }

  int layer_words() const {
    const int hidden_tiles = p_.col_tiles(l_.hidden);
    return p_.branches *
           (3 * l_.heads * head_tiles() * kw(l_.hidden) + hidden_tiles * width_words() +
            p_.col_tiles(l_.ffn) * kw(l_.hidden) + hidden_tiles * kw(l_.ffn));
  }

  void rings() {
    plan_weight_ring();
    p_.resident = c_.buffers.resident_layers > 0;
    if (p_.resident) return plan_resident_parameters();
    plan_parameter_rings();
    const int l = power_of_two(2 * p_.res_row_words);
    p_.l_ring_words = chosen(c_.buffers.layernorm_ring_words, std::min(l, kMaxLayerNormRing));
  }

  static int chosen(int configured, int planned) { return configured > 0 ? configured : planned; }

  void plan_weight_ring() {
    int words = ceil_div(layer_words(), 4);
    for (const LargestMatrix& m : matrices()) {
      words = std::max(words, 2 * std::min(m.range.granule, m.range.tiles) * m.cost.w);
    }
    p_.w_ring_words =
        chosen(c_.buffers.weight_ring_words, std::min(power_of_two(words), kMaxWeightRing));
  }

  void plan_parameter_rings() {
    const TileCost head = head_cost();
    int t = l_.heads * head.t;
    int p = l_.heads * head.p;
    for (const LargestMatrix& m : matrices()) {
      // Chunks as the weight ring alone would cut them.
      const int tiles = chunk_tiles(p_, m.range, {m.cost.w, 0, 0}).value_or(m.range.granule);
      t = std::max(t, tiles * m.cost.t);
      p = std::max(p, tiles * m.cost.p);
    }
    p_.t_ring_words =
        chosen(c_.buffers.threshold_ring_words, std::min(power_of_two(2 * t), kMaxOffsetRing));
    p_.p_ring_words =
        chosen(c_.buffers.parameter_ring_words, std::min(power_of_two(2 * p), kMaxOffsetRing));
  }

  /// Words of T, P and L of the largest model with so many layers.
  void plan_resident_parameters() {
    const int layers = c_.buffers.resident_layers;
    const int hidden_tiles = p_.col_tiles(l_.hidden);
    const int code_tiles = 3 * l_.heads * head_tiles() + p_.col_tiles(l_.ffn);
    const TileCost head = head_cost();
    const int p_layer = (2 * hidden_tiles + (wide_linear() ? code_tiles : 0)) * p_.p_tile_words;
    const int inputs = c_.features.feature_rows ? hidden_tiles : 0;
    p_.t_ring_words = layers * (code_tiles * p_.t_tile_words + l_.heads * head.t);
    p_.p_ring_words = layers * (p_layer + l_.heads * head.p) +
                      (inputs + hidden_tiles + p_.col_tiles(l_.classes)) * p_.p_tile_words;
    p_.l_ring_words = (2 * layers + 1) * p_.res_row_words;
  }

  void port() {
    p_.sentences = l_.sentences;
    p_.logit_words = l_.sentences * p_.col_tiles(l_.classes) * p_.cols;
    p_.axi_bits = c_.memory.axi_data_bits;
    p_.axi_bytes = p_.axi_bits / 8;
    p_.axi_addr_bits = c_.memory.axi_addr_bits;
    p_.max_burst = c_.memory.max_burst;
    p_.outstanding = c_.memory.outstanding;
    const int row_beats = ceil_div(c_.limits.hidden * 8, p_.axi_bits);
    p_.embed_burst = std::min({kEmbedBurst, p_.max_burst, 1 << address_bits(row_beats)});
    p_.queue_depth = c_.buffers.queue_depth;
    p_.job_queue_depth = c_.buffers.job_queue_depth;
  }

  void addresses() {
    p_.act_addr_bits = address_bits(p_.act_words);
    p_.xb_addr_bits = address_bits(p_.xb_words);
    p_.res_addr_bits = address_bits(p_.res_bank_words);
    p_.stat_addr_bits = address_bits(p_.stat_bank_words);
    p_.score_addr_bits = address_bits(p_.score_words);
    p_.k_addr_bits = address_bits(p_.k_words);
    p_.v_addr_bits = address_bits(p_.v_words);
    p_.z_addr_bits = address_bits(p_.z_words);
    p_.w_addr_bits = address_bits(p_.w_ring_words);
    p_.t_addr_bits = address_bits(p_.t_ring_words);
    p_.p_addr_bits = address_bits(p_.p_ring_words);
    p_.l_addr_bits = address_bits(p_.l_ring_words);
    p_.logit_addr_bits = address_bits(p_.logit_words);
  }

  struct FieldLimit {
    std::string_view key;  ///< to lower
    std::string_view what;
    int value;
    int limit;
    int configured;  ///< value of the key
  };

  /// Instruction fields bound what the limits may multiply to.
  Status check_fields() const {
    const int k = p_.max_bits;
    const std::array limits{
        FieldLimit{"limits.hidden", "words of a hidden row", kw(l_.hidden), 1023, l_.hidden},
        FieldLimit{"limits.ffn", "words of a feed-forward row", kw(l_.ffn), 1023, l_.ffn},
        FieldLimit{"limits.heads", "words of an attention row", width_words(), 1023, l_.heads},
        FieldLimit{"limits.tokens", "words of a probability row", kw(l_.tokens), 1023, l_.tokens},
        FieldLimit{"limits.tokens", "row tiles", p_.row_tiles, 1023, l_.tokens},
        FieldLimit{"limits.tokens", "key tiles", p_.col_tiles(l_.tokens), 1023, l_.tokens},
        FieldLimit{p_.and_lanes ? "limits.tokens" : "limits.heads",
                   p_.and_lanes ? "key tiles of a layer" : "value tiles of a layer", p_.z_words,
                   1024, p_.and_lanes ? l_.tokens : l_.heads},
        FieldLimit{"limits.sentences", "logits", p_.logit_words, 2048, l_.sentences},
        FieldLimit{"limits.tokens", "words of ACT", p_.act_words, 65536, l_.tokens},
        FieldLimit{"limits.tokens", "words of XB", p_.xb_words, 65536, l_.tokens},
        FieldLimit{"limits.tokens", "words of a residual bank", p_.res_bank_words, 65536,
                   l_.tokens},
        FieldLimit{"limits.tokens", "words of a score slot", p_.score_words, 8192, l_.tokens},
        FieldLimit{"limits.tokens", "words of K", p_.k_words, 65536, l_.tokens},
        FieldLimit{"limits.tokens", "words of V", p_.v_words, 65536, l_.tokens},
        FieldLimit{"buffers.resident_layers", "threshold words", p_.resident ? p_.t_ring_words : 0,
                   kMaxOffset, c_.buffers.resident_layers},
        FieldLimit{"buffers.resident_layers", "parameter words", p_.resident ? p_.p_ring_words : 0,
                   kMaxOffset, c_.buffers.resident_layers},
        FieldLimit{"buffers.resident_layers", "LayerNorm words", p_.resident ? p_.l_ring_words : 0,
                   kMaxLayerNormRing, c_.buffers.resident_layers},
        FieldLimit{"limits.tokens", "words between heads of K",
                   p_.col_tiles(l_.tokens) * k * kw(l_.head_dim), 65535, l_.tokens},
    };
    for (const FieldLimit& f : limits) {
      if (f.value <= f.limit) continue;
      const int nearest = std::max(
          1, static_cast<int>(static_cast<std::int64_t>(f.configured) * f.limit / f.value));
      return Error{
          fmt::format("{}: gives {} {}, instructions address {}; nearest legal value is "
                      "about {}",
                      f.key, f.value, f.what, f.limit, nearest)};
    }
    return Ok{};
  }

  Status check_rings() const {
    int w = 0;
    int t = head_cost().t;
    int p = head_cost().p;
    for (const LargestMatrix& m : matrices()) {
      const int tiles = std::min(m.range.granule, m.range.tiles);
      w = std::max(w, tiles * m.cost.w);
      t = std::max(t, tiles * m.cost.t);
      p = std::max(p, tiles * m.cost.p);
    }
    struct Ring {
      std::string_view key;
      int words;
      int need;
    };
    const std::array rings{Ring{"buffers.weight_ring_words", p_.w_ring_words, w},
                           Ring{"buffers.threshold_ring_words", p_.t_ring_words, t},
                           Ring{"buffers.parameter_ring_words", p_.p_ring_words, p},
                           Ring{"buffers.layernorm_ring_words", p_.l_ring_words, p_.res_row_words}};
    constexpr int kLeastWords = 2;  // a ring address is the low bits of a count, at least one bit
    for (const Ring& ring : rings) {
      const int need = std::max(ring.need, kLeastWords);
      if (need <= ring.words) continue;
      return Error{
          fmt::format("{}: the ring has {} words, the limits need {}; nearest legal "
                      "value is {}",
                      ring.key, ring.words, need, power_of_two(need))};
    }
    return Ok{};
  }

  const Config& c_;
  const Config::Limits& l_;
  Plan p_;
};

}  // namespace

std::int64_t and_excess(int kw, int depth, int pa, int pb) {
  const auto reach = [](int planes) { return planes == 1 ? 1 : std::int64_t{1} << planes; };
  const std::int64_t weight =
      ((std::int64_t{1} << pa) - 1) * ((std::int64_t{1} << pb) - 1);  // of all plane pairs
  return 2 * std::int64_t{depth} * kw * (reach(pa) * reach(pb) - weight) +
         (std::int64_t{1} << (pa + pb - 2)) - 1;
}

Result<Plan> plan(const Config& config) { return Planner(config).run(); }

Status check_dsp_rows(const Config& config, const Plan& plan) {
  constexpr int kHalfBlock = 24;
  const int rows = config.array.dsp_rows;
  if (rows > plan.rows) {
    return Error{
        fmt::format("array.dsp_rows: is {}, must be at most array.rows ({})", rows, plan.rows)};
  }
  const int bits = rows == plan.rows ? plan.acc_bits : plan.row_acc_bits;
  if (rows == 0 || bits <= kHalfBlock) return Ok{};
  return Error{fmt::format(
      "array.dsp_rows: is {}, but accumulators of these rows have {} bits and half a DSP block "
      "has {}; nearest legal value is {}",
      rows, bits, kHalfBlock, plan.row_acc_bits <= kHalfBlock ? plan.rows - 1 : 0)};
}

}  // namespace bat
