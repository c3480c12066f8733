// SPDX-License-Identifier: Apache-2.0
// Training data on a device, from which batches are gathered without the host.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <random>
#include <vector>

#include "models/train/network.hpp"

namespace bat::train {

/// Tokens to be guessed in a batch.
struct MaskedTokens {
  torch::Tensor rows;  ///< int64 [items]: row of the flattened last hidden state
  torch::Tensor ids;   ///< int64 [items]
};

struct Batch {
  Input input;
  torch::Tensor labels;   ///< int64 [n]; -1: none. Regression: 0 where there is a target
  torch::Tensor targets;  ///< float [n], regression only
  /// Mixed images only: label of the other image, int64 [n], and its share, float [n].
  torch::Tensor other_labels, share;
  MaskedTokens masked;  ///< word prediction only
};

class DeviceData {
 public:
  virtual ~DeviceData() = default;

  virtual int count() const = 0;
  /// Unlabelled items, which follow the others.
  virtual int extra() const { return 0; }

  /// Batches come in several kinds (sequence lengths), each of which is a recording of its own.
  virtual int kinds() const { return 1; }
  /// The smallest kind that holds `item`; larger kinds hold it too.
  virtual int kind(int /*item*/) const { return 0; }

  /// Draws what changes from epoch to epoch (moves, masked tokens) for item `order[i]` at place i.
  virtual void start_epoch(std::mt19937_64& /*generator*/,
                           const std::vector<std::int64_t>& /*order*/) {}

  /// Batch of the items `index` (int64 [n], on the device) that stand at `places` of the epoch.
  virtual Batch batch(const torch::Tensor& index, const torch::Tensor& places, int kind) const = 0;

  /// The items [first, first + n), unchanged.
  virtual Batch slice(int first, int n) const = 0;
};

/// A number in [0, bound). The 64-bit Mersenne twister is specified bit by bit, distributions are
/// not, hence a plain remainder.
inline std::uint64_t below(std::mt19937_64& generator, std::uint64_t bound) {
  return generator() % bound;
}

}  // namespace bat::train
