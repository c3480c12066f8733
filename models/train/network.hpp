// SPDX-License-Identifier: Apache-2.0
// The training view: a post-LN encoder in floats whose quantizers give the codes of
// docs/numerics.md. With act_bits = 0 it is a plain float encoder (a teacher).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"
#include "models/train/options.hpp"
#include "models/train/parameters.hpp"

namespace bat::train {

struct NetworkSpec {
  Shape shape;
  bmt::InputKind input = bmt::InputKind::kFeatures;
  int rows = 50;      ///< N: class token and feature rows, or the longest token sequence
  int features = 16;  ///< K, features only
  int vocab = 0;      ///< V, tokens only
  int segments = 1;   ///< 1 or 2, tokens only
  int classes = 10;
  bool regression = false;  ///< one score instead of classes
  bool pooler = false;      ///< a dense layer with hard-tanh before the classifier
  bool gelu = false;        ///< float networks only; otherwise ReLU
  bool word_head = false;   ///< predicts masked tokens, tokens only
  int act_bits = 1;         ///< 0: float
  bmt::Attention attention = bmt::Attention::kThreshold;
  WeightKind weights = WeightKind::kBinary;
  bmt::Pruning cut;   ///< how masks cut the matrices of the encoder; unused: there are no masks
  bool fine = false;  ///< ternary weights are 0 where their mask says so, nowhere else
  std::optional<WeightKind> ffn_weights;  ///< of FFN1 and FFN2, where they differ

  int attention_width() const { return shape.heads * shape.head_dim; }
  bool quantized() const { return act_bits > 0; }
  bool tokens() const { return input == bmt::InputKind::kTokens; }
  /// Kind of the matrix `name` ("layers.0.f1", ...).
  WeightKind kind_of(std::string_view name) const {
    const bool ffn = name.ends_with(".f1") || name.ends_with(".f2");
    return ffn ? ffn_weights.value_or(weights) : weights;
  }
  static int branches_of(WeightKind kind) { return kind == WeightKind::kBinary ? 1 : 2; }
  /// Branches of the integer view, which has the same number everywhere; 0 where they differ.
  int branches() const {
    const int all = branches_of(weights);
    return all == branches_of(ffn_weights.value_or(weights)) ? all : 0;
  }
  /// Whether two latent weights are trained for the matrix `name`.
  bool split(std::string_view name) const {
    const WeightKind kind = kind_of(name);
    return quantized() && (kind == WeightKind::kSplit || kind == WeightKind::kWeightedSplit);
  }
};

/// Step of the 8-bit classifier input, a power of two so that the integer view needs a shift only.
/// Codes reach 16 times 1/2 = +-8, beyond what a LayerNorm of this size gives in practice.
inline constexpr int kClassifierStepLog2 = -4;
/// Step between neighbouring values of the pooler's 8-bit codes: they cover [-1, 1].
inline constexpr double kPoolerAlpha = 1.0 / 255.0;

/// One batch of inputs on the device of the network.
struct Input {
  torch::Tensor features;  ///< [batch, rows - 1, K], codes 0 .. 255 as floats
  torch::Tensor ids;       ///< [batch, n] int64, n <= rows
  torch::Tensor segment;   ///< [batch, n, 1] floats 0 or 1; undefined: all 0
  torch::Tensor mask;      ///< [batch, n] bool, false where a shorter sequence is padded
  bool all_rows = false;   ///< compute every row of the last layer, not row 0 alone
  double dropout = 0.0;    ///< share of values set to 0 after the embedding and each sublayer
};

/// Intermediate results of one batch, by tensor of the golden model. Codes are given as values
/// (signed: odd numbers), residual streams and LayerNorm results as floats. In the last layer row 0
/// alone is computed after the keys and values, as nothing else is used.
struct Trace {
  std::map<std::pair<bmt::TensorId, int>, torch::Tensor> tensors;  ///< key: tensor, layer (or -1)
};

struct Output {
  torch::Tensor logits;               ///< [batch, classes]
  std::vector<torch::Tensor> hidden;  ///< after the embedding and each layer, [batch, rows, D]
  std::vector<torch::Tensor> scores;  ///< a layer each, scaled, before the mask: [batch, h, n, n]
};

class Network {
 public:
  /// Random initial weights from `seed`, on the CPU; `to` must follow before use.
  Network(const NetworkSpec& spec, std::int64_t seed);

  /// Moves parameters and masks to `device`.
  void to(const torch::Device& device);

  /// Starts from the weights of `other`: each parameter that has a namesake here of the same shape.
  /// Between networks of one hidden size a larger one gives its leading heads and FFN units. Split
  /// weights come from one latent weight by `split_ternary`, exactly as a ternary `other` computes.
  /// Masks come along as by `take_masks`.
  void start_from(const Network& other);

  /// Takes the masks of `other` where both have them, of the same cut and shape.
  void take_masks(const Network& other);

  /// With a `trace`, intermediate results are kept there.
  Output forward(const Input& input, Trace* trace = nullptr) const;

  /// Scores of all tokens, [items, V], for rows of the last hidden state, [items, D].
  torch::Tensor word_logits(const torch::Tensor& rows) const;

  /// Forward pass that sets every quantizer from the statistics of `input`.
  void calibrate(const Input& input);

  const NetworkSpec& spec() const { return spec_; }
  const Parameters& parameters() const { return parameters_; }

  /// Matrices of the encoder by name ("layers.0.qkv"), those that masks are for.
  std::vector<std::string> matrices() const;
  /// Mask of such a matrix, as large as its weight: 1 where kept, 0 where pruned. Undefined without
  /// `cut`. Written in place.
  torch::Tensor mask(const std::string& matrix) const;

  /// A parameter by its full name, such as "layers.0.qkv.weight".
  const torch::Tensor& at(const std::string& name) const { return parameters_.at(name); }
  /// exp of the parameter `name`: scales are kept as logarithms, hence always positive.
  torch::Tensor scale(const std::string& name) const { return at(name).exp(); }

 private:
  friend class Pass;

  void split_from(const Network& other, const std::string& name);

  NetworkSpec spec_;
  Parameters parameters_;
  std::map<std::string, torch::Tensor> masks_;
};

/// "layers.<i>."
std::string layer_prefix(int layer);

/// One binary branch of a weight: signs [slices, out, in] and its scale of each slice.
struct Branch {
  torch::Tensor sign;  ///< 0 where a binary weight is pruned
  torch::Tensor scale;
};
/// The branches of the weight `name` ("layers.0.o", ...) of a quantized network. No gradient.
std::vector<Branch> branches_of(const Network& network, const std::string& name);

}  // namespace bat::train
