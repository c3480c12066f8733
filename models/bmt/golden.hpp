// SPDX-License-Identifier: Apache-2.0
// The golden model: docs/numerics.md computed on packed bits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Intermediate results that a Tap sees. Quantized tensors are given as codes, not as values.
enum class TensorId {
  kEmbedding,      ///< N x D, int16, before the embedding LayerNorm; layer -1
  kEmbeddingNorm,  ///< N x D, int16; layer -1
  kInputCodes,     ///< N x D, signed codes of layer 0; layer -1
  kQ,              ///< N x A, signed codes
  kK,              ///< N x A, signed codes
  kV,              ///< N x A, signed codes
  kScores,         ///< N x N a head, integer
  kProbabilities,  ///< N x N a head, unsigned codes
  kContext,        ///< N x A, signed codes
  kResidual1,      ///< N x D, int16, before ln1
  kLn1,            ///< N x D, int16
  kLn1Codes,       ///< N x D, signed codes
  kFfn1,           ///< N x F, unsigned codes
  kResidual2,      ///< N x D, int16, before ln2
  kLn2,            ///< N x D, int16
  kLn2Codes,       ///< N x D, signed codes (8 bits in the last layer of a model without pooler)
  kPooler,         ///< 1 x D, 8-bit signed codes; layer -1; models with a pooler only
  kLogits,         ///< 1 x C, int32; layer -1
};

/// Short lower-case name, such as "ln1_codes".
const char* name(TensorId id);

/// Receives intermediate tensors in the order of computation. Within a layer, scores and
/// probabilities come head by head.
class Tap {
 public:
  virtual ~Tap() = default;
  /// `layer` is -1 outside the encoder, `head` is -1 except for scores and probabilities.
  /// `values` is row-major, rows * cols, and valid during the call only.
  virtual void tensor(TensorId id, int layer, int head, int rows, int cols,
                      std::span<const std::int32_t> values) = 0;
};

/// Changes the residual stream between the embedding's LayerNorm and its quantization, for
/// experiments on robustness; results are cut to int16.
class StreamFilter {
 public:
  virtual ~StreamFilter() = default;
  /// `x` is row-major, one row of `cols` values a token.
  virtual void apply(int cols, std::span<std::int32_t> x) = 0;
};

/// Checks that `sample` can be an input of `model` (ids, segments, lengths).
Status validate(const Model& model, const Sample& sample);

/// Bit-exact model on XNOR-popcount kernels. Const calls may run from several threads at once.
class GoldenModel {
 public:
  /// Validates and packs `model`, which must outlive this object. If the model breaks a rule, every
  /// call of `logits` returns the error.
  explicit GoldenModel(const Model& model);
  ~GoldenModel();
  GoldenModel(GoldenModel&&) noexcept;
  GoldenModel& operator=(GoldenModel&&) noexcept;

  /// The C logits of row 0. Errors: invalid model or sample, or a value that leaves its stated
  /// width.
  Result<std::vector<std::int32_t>> logits(const Sample& sample, Tap* tap = nullptr,
                                           StreamFilter* filter = nullptr) const;

  const Model& model() const;

 private:
  class Impl;
  std::unique_ptr<const Impl> impl_;
};

/// Index of the first maximum; -1 for an empty span.
int argmax(std::span<const std::int32_t> logits);

}  // namespace bat::bmt
