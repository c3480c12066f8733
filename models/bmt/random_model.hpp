// SPDX-License-Identifier: Apache-2.0
// Random models and samples for tests. The same seed gives the same model on every platform.
#pragma once

#include <cstdint>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"

namespace bat::bmt {

/// Matrices of a layer that may be pruned; values combine.
enum PrunedMatrices : unsigned {
  kPrunedQ = 1,
  kPrunedK = 2,
  kPrunedV = 4,
  kPrunedO = 8,
  kPrunedF1 = 16,
  kPrunedF2 = 32,
  kPrunedAll = 63,
};

struct RandomModelSpec {
  InputKind input = InputKind::kTokens;
  int layers = 1;
  int hidden = 32;
  int heads = 2;
  int head_dim = 16;
  int ffn = 64;
  int classes = 3;
  int max_tokens = 16;
  int features = 16;  ///< K, feature models only (kind "rows")
  int act_bits = 1;
  int branches = 1;
  Attention attention = Attention::kSoftmax;
  bool pooler = false;
  int vocab = 50;  ///< token models only
  int segments = 1;
  int embed_shift = 4;
  /// Some rows and channels pushed to saturation, thresholds at -32768 and 32767, extreme shifts.
  bool adversarial = true;
  std::vector<int> layer_heads{};  ///< heads of each layer; empty: `heads` in all
  Pruning pruning{};               ///< random masks for `pruned_matrices`; unused: a dense model
  unsigned pruned_matrices = kPrunedAll;
  int pruned_percent = 50;  ///< blocks that go, one of each row stays; -1: another share a matrix
};

/// A valid model with near balanced bits and a residual stream within int16 (apart from the
/// adversarial channels).
Model random_model(const RandomModelSpec& spec, std::uint64_t seed);

/// A sample of `tokens` tokens (1 .. max_tokens) for `model`, with a random label.
Sample random_sample(const Model& model, int tokens, std::uint64_t seed);

}  // namespace bat::bmt
