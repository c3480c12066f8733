// SPDX-License-Identifier: Apache-2.0
// Named trainable tensors kept in one flat buffer, so that the optimizer, clipping and checkpoints
// handle a single vector.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bat::train {

class Parameters {
 public:
  /// Adds a float tensor before `flatten`; names are unique.
  void add(const std::string& name, const torch::Tensor& value);

  /// Gives a tensor another value of the same shape, before `flatten`.
  void replace(const std::string& name, const torch::Tensor& value);

  /// Moves all values into one buffer on `device` and makes each tensor a leaf that views it.
  void flatten(const torch::Device& device);

  const torch::Tensor& at(const std::string& name) const;
  bool contains(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<torch::Tensor>& tensors() const { return tensors_; }
  const torch::Tensor& flat() const { return flat_; }

  /// The part of `vector`, as long as `flat`, that belongs to a tensor, in its shape.
  torch::Tensor part(const torch::Tensor& vector, const std::string& name) const;

  /// Gradients of `loss` as one vector in the order of `flat`.
  torch::Tensor gradient(const torch::Tensor& loss) const;

 private:
  std::vector<std::string> names_;
  std::vector<torch::Tensor> tensors_;
  torch::Tensor flat_;
};

}  // namespace bat::train
