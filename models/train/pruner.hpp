// SPDX-License-Identifier: Apache-2.0
// Prunes a network while it is trained: measures importance, sets masks (docs/pruning.md).
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>

#include "models/train/network.hpp"
#include "models/train/prune_schedule.hpp"

namespace bat::train {

/// Sums of `values`, [slices, out, in], over the blocks of `cut`: [slices, groups, blocks].
torch::Tensor block_sums(const torch::Tensor& values, const bmt::Pruning& cut);

/// 1 for the `keep` best along the last dimension, else 0. What `kept` (0 or 1) holds goes before
/// what it does not, then the greater score, then the smaller index.
torch::Tensor keep_best(const torch::Tensor& score, const torch::Tensor& kept, std::int64_t keep);

class Pruner {
 public:
  /// `network` has masks, is on its device and outlives the pruner.
  Pruner(Network& network, const PruneSchedule& schedule);

  /// Takes in the gradient of a step, flat. The same work at every call, none on the host.
  void observe(const torch::Tensor& gradient);

  /// Sets the masks for the epochs after the first `done`, and forgets what was observed.
  void update(int done);

  /// Whether the masks in force during epoch `done` (the first is 1) were the final ones.
  bool settled(int done) const { return done > schedule_.end; }

 private:
  /// Importance of what a mask may prune, on the CPU.
  struct Scores {
    torch::Tensor blocks;   ///< [slices, groups, blocks]
    torch::Tensor weights;  ///< [slices, out, in]; with a fine level only
  };
  Scores scores(const std::string& matrix) const;
  torch::Tensor head_scores(const std::string& output_projection) const;
  torch::Tensor alive_heads(int layer) const;
  void set_mask(const std::string& matrix, const torch::Tensor& possible, double ramp);
  void fine_level(const Scores& by, const torch::Tensor& before, torch::Tensor& mask,
                  double ramp) const;
  torch::Tensor heads_of(const torch::Tensor& values) const;

  Network& network_;
  PruneSchedule schedule_;
  std::map<std::string, torch::Tensor> blocks_;   ///< sums of squares over the steps observed
  std::map<std::string, torch::Tensor> weights_;  ///< the same by weight
  std::map<std::string, torch::Tensor> heads_;    ///< [heads], by output projection
};

/// `network` (on the CPU) without the heads that are pruned whole: the same function. Null if there
/// are none. Each layer must have lost the same number.
std::unique_ptr<Network> without_pruned_heads(const Network& network);

/// Share of the weights of the encoder's matrices that masks prune.
double pruned_share(const Network& network);

}  // namespace bat::train
