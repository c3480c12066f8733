// SPDX-License-Identifier: Apache-2.0
// Disturbances of a model: noise on the embedding output and bit flips in weight memory.
#pragma once

#include <cstdint>
#include <random>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"

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

/// `model` with each bit of weight memory flipped with probability `rate`: binary matrices of all
/// branches, and the codes of patch embedding and classifier. Tables, thresholds and scales stay.
Model flip_weight_bits(Model model, double rate, std::uint64_t seed);

}  // namespace bat::bmt
