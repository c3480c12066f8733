// SPDX-License-Identifier: Apache-2.0
// Disturbances of a model: noise on the embedding output and bit flips in weight memory.
#pragma once

#include <cstdint>
#include <random>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"
#include "models/bmt/protection.hpp"

namespace bat::bmt {

/// Gaussian noise of mean 0 on the output of the embedding's LayerNorm. Its deviation is `sigma`
/// times the root mean square of the token's row, which a LayerNorm brings near 1 in real units.
class GaussianNoise : public StreamFilter {
 public:
  /// The same seed gives the same noise.
  GaussianNoise(double sigma, std::uint64_t seed) : sigma_(sigma), generator_(seed) {}

  void apply(int cols, std::span<std::int32_t> x) override;

 private:
  double normal();

  double sigma_;
  std::mt19937_64 generator_;
};

/// Products whose zero counts of the weights are folded into constants: those with unsigned input,
/// or with lanes that AND (docs/architecture.md, section 2) those with signed input.
enum class FoldedCounts { kUnsigned, kSigned };

/// Flipped bits of weight memory and what guards against them.
struct WeightFlips {
  double rate = 0.0;  ///< of each stored bit, copies and parity bits included
  Protection protection = Protection::kNone;
  /// Bits of a word with a parity bit: that many inputs of an output, `array.depth` of a
  /// configuration. At least 1.
  int word_bits = 32;
  FoldedCounts folded = FoldedCounts::kUnsigned;
};

/// `model` as an accelerator computes it whose weight memory holds flipped bits: those of binary
/// matrices of all branches, and of the codes of patch embedding and classifier. Tables, thresholds
/// and scales stay, and so does what was folded from the right weights: the zero counts of products
/// with unsigned input, which show in the offsets of FFN2 and patch embedding, or those with signed
/// input, which show in the thresholds and offsets of all others. Pruned weights and padding are
/// not flipped. Parity: words with an odd number of flips are read again from memory and right;
/// others stay as they are. Majority: three copies flip independently, two of them decide.
Model flip_weight_bits(Model model, const WeightFlips& flips, std::uint64_t seed);

/// Keeps what an accelerator folds from `right` (docs/architecture.md, section 2) in `model`, whose
/// weights differ from it in bits only.
void keep_folded_counts(Model& model, const Model& right,
                        FoldedCounts folded = FoldedCounts::kUnsigned);

}  // namespace bat::bmt
