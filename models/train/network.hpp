// SPDX-License-Identifier: Apache-2.0
// The training view: a post-LN encoder in floats whose quantizers give the codes of
// docs/numerics.md. With act_bits = 0 it is a plain float encoder (a teacher).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"
#include "models/train/options.hpp"
#include "models/train/parameters.hpp"

namespace bat::train {

struct NetworkSpec {
  Shape shape;
  int rows = 50;      ///< N: class token and feature rows
  int features = 16;  ///< K
  int classes = 10;
  int act_bits = 1;  ///< 0: float
  bmt::Attention attention = bmt::Attention::kThreshold;

  int attention_width() const { return shape.heads * shape.head_dim; }
  bool quantized() const { return act_bits > 0; }
};

/// Step of the 8-bit classifier input, a power of two so that the integer view needs a shift only.
/// Codes reach 16 times 1/2 = +-8, beyond what a LayerNorm of this size gives in practice.
inline constexpr int kClassifierStepLog2 = -4;

/// Intermediate results of one batch, by tensor of the golden model. Codes are given as values
/// (signed: odd numbers), residual streams and LayerNorm results as floats. In the last layer row 0
/// alone is computed after the keys and values, as nothing else is used.
struct Trace {
  std::map<std::pair<bmt::TensorId, int>, torch::Tensor> tensors;  ///< key: tensor, layer (or -1)
};

struct Output {
  torch::Tensor logits;               ///< [batch, classes]
  std::vector<torch::Tensor> hidden;  ///< after the embedding and each layer, [batch, rows, D]
};

class Network {
 public:
  /// Random initial weights from `seed`, on the CPU; `to` must follow before use.
  Network(const NetworkSpec& spec, std::int64_t seed);

  /// Moves the parameters to `device`.
  void to(const torch::Device& device) { parameters_.flatten(device); }

  /// Copies each parameter of `other` that has a namesake of the same shape here.
  void copy_common(const Network& other);

  /// `features`: [batch, rows - 1, K], codes 0 .. 255 as floats. With a `trace`, intermediate
  /// results are kept there.
  Output forward(const torch::Tensor& features, Trace* trace = nullptr) const;

  /// Forward pass that sets every quantizer from the statistics of `features`.
  void calibrate(const torch::Tensor& features);

  const NetworkSpec& spec() const { return spec_; }
  const Parameters& parameters() const { return parameters_; }

  /// A parameter by its full name, such as "layers.0.qkv.weight".
  const torch::Tensor& at(const std::string& name) const { return parameters_.at(name); }
  /// exp of the parameter `name`: scales are kept as logarithms, hence always positive.
  torch::Tensor scale(const std::string& name) const { return at(name).exp(); }

 private:
  friend class Pass;

  NetworkSpec spec_;
  Parameters parameters_;
};

/// "layers.<i>."
std::string layer_prefix(int layer);

}  // namespace bat::train
