// SPDX-License-Identifier: Apache-2.0
// How much of a network goes, and when (docs/pruning.md). No network here.
#pragma once

#include "models/io/result.hpp"
#include "models/train/options.hpp"

namespace bat::train {

/// What goes in the end, and the epochs in which it goes.
struct PruneSchedule {
  double blocks = 0.0;  ///< share of the blocks of each group of outputs
  double fine = 0.0;    ///< share of the weights of each row of a kept block
  int heads = 0;        ///< heads of each layer
  bool taylor = false;  ///< importance by gradients instead of magnitudes
  int begin = 0;        ///< nothing is pruned before so many epochs are done
  int end = 1;          ///< from so many epochs on nothing changes any more

  /// Part of the final share that is gone after `done` epochs: 1 - (1 - t)^3 with t from 0 at
  /// `begin` to 1 at `end` (Zhu and Gupta, arXiv 1710.01878).
  double ramp(int done) const;
};

/// How many of `count` go for a share: rounded half away from 0, and one stays at least.
int pruned_of(int count, double share);

/// The schedule of a run that prunes.
PruneSchedule prune_schedule(const TrainOptions& options);

/// Checks what options say about pruning; the error names the key and the rule.
Status check_pruning(const TrainOptions& options);

}  // namespace bat::train
