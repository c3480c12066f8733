// SPDX-License-Identifier: Apache-2.0
#include "synth/area_shape.hpp"

#include <algorithm>
#include <bit>

namespace bat::synth {
namespace {

constexpr int kQueues = 5;
constexpr int kFifoRamBits =
    512;  // bat_fifo: larger ones, of more than 4 entries, keep them in a RAM
// Fields of an instruction beyond those that travel in a queue entry, see rtl/unit_queue.sv.
constexpr int kQueueExtra = 4 - 32 + 5 + 80;
constexpr int kInstructionBits = 256;

int log2_ceil(int value) {
  return value > 1 ? static_cast<int>(std::bit_width(static_cast<unsigned>(value - 1))) : 0;
}

double flag(bool built_in) { return built_in ? 1.0 : 0.0; }

struct Fifo {
  int width = 0;
  int depth = 0;

  bool in_ram() const { return depth > 4 && width * depth > kFifoRamBits; }
};

struct Fifos {
  std::array<Fifo, 16> list;
  std::size_t size = 0;

  void add(int width, int depth) { list[size++] = {width, depth}; }
};

int fetch_beats(const Plan& p) {
  const int least = std::max(1, 1024 / p.axi_bits);
  return std::max(2 * p.queue_depth * kInstructionBits / p.axi_bits, 2 * least);
}

Fifos fifos(const Config& c, const Plan& p) {
  Fifos f;
  f.add(4 * p.axi_addr_bits, p.job_queue_depth);
  f.add(p.axi_bits, fetch_beats(p));
  const int qmm = c.features.pruning ? kInstructionBits : 230;
  const std::array<Fifo, kQueues> queues{Fifo{123, p.axi_addr_bits}, Fifo{qmm, 1},
                                         Fifo{184, 2 * p.axi_addr_bits + 1}, Fifo{135, 1},
                                         Fifo{86, p.axi_addr_bits}};
  for (int u = 0; u < kQueues; ++u) {
    constexpr int kSoftmaxUnit = 3;
    if (u == kSoftmaxUnit && !c.features.softmax) continue;
    const Fifo& q = queues[static_cast<std::size_t>(u)];
    f.add(q.width + q.depth + kQueueExtra, p.queue_depth);
  }
  f.add(10, p.outstanding);
  f.add(49, 4);
  f.add(50, 8);
  f.add(1, 12);
  f.add(p.axi_bits, p.axi_bits > p.l_bits ? 256 : 2);
  f.add(1, 8);
  f.add(131, 4);
  f.add(135, 4);
  f.add(6, 8);
  return f;
}

template <typename Value>
double over_fifos(const Config& c, const Plan& p, bool in_ram, const Value& value) {
  const Fifos all = fifos(c, p);
  double sum = 0.0;
  for (std::size_t i = 0; i < all.size; ++i) {
    if (all.list[i].in_ram() == in_ram) sum += value(all.list[i]);
  }
  return sum;
}

// Bits that gearboxes from the memory port to the rings and the fetch buffer hold or select.
template <typename Value>
double over_gearboxes(const Plan& p, const Value& value) {
  double sum = value(p.axi_bits, p.par_bits) + value(p.axi_bits, p.w_write_bits) +
               value(p.axi_bits, kInstructionBits);
  if (p.l_bits != p.par_bits) sum += value(p.axi_bits, p.l_bits);
  return sum;
}

double lanes(const Plan& p) { return p.lanes; }

/// Accumulator bits of a row, on average: row 0 has more.
double row_acc(const Plan& p) { return (p.acc_bits + (p.rows - 1.0) * p.row_acc_bits) / p.rows; }

#define BAT_FEATURE(name, expression)                                                      \
  AreaFeature {                                                                            \
    name, [](const Config& c [[maybe_unused]], const Plan& p [[maybe_unused]]) -> double { \
      return expression;                                                                   \
    }                                                                                      \
  }

constexpr std::array<AreaFeature, kAreaFeatures> kFeatures = {
    BAT_FEATURE("one", 1.0),
    BAT_FEATURE("rows", p.rows),
    BAT_FEATURE("cols", p.cols),
    BAT_FEATURE("depth", p.depth),
    BAT_FEATURE("lanes", p.lanes),
    BAT_FEATURE("log_rows", log2_ceil(p.rows)),
    BAT_FEATURE("log_cols", log2_ceil(p.cols)),
    BAT_FEATURE("log_depth", log2_ceil(p.depth)),
    BAT_FEATURE("log_lanes", log2_ceil(p.lanes)),
    BAT_FEATURE("act_bits", p.max_bits),
    BAT_FEATURE("multi_bit", flag(p.max_bits > 1)),
    BAT_FEATURE("two_branches", flag(p.branches > 1)),
    BAT_FEATURE("softmax", flag(c.features.softmax)),
    BAT_FEATURE("tokens", flag(c.features.tokens)),
    BAT_FEATURE("feature_rows", flag(c.features.feature_rows)),
    BAT_FEATURE("pruning", flag(c.features.pruning)),
    BAT_FEATURE("stages", c.array.pop_stages),
    BAT_FEATURE("first_stage", flag(c.array.pop_stages > 0)),
    BAT_FEATURE("second_stage_depth", c.array.pop_stages > 1 ? p.depth : 0),
    BAT_FEATURE("acc_bits", p.acc_bits),
    BAT_FEATURE("acc_over_26", flag(p.acc_bits > 26)),
    BAT_FEATURE("score_bits", p.score_bits),
    BAT_FEATURE("zero_bits", p.zero_bits),
    BAT_FEATURE("sum_bits", p.sum_bits),
    BAT_FEATURE("sum_over_25", flag(p.sum_bits > 25)),
    BAT_FEATURE("axi_bits", p.axi_bits),
    BAT_FEATURE("log_axi", log2_ceil(p.axi_bits)),
    BAT_FEATURE("address_bits", p.axi_addr_bits),
    BAT_FEATURE("parameter_bits", p.par_bits),
    BAT_FEATURE("log_burst", log2_ceil(p.max_burst)),
    BAT_FEATURE("outstanding", p.outstanding),
    BAT_FEATURE("log_outstanding", log2_ceil(p.outstanding)),
    BAT_FEATURE("queue_depth", p.queue_depth),
    BAT_FEATURE("log_queue", log2_ceil(p.queue_depth)),
    BAT_FEATURE("residual_address", p.res_addr_bits),
    BAT_FEATURE("statistics_address", p.stat_addr_bits),
    BAT_FEATURE("score_address", p.score_addr_bits),
    BAT_FEATURE("zero_address", p.z_addr_bits),
    BAT_FEATURE("ring_address", p.w_addr_bits + p.t_addr_bits + p.p_addr_bits + p.l_addr_bits),
    BAT_FEATURE("threshold_address", p.t_addr_bits),
    BAT_FEATURE("logit_address", p.logit_addr_bits),
    BAT_FEATURE("tile_words", p.t_tile_words),
    BAT_FEATURE("drain_steps", p.cols / p.lanes),
    BAT_FEATURE("shift_drain", p.cols > p.lanes ? p.cols : 0),
    BAT_FEATURE("key_groups", p.depth / p.cols),
    BAT_FEATURE("value_groups", p.depth / p.rows),
    BAT_FEATURE("row_acc", row_acc(p)),
    BAT_FEATURE("cols_acc", p.cols* row_acc(p)),
    BAT_FEATURE("branch_cols_acc", p.branches > 1 ? p.cols * row_acc(p) : 0),
    BAT_FEATURE("lanes_acc", p.lanes* row_acc(p)),
    BAT_FEATURE("branch_lanes_acc", p.branches > 1 ? p.lanes * row_acc(p) : 0),
    BAT_FEATURE("lanes_bits", p.lanes* p.max_bits),
    BAT_FEATURE("depth_bits", p.depth* p.max_bits),
    BAT_FEATURE("multi_lanes", p.max_bits > 1 ? p.lanes : 0),
    BAT_FEATURE("softmax_lanes_score", c.features.softmax ? p.lanes* p.score_bits : 0),
    BAT_FEATURE("softmax_score", c.features.softmax ? p.score_bits : 0),
    BAT_FEATURE("softmax_depth_bits", c.features.softmax ? p.depth* p.max_bits : 0),
    BAT_FEATURE("tokens_lanes", c.features.tokens ? p.lanes : 0),
    BAT_FEATURE("feature_depth", c.features.feature_rows ? p.depth : 0),
    BAT_FEATURE("tokens_address", c.features.tokens ? p.axi_addr_bits : 0),
    BAT_FEATURE("gear_up",
                over_gearboxes(p, [](int in, int out) { return std::max(0, out - in); })),
    BAT_FEATURE("gear_down", over_gearboxes(p, [](int in, int out) { return in > out ? in : 0; })),
    BAT_FEATURE("beat_values", std::max(0, p.axi_bits / 8 - p.lanes)),
    BAT_FEATURE("fifo_register_bits",
                over_fifos(c, p, false, [](const Fifo& f) { return f.width * f.depth; })),
    BAT_FEATURE("fifo_last_bits", over_fifos(c, p, false, [](const Fifo& f) { return f.width; })),
    BAT_FEATURE("fifo_ram_width", over_fifos(c, p, true, [](const Fifo& f) { return f.width; })),
    BAT_FEATURE("fifo_rams",
                over_fifos(c, p, true, [](const Fifo& f) { return log2_ceil(f.depth); })),
};

#define BAT_COUNT(expression)                                                      \
  [](const Config& c [[maybe_unused]], const Plan& p [[maybe_unused]]) -> double { \
    return expression;                                                             \
  }

constexpr AreaModule kModules[] = {
    {"qmm_pe", BAT_COUNT(p.rows* p.cols)},
    {"popcount", BAT_COUNT(p.rows* p.cols), true},
    {"qmm_row", BAT_COUNT(p.rows)},
    {"tile_row", BAT_COUNT(p.rows)},
    {"column_slice", BAT_COUNT(p.cols)},
    {"row_slice", BAT_COUNT(p.rows)},
    {"beat_serializer", BAT_COUNT(p.rows)},
    {"layernorm_root", BAT_COUNT(1)},
    {"layernorm_lane", BAT_COUNT(p.rows* lanes(p))},
    {"residual_lane", BAT_COUNT(p.rows* lanes(p))},
    {"scale_lane", BAT_COUNT(p.rows* lanes(p))},
    {"softmax_row", BAT_COUNT(c.features.softmax ? p.rows : 0)},
    {"softmax_lane", BAT_COUNT(c.features.softmax ? p.rows* lanes(p) : 0)},
    {"bat_top", BAT_COUNT(1)},
    {"bat_fifo", BAT_COUNT(1)},
    {"bat_regs", BAT_COUNT(1)},
    {"axi_read", BAT_COUNT(1)},
    {"bank_arbiter", BAT_COUNT(1)},
    {"counters", BAT_COUNT(1)},
    {"drain_control", BAT_COUNT(1)},
    {"embed_control", BAT_COUNT(1)},
    {"feature_control", BAT_COUNT(flag(c.features.feature_rows))},
    {"fetch", BAT_COUNT(1)},
    {"ln_control", BAT_COUNT(1)},
    {"qmm_control", BAT_COUNT(1)},
    {"qmm_steps", BAT_COUNT(1)},
    {"row_unit", BAT_COUNT(1)},
    {"smx_unit", BAT_COUNT(flag(c.features.softmax))},
    {"store_unit", BAT_COUNT(1)},
    {"threshold_loader", BAT_COUNT(1)},
    {"tile_walk", BAT_COUNT(1)},
    {"tile_writer", BAT_COUNT(1)},
    {"weight_dma", BAT_COUNT(1)},
    {"wide_handoff", BAT_COUNT(1)},
};

#undef BAT_FEATURE
#undef BAT_COUNT

// How Yosys 0.23 maps a memory on xcup, as its libraries of memories (lutrams_xcu.txt,
// brams_xc5v.txt) say and as runs over a grid of sizes show.

constexpr int kSites = 8;  // of a RAM32M16 (14 bits of 32 words) or RAM64M8 (7 bits of 64 words)

struct LutMemory {
  int chunks = 1;      // one behind the other
  double units = 0.0;  // sets of kSites
  double cost = 0.0;   // as the tool weighs it against block RAM
};

LutMemory lut_memory(const AreaMemory& m) {
  const bool wide = m.depth <= 32 || (m.depth > 64 && m.depth <= 96);
  const int words = wide ? 32 : 64;
  const int bits = wide ? 14 : 7;
  LutMemory lut;
  lut.chunks = ceil_div(m.depth, words);
  lut.units = static_cast<double>(lut.chunks) * ceil_div(m.width / m.groups, bits) * m.groups;
  lut.cost = 16.0 * lut.chunks * m.width / bits + 0.5 * m.width * (lut.chunks - 1);
  return lut;
}

struct BlockMemory {
  double halves = 0.0;
  bool deep = false;  // several block RAMs behind each other, with a multiplexer
};

// 512 x 36, 1024 x 18, ... 16384 x 1 words and bits of half a block; up to 4, 2 and 1 write enables
// of 9 bits each.
BlockMemory block_memory(const AreaMemory& m) {
  BlockMemory best;
  constexpr std::array<int, 6> kBits = {36, 18, 9, 4, 2, 1};
  for (std::size_t mode = 0; mode < kBits.size(); ++mode) {
    const int words = 512 << mode;
    const int bits = kBits[mode];
    const int group = m.width / m.groups;
    int columns = ceil_div(m.width, bits);
    if (m.groups > 1) {
      columns = bits >= 9 ? ceil_div(m.groups * 9 * ceil_div(group, 9), bits)
                          : m.groups * ceil_div(group, bits);
    }
    const double halves = static_cast<double>(columns) * ceil_div(m.depth, words);
    if (mode == 0 || halves <= best.halves) best = {halves, m.depth > 2 * words};
  }
  return best;
}

}  // namespace

std::span<const AreaFeature, kAreaFeatures> area_features() { return kFeatures; }

std::array<double, kAreaFeatures> area_feature_values(const Config& config, const Plan& plan) {
  std::array<double, kAreaFeatures> values{};
  for (std::size_t i = 0; i < kAreaFeatures; ++i) values[i] = kFeatures[i].value(config, plan);
  return values;
}

std::span<const AreaModule> area_modules() { return kModules; }

void AreaMemories::add(int width, int depth, int groups, int count) {
  if (count == 0) return;
  list[size++] = {width, depth, groups, count};
}

AreaMemories area_memories(const Config& c, const Plan& p) {
  AreaMemories m;
  m.add(p.depth, p.act_words, p.depth / p.cols, p.rows);
  m.add(p.depth, p.xb_words, 1, p.rows);
  m.add(p.lanes * 16, p.res_bank_words, p.lanes, 2 * p.rows);
  m.add(p.sum_bits + p.square_bits, p.stat_bank_words, 1, 2 * p.rows);
  if (c.features.softmax) {
    m.add(p.lanes * p.score_bits, p.score_slots * p.score_words, 1, p.rows);
  }
  m.add(p.depth, p.w_ring_words, 1, p.cols);
  // Keys below, values from a power of two on (rtl/column_slice.sv).
  const int values_from = 1 << std::max(1, log2_ceil(std::max(p.k_words, p.v_words)));
  m.add(p.depth, values_from + p.v_words, p.depth / p.rows, p.cols);
  m.add(p.zero_bits, p.z_words, 1, 2 * p.cols);
  m.add(p.par_bits, p.t_ring_words, 1, 1);
  m.add(p.par_bits, p.p_ring_words, 1, 1);
  m.add(p.l_bits, p.l_ring_words, 1, 1);
  m.add(p.lanes * 32, p.logit_words / p.lanes, p.lanes, 1);
  if (c.features.tokens) m.add(25, p.rows, 1, 1);
  m.add(p.axi_bits, 4 * (1 << std::max(1, log2_ceil(p.rows))) * p.embed_burst, 1, 1);
  const Fifos all = fifos(c, p);
  for (std::size_t i = 0; i < all.size; ++i) {
    const Fifo& fifo = all.list[i];
    if (fifo.in_ram()) m.add(fifo.width, fifo.depth, 1, 1);
  }
  return m;
}

MemoryArea memory_area(const AreaMemory& memory) {
  constexpr double kHalfCost = 129.0;
  const LutMemory lut = lut_memory(memory);
  const BlockMemory block = block_memory(memory);
  MemoryArea area;
  if (lut.cost < kHalfCost * block.halves) {
    // Four chunks go through one LUT6 a bit, more through about three.
    const double select = lut.chunks == 1   ? 0.0
                          : lut.chunks <= 4 ? memory.width + 3
                                            : 3 * memory.width + 8;
    area.lut = kSites * lut.units + select;
    area.ff = memory.width;
  } else {
    area.bram36 = block.halves / 2.0;
    if (block.deep) area.lut = memory.width + 3;
  }
  return area;
}

}  // namespace bat::synth
