// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "models/bmt/model.hpp"

namespace bat::config {
namespace {

constexpr int kMaxRingWords = 32768;   // ring counters are 16 bits and must tell full from empty
constexpr int kMaxOffsetWords = 4096;  // reach of the field QmmTOff
constexpr int kMaxNormWords = 16384;   // reach of the field LnLOff

Key text(std::string_view name, std::string& (*member)(Config&), std::string_view meaning) {
  return {"", name, member, 0, 0, false, meaning};
}

Key flag(std::string_view section, std::string_view name, bool& (*member)(Config&),
         std::string_view meaning) {
  return {section, name, member, 0, 0, false, meaning};
}

Key number(std::string_view section, std::string_view name, int& (*member)(Config&), int min,
           int max, std::string_view meaning) {
  return {section, name, member, min, max, false, meaning};
}

Key power(std::string_view section, std::string_view name, int& (*member)(Config&), int min,
          int max, std::string_view meaning) {
  return {section, name, member, min, max, true, meaning};
}

const auto& table() {
  static const std::array kKeys{
      text(
          "name", [](Config& c) -> std::string& { return c.name; },
          "name of the configuration, for people and file names"),
      text(
          "model", [](Config& c) -> std::string& { return c.model; },
          "model taken when none is named"),
      power(
          "array", "rows", [](Config& c) -> int& { return c.array.rows; }, 1, 64,
          "TR, token rows of a tile"),
      power(
          "array", "cols", [](Config& c) -> int& { return c.array.cols; }, 2, 64,
          "TC, output columns of a tile; at least rows"),
      power(
          "array", "depth", [](Config& c) -> int& { return c.array.depth; }, 8, 128,
          "TK, bits of a dot product per cycle; at least cols, at most 64 * rows"),
      power(
          "array", "lanes", [](Config& c) -> int& { return c.array.lanes; }, 1, 8,
          "columns per cycle and row in drain, LayerNorm and softmax; at most cols"),
      number(
          "array", "pop_stages", [](Config& c) -> int& { return c.array.pop_stages; }, 0, 2,
          "pipeline registers in the popcount"),
      Key{"array", "popcount", [](Config& c) -> Popcount& { return c.array.popcount; }, 0, 0, false,
          "structure of the popcount: block14, chain, lut6 for 6-input tables, fa_tree for "
          "standard cells, flat for any"},
      number(
          "array", "dsp_rows", [](Config& c) -> int& { return c.array.dsp_rows; }, 0, 64,
          "highest rows whose accumulators are pairs in DSP blocks (xcup); at most rows"),
      Key{"array", "and_lanes", [](Config& c) -> bool& { return c.array.and_lanes; }, 0, 0, false,
          "lanes AND instead of XNOR (standard cells); popcount flat or fa_tree, dsp_rows 0", true},
      power(
          "features", "act_bits", [](Config& c) -> int& { return c.features.act_bits; }, 1, 8,
          "MaxBits, encoder activation bits built in"),
      number(
          "features", "branches", [](Config& c) -> int& { return c.features.branches; }, 1, 2,
          "BR, weight branches built in"),
      flag(
          "features", "softmax", [](Config& c) -> bool& { return c.features.softmax; },
          "softmax attention built in"),
      flag(
          "features", "threshold", [](Config& c) -> bool& { return c.features.threshold; },
          "threshold attention built in"),
      flag(
          "features", "tokens", [](Config& c) -> bool& { return c.features.tokens; },
          "token input built in"),
      flag(
          "features", "feature_rows", [](Config& c) -> bool& { return c.features.feature_rows; },
          "feature input (patches, rows) built in"),
      flag(
          "features", "pruning", [](Config& c) -> bool& { return c.features.pruning; },
          "masks that skip pruned weight blocks built in"),
      number(
          "limits", "tokens", [](Config& c) -> int& { return c.limits.tokens; }, 1, bmt::kMaxTokens,
          "longest sequence"),
      number(
          "limits", "hidden", [](Config& c) -> int& { return c.limits.hidden; }, 1, bmt::kMaxHidden,
          "largest hidden size"),
      number(
          "limits", "heads", [](Config& c) -> int& { return c.limits.heads; }, 1, bmt::kMaxHeads,
          "most heads of a layer; heads * head_dim at most 16383"),
      number(
          "limits", "head_dim", [](Config& c) -> int& { return c.limits.head_dim; }, 1,
          bmt::kMaxHeadDim, "largest head size"),
      number(
          "limits", "ffn", [](Config& c) -> int& { return c.limits.ffn; }, 1, bmt::kMaxFfn,
          "largest feed-forward size"),
      number(
          "limits", "classes", [](Config& c) -> int& { return c.limits.classes; }, 1,
          bmt::kMaxClasses, "most classes"),
      number(
          "limits", "features", [](Config& c) -> int& { return c.limits.features; }, 1,
          bmt::kMaxFeatures, "most features a row"),
      number(
          "limits", "positions", [](Config& c) -> int& { return c.limits.positions; }, 1,
          bmt::kMaxTokens, "most rows of the position table, per segment; at least tokens"),
      number(
          "limits", "sentences", [](Config& c) -> int& { return c.limits.sentences; }, 1, 16,
          "most sentences of one program; they share its weights, and tokens in all"),
      power(
          "memory", "axi_data_bits", [](Config& c) -> int& { return c.memory.axi_data_bits; }, 32,
          1024, "width of the memory port"),
      number(
          "memory", "axi_addr_bits", [](Config& c) -> int& { return c.memory.axi_addr_bits; }, 32,
          64, "address width of the memory port"),
      power(
          "memory", "max_burst", [](Config& c) -> int& { return c.memory.max_burst; }, 1, 256,
          "longest burst in beats; a burst is at most 4096 bytes"),
      number(
          "memory", "outstanding", [](Config& c) -> int& { return c.memory.outstanding; }, 1, 64,
          "read bursts in flight"),
      Key{"memory", "weight_protection",
          [](Config& c) -> bmt::Protection& { return c.memory.weight_protection; }, 0, 0, false,
          "of the weight ring: parity finds words with an odd number of flipped bits, majority "
          "corrects by three copies"},
      power(
          "buffers", "weight_ring_words",
          [](Config& c) -> int& { return c.buffers.weight_ring_words; }, 0, kMaxRingWords,
          "weight ring depth; 0 lets the plan choose"),
      power(
          "buffers", "threshold_ring_words",
          [](Config& c) -> int& { return c.buffers.threshold_ring_words; }, 0, kMaxOffsetWords,
          "threshold ring depth; 0 lets the plan choose"),
      power(
          "buffers", "parameter_ring_words",
          [](Config& c) -> int& { return c.buffers.parameter_ring_words; }, 0, kMaxOffsetWords,
          "scale and offset ring depth; 0 lets the plan choose"),
      power(
          "buffers", "layernorm_ring_words",
          [](Config& c) -> int& { return c.buffers.layernorm_ring_words; }, 0, kMaxNormWords,
          "LayerNorm ring depth; 0 lets the plan choose"),
      number(
          "buffers", "resident_layers", [](Config& c) -> int& { return c.buffers.resident_layers; },
          0, 64,
          "layers of a model whose thresholds, scales and LayerNorm records stay on chip between "
          "programs; 0: they stream through rings"),
      power(
          "buffers", "queue_depth", [](Config& c) -> int& { return c.buffers.queue_depth; }, 2, 64,
          "instructions that a unit's queue holds"),
      power(
          "buffers", "job_queue_depth", [](Config& c) -> int& { return c.buffers.job_queue_depth; },
          1, 16, "jobs that wait in the accelerator"),
  };
  return kKeys;
}

int nearest_power(int value) {
  const auto v = static_cast<unsigned>(value);
  const int low = static_cast<int>(std::bit_floor(v));
  const int high = static_cast<int>(std::bit_ceil(v));
  return value - low <= high - value ? low : high;
}

bool legal(const Key& key, int value) {
  if (value < key.min || value > key.max) return false;
  return !key.power_of_two || value == 0 || std::has_single_bit(static_cast<unsigned>(value));
}

int nearest_legal(const Key& key, int value) {
  const int clamped = std::clamp(value, key.min, key.max);
  return key.power_of_two && clamped > 0 ? std::clamp(nearest_power(clamped), key.min, key.max)
                                         : clamped;
}

std::optional<Violation> single_values(const Config& config) {
  Config copy = config;  // members are reached through non-const accessors
  for (const Key& key : keys()) {
    const auto* member = std::get_if<int& (*)(Config&)>(&key.member);
    if (member == nullptr) continue;
    const int value = (*member)(copy);
    if (legal(key, value)) continue;
    return Violation{key.path(), fmt::format("is {}, must be {}", value, range_text(key)),
                     std::to_string(nearest_legal(key, value))};
  }
  return std::nullopt;
}

struct Rule {
  bool broken;
  std::string_view key;
  std::string text;
  std::string nearest;
};

std::optional<Violation> combinations(const Config& c) {
  const int width = c.limits.heads * c.limits.head_dim;
  const int ring_words = c.buffers.threshold_ring_words + c.buffers.parameter_ring_words +
                         c.buffers.layernorm_ring_words;
  const int burst_bytes = c.memory.max_burst * c.memory.axi_data_bits / 8;
  const std::array rules{
      Rule{c.array.cols < c.array.rows, "array.cols",
           fmt::format("is {}, must be at least array.rows ({})", c.array.cols, c.array.rows),
           std::to_string(c.array.rows)},
      Rule{c.array.depth < c.array.cols, "array.depth",
           fmt::format("is {}, must be at least array.cols ({})", c.array.depth, c.array.cols),
           std::to_string(c.array.cols)},
      Rule{c.array.depth > 64 * c.array.rows, "array.depth",
           fmt::format("is {}, must be at most 64 * array.rows ({}), the token groups of a word",
                       c.array.depth, 64 * c.array.rows),
           std::to_string(64 * c.array.rows)},
      Rule{c.array.dsp_rows > c.array.rows, "array.dsp_rows",
           fmt::format("is {}, must be at most array.rows ({})", c.array.dsp_rows, c.array.rows),
           std::to_string(c.array.rows)},
      Rule{c.array.and_lanes && c.array.popcount != Popcount::kFlat &&
               c.array.popcount != Popcount::kFaTree,
           "array.popcount",
           fmt::format("is \"{}\", array.and_lanes takes \"flat\" or \"fa_tree\"",
                       to_string(c.array.popcount)),
           "\"fa_tree\""},
      Rule{c.array.and_lanes && c.array.dsp_rows > 0, "array.dsp_rows",
           fmt::format("is {}, must be 0 with array.and_lanes", c.array.dsp_rows), "0"},
      Rule{c.array.lanes > c.array.cols, "array.lanes",
           fmt::format("is {}, must be at most array.cols ({})", c.array.lanes, c.array.cols),
           std::to_string(c.array.cols)},
      Rule{!c.features.softmax && !c.features.threshold, "features.softmax",
           "is false, but features.threshold is false too: one attention must be built in", "true"},
      Rule{!c.features.tokens && !c.features.feature_rows, "features.tokens",
           "is false, but features.feature_rows is false too: one input must be built in", "true"},
      Rule{width > bmt::kMaxBinaryLength, "limits.heads",
           fmt::format("is {}, heads * head_dim must be at most {}", c.limits.heads,
                       bmt::kMaxBinaryLength),
           std::to_string(bmt::kMaxBinaryLength / c.limits.head_dim)},
      Rule{c.limits.positions < c.limits.tokens, "limits.positions",
           fmt::format("is {}, must be at least limits.tokens ({})", c.limits.positions,
                       c.limits.tokens),
           std::to_string(c.limits.tokens)},
      Rule{c.buffers.resident_layers > 0 && ring_words > 0, "buffers.resident_layers",
           fmt::format("is {}, then threshold, parameter and layernorm_ring_words must be 0",
                       c.buffers.resident_layers),
           "0"},
      Rule{burst_bytes > 4096, "memory.max_burst",
           fmt::format("is {}, a burst of {} bytes is longer than 4096", c.memory.max_burst,
                       burst_bytes),
           std::to_string(4096 * 8 / c.memory.axi_data_bits)},
  };
  for (const Rule& rule : rules) {
    if (rule.broken) return Violation{std::string(rule.key), rule.text, rule.nearest};
  }
  return std::nullopt;
}

struct ValueText {
  Config& config;
  std::string operator()(int& (*member)(Config&)) const { return std::to_string(member(config)); }
  std::string operator()(bool& (*member)(Config&)) const {
    return member(config) ? "true" : "false";
  }
  std::string operator()(Popcount& (*member)(Config&)) const {
    return fmt::format("\"{}\"", to_string(member(config)));
  }
  std::string operator()(bmt::Protection& (*member)(Config&)) const {
    return fmt::format("\"{}\"", to_string(member(config)));
  }
  std::string operator()(std::string& (*member)(Config&)) const {
    return fmt::format("\"{}\"", member(config));
  }
};

struct RangeText {
  const Key& key;
  std::string operator()(int& (*)(Config&)) const {
    return fmt::format(
        "{}{} .. {}",
        key.power_of_two ? (key.min == 0 ? "0 or power of two, " : "power of two, ") : "integer, ",
        key.power_of_two && key.min == 0 ? 1 : key.min, key.max);
  }
  std::string operator()(bool& (*)(Config&)) const { return "true or false"; }
  std::string operator()(Popcount& (*)(Config&)) const {
    return fmt::format("one of \"{}\"", fmt::join(kPopcountNames, "\", \""));
  }
  std::string operator()(bmt::Protection& (*)(Config&)) const {
    return fmt::format("one of \"{}\"", fmt::join(bmt::kProtectionNames, "\", \""));
  }
  std::string operator()(std::string& (*)(Config&)) const {
    return "letters, digits, '.', '_' and '-'";
  }
};

}  // namespace

std::string Key::path() const {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

std::span<const Key> keys() { return table(); }

std::optional<Violation> find_violation(const Config& config) {
  if (auto violation = single_values(config)) return violation;
  return combinations(config);
}

std::string value_text(const Key& key, const Config& config) {
  Config copy = config;
  return std::visit(ValueText{copy}, key.member);
}

std::string range_text(const Key& key) { return std::visit(RangeText{key}, key.member); }

}  // namespace bat::config
