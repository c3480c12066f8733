// SPDX-License-Identifier: Apache-2.0
#include "verif/grid/configs.hpp"

#include <array>
#include <string>
#include <utility>

namespace bat::grid {
namespace {

struct Shape {
  int rows, cols, depth, lanes, pop_stages, axi;
};

struct Built {
  int act_bits, branches;
  bool softmax, threshold, tokens, features;
};

constexpr bool kOn = true;
constexpr bool kOff = false;

Config make(const char* name, const Shape& shape, const Built& built,
            const Config::Limits& limits) {
  Config config;
  config.name = name;
  config.array.rows = shape.rows;
  config.array.cols = shape.cols;
  config.array.depth = shape.depth;
  config.array.lanes = shape.lanes;
  config.array.pop_stages = shape.pop_stages;
  config.features.act_bits = built.act_bits;
  config.features.branches = built.branches;
  config.features.softmax = built.softmax;
  config.features.threshold = built.threshold;
  config.features.tokens = built.tokens;
  config.features.feature_rows = built.features;
  config.limits = limits;
  config.memory.axi_data_bits = shape.axi;
  return config;
}

}  // namespace

std::vector<Config> configs() {
  // Limits: tokens, hidden, heads, head_dim, ffn, classes, features, positions.
  std::vector<Config> list{
      make("r1c2k8", {1, 2, 8, 1, 0, 32}, {1, 1, kOn, kOn, kOn, kOn}, {9, 21, 3, 7, 33, 5, 13, 9}),
      make("r2c2k8-b2", {2, 2, 8, 2, 1, 64}, {2, 2, kOn, kOn, kOn, kOn},
           {11, 24, 2, 11, 40, 4, 17, 11}),
      make("r2c4k16-b4", {2, 4, 16, 4, 2, 32}, {4, 1, kOn, kOn, kOn, kOff},
           {13, 37, 3, 13, 50, 7, 8, 13}),
      make("r4c4k8-b8", {4, 4, 8, 1, 1, 128}, {8, 1, kOn, kOff, kOff, kOn},
           {10, 19, 2, 9, 23, 3, 29, 10}),
      make("r4c8k16-br2", {4, 8, 16, 8, 0, 64}, {1, 2, kOn, kOn, kOn, kOn},
           {21, 48, 4, 16, 96, 9, 31, 21}),
      make("r8c8k32", {8, 8, 32, 2, 1, 64}, {1, 1, kOn, kOn, kOff, kOn},
           {41, 65, 3, 33, 130, 10, 16, 41}),
      make("r1c8k64-b2", {1, 8, 64, 8, 2, 256}, {2, 1, kOn, kOn, kOn, kOff},
           {7, 70, 2, 40, 100, 6, 8, 7}),
      make("r8c8k8-threshold", {8, 8, 8, 4, 1, 32}, {1, 1, kOff, kOn, kOn, kOff},
           {27, 45, 5, 12, 61, 2, 8, 27}),
      make("r2c16k32-softmax", {2, 16, 32, 2, 0, 512}, {1, 1, kOn, kOff, kOff, kOn},
           {19, 67, 2, 31, 90, 20, 70, 19}),
      make("r4c16k16-b2-br2", {4, 16, 16, 4, 2, 64}, {2, 2, kOn, kOn, kOn, kOn},
           {18, 50, 3, 20, 64, 17, 33, 18}),
      make("r2c4k128", {2, 4, 128, 2, 1, 1024}, {1, 1, kOn, kOn, kOn, kOn},
           {6, 140, 2, 130, 260, 3, 150, 6}),
      make("r16c16k16", {16, 16, 16, 2, 0, 128}, {1, 1, kOn, kOn, kOn, kOff},
           {37, 51, 3, 18, 75, 8, 8, 37}),
      make("r2c2k128-b4-br2", {2, 2, 128, 1, 2, 32}, {4, 2, kOn, kOff, kOn, kOff},
           {5, 33, 2, 17, 47, 4, 8, 5}),
      make("r4c4k32", {4, 4, 32, 2, 2, 64}, {1, 1, kOn, kOn, kOn, kOff},
           {12, 40, 2, 16, 70, 4, 8, 12}),
      make("r2c4k64-threshold", {2, 4, 64, 1, 0, 64}, {1, 1, kOff, kOn, kOff, kOn},
           {9, 70, 1, 40, 130, 5, 20, 9}),
  };
  // The smallest queues: every hand-over waits.
  list[1].buffers.queue_depth = 2;
  list[1].buffers.job_queue_depth = 1;
  list[9].memory.max_burst = 1;
  list[9].memory.outstanding = 1;
  list[4].memory.max_burst = 256;
  list[4].memory.axi_addr_bits = 40;
  list[10].memory.axi_addr_bits = 64;
  // Several sentences a program.
  list[0].limits.sentences = 2;
  list[4].limits.sentences = 3;
  list[5].limits.sentences = 4;
  list[7].limits.sentences = 2;
  list[11].limits.sentences = 8;
  // Masks: words of a head ending inside it and not, one and two branches, 1 to 8 planes.
  for (const std::size_t i : {1U, 3U, 4U, 7U, 9U, 11U}) list[i].features.pruning = true;
  // Each popcount with 0, 1 and 2 registers (`pop_stages` above); the largest arrays have the plain
  // one, because structures simulate slowly.
  constexpr std::array<Popcount, 15> kPopcounts = {
      Popcount::kFaTree,  Popcount::kLut6,   Popcount::kChain,   Popcount::kBlock14,
      Popcount::kBlock14, Popcount::kFlat,   Popcount::kBlock14, Popcount::kFaTree,
      Popcount::kChain,   Popcount::kLut6,   Popcount::kChain,   Popcount::kFlat,
      Popcount::kFlat,    Popcount::kFaTree, Popcount::kLut6};
  for (std::size_t i = 0; i < list.size(); ++i) list[i].array.popcount = kPopcounts[i];
  // Accumulators in DSP blocks.
  for (const auto& [i, rows] : {std::pair{1U, 2}, {3U, 2}, {5U, 8}, {7U, 3}, {11U, 16}}) {
    list[i].array.dsp_rows = rows;
  }
  // Guarded weight memory: words of 8, 32 and 128 bits.
  list[3].memory.weight_protection = bmt::Protection::kParity;
  list[10].memory.weight_protection = bmt::Protection::kParity;
  list[5].memory.weight_protection = bmt::Protection::kMajority;
  // Parameters that stay on chip.
  for (const std::size_t i : {1, 3, 5, 6, 8}) list[i].buffers.resident_layers = 3;
  // Lanes that AND: one bit with rows below columns, several bits and branches, words of a head.
  std::vector<Config> with_and{
      make("r2c4k16-and", {2, 4, 16, 2, 1, 64}, {1, 1, kOn, kOn, kOn, kOn},
           {13, 40, 3, 20, 50, 7, 20, 13}),
      make("r2c2k8-b4-br2-and", {2, 2, 8, 1, 2, 32}, {4, 2, kOn, kOn, kOn, kOff},
           {9, 24, 2, 11, 40, 4, 8, 9}),
      make("r4c8k32-b8-and", {4, 8, 32, 4, 0, 128}, {8, 1, kOn, kOn, kOff, kOn},
           {11, 40, 2, 33, 70, 5, 40, 11}),
      make("r1c4k64-threshold-and", {1, 4, 64, 2, 2, 64}, {1, 2, kOff, kOn, kOn, kOff},
           {10, 70, 2, 40, 130, 5, 8, 10}),
  };
  for (Config& config : with_and) {
    config.array.and_lanes = true;
    config.array.popcount = Popcount::kFaTree;
    list.push_back(config);
  }
  list[15].limits.sentences = 2;
  list[15].features.pruning = true;
  list[16].features.pruning = true;
  list[17].array.popcount = Popcount::kFlat;
  return list;
}

}  // namespace bat::grid
