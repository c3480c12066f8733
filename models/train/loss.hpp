// SPDX-License-Identifier: Apache-2.0
// What a training step makes small.
#pragma once

#include "models/train/device_data.hpp"
#include "models/train/network.hpp"

namespace bat::train {

struct LossWeights {
  double hard = 1.0;       ///< cross entropy with the labels, or squared error of the score
  double soft = 0.0;       ///< cross entropy with the teacher, or squared error to its score
  double hidden = 0.0;     ///< mean squared distance of hidden states, summed over layers
  double attention = 0.0;  ///< mean squared distance of attention scores, summed over layers
  double words = 0.0;      ///< cross entropy of hidden words

  bool teacher() const { return soft > 0.0 || hidden > 0.0 || attention > 0.0; }
};

/// Loss of `network`'s `out` on `batch`; `teacher` may be null where no weight needs it.
torch::Tensor loss(const LossWeights& weights, const Network& network, const Network* teacher,
                   const Output& out, const Batch& batch);

}  // namespace bat::train
