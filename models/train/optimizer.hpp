// SPDX-License-Identifier: Apache-2.0
// AdamW on one flat vector, with clipping and a learning-rate schedule, all in tensors so that a
// step can be replayed.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace bat::train {

struct Schedule {
  double peak = 1e-3;    ///< learning rate after the warm-up
  double warmup = 0.06;  ///< share of the steps with a rising rate; then it falls linearly to 0
  std::int64_t steps = 1;

  double rate(std::int64_t step) const;
};

struct AdamState {
  torch::Tensor first;   ///< m
  torch::Tensor second;  ///< v
  torch::Tensor step;    ///< int64 [1]: steps done
};

class Optimizer {
 public:
  /// `parameters` is the flat vector to be trained.
  Optimizer(const torch::Tensor& parameters, const Schedule& schedule, double weight_decay,
            double clip);

  /// One step with `gradient`, as long as the parameters.
  void apply(const torch::Tensor& gradient);

  const AdamState& state() const { return state_; }

 private:
  torch::Tensor parameters_;
  AdamState state_;
  torch::Tensor table_;  ///< [steps, 2]: rate with bias correction, rate times weight decay
  double clip_;
};

}  // namespace bat::train
