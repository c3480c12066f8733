// SPDX-License-Identifier: Apache-2.0
// One input of a model with its expected result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bat::bmt {

struct Sample {
  std::vector<std::uint32_t> ids;      ///< token models: one id a token
  std::vector<std::uint8_t> segments;  ///< token models: one a token; empty means all 0
  std::vector<std::uint8_t> features;  ///< feature models: (tokens - 1) x feature_count, row-major
  int feature_count = 0;               ///< K, features a row
  int label = -1;                      ///< class index; -1 when unknown or regression
  float target = 0.0F;                 ///< regression score

  /// Sequence length N. The class token of a feature model counts, so an empty sample has 1.
  int tokens() const {
    if (!ids.empty()) return static_cast<int>(ids.size());
    if (feature_count <= 0) return 1;
    return 1 + static_cast<int>(features.size() / static_cast<std::size_t>(feature_count));
  }
};

}  // namespace bat::bmt
