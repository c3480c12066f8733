// SPDX-License-Identifier: Apache-2.0
// Closed forms of the schedule: how much work each unit has, and cycles that no program can beat.
// A microsecond each, where the cycle model (estimate.hpp) takes milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/bmt/model.hpp"
#include "rtl_gen/estimate/estimate.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat {

/// What the amount of work depends on: sizes, not weights.
struct WorkShape {
  /// A matrix of binary weights.
  struct Matrix {
    int branches = 1;
    int kept_inputs = 0;  ///< the fewest inputs that an output keeps; all, unless pruned
  };
  struct Layer {
    int heads = 0;
    int ffn = 0;
    std::array<Matrix, 6> matrices{};  ///< Q, K, V, O, FFN1, FFN2
  };

  bmt::InputKind input = bmt::InputKind::kTokens;
  bmt::Attention attention = bmt::Attention::kThreshold;
  int hidden = 0;
  int head_dim = 0;
  int act_bits = 1;
  int classes = 0;
  int features = 0;         ///< a row, feature models only
  int pooler_branches = 0;  ///< 0: no pooler
  std::vector<Layer> layers;
};

WorkShape work_shape(const bmt::Model& model);

/// Work of one sentence. Exact for a model without masks; with masks `steps` and the weights in
/// `read_bits` are lower bounds, because what a tile walks depends on which blocks are left.
struct Work {
  std::int64_t steps = 0;           ///< of the engine (counter 16)
  std::int64_t drain_cycles = 0;    ///< of wide tiles through the lanes
  std::int64_t row_cycles = 0;      ///< of the ROW unit: LayerNorm passes, rows of the embedding
  std::int64_t softmax_cycles = 0;  ///< of the SMX unit
  std::int64_t read_bits = 0;       ///< weights, parameters, inputs
  std::int64_t serial_cycles = 0;   ///< of other units while the engine cannot have a step
};

Work work_of(const Plan& plan, const WorkShape& shape, int tokens);

/// Cycles from start to logits of one sentence that loads its parameters: at most those of
/// `estimate` for one job.
std::int64_t cycle_bound(const Plan& plan, const WorkShape& shape, int tokens,
                         const MemoryModel& memory);

}  // namespace bat
