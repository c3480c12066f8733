// SPDX-License-Identifier: Apache-2.0
// Token sequences on a device. Batches of short sequences are cut short: a kind is a length.
#pragma once

#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/train/device_data.hpp"

namespace bat::train {

class DeviceText : public DeviceData {
 public:
  /// `samples` are inputs of `model`, which gives max_tokens, segments and the kind of task. The
  /// last `extra` of them have no label.
  DeviceText(const bmt::Model& model, const std::vector<bmt::Sample>& samples,
             const torch::Device& device, int extra = 0);

  int count() const override { return static_cast<int>(lengths_.size()) - extra_; }
  int extra() const override { return extra_; }
  int kinds() const override { return static_cast<int>(widths_.size()); }
  int kind(int item) const override { return kinds_of_[static_cast<std::size_t>(item)]; }
  Batch batch(const torch::Tensor& index, const torch::Tensor& places, int kind) const override;
  Batch slice(int first, int n) const override;

 protected:
  Batch gather(const torch::Tensor& index, std::int64_t width) const;
  /// Of the longest kind.
  int width() const { return widths_.back(); }

 private:
  int extra_;
  std::vector<int> widths_;   ///< rising; the last is max_tokens
  std::vector<int> lengths_;  ///< of each item
  std::vector<int> kinds_of_;
  bool two_segments_;
  torch::Tensor ids_;      ///< int64 [count, max_tokens]
  torch::Tensor length_;   ///< int64 [count, 1]
  torch::Tensor first_;    ///< int64 [count, 1]: tokens of segment 0
  torch::Tensor labels_;   ///< int64 [count]
  torch::Tensor targets_;  ///< float [count]
  torch::Tensor columns_;  ///< int64 [1, max_tokens]: 0, 1, ...
};

}  // namespace bat::train
