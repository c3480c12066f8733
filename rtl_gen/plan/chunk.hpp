// SPDX-License-Identifier: Apache-2.0
// Chunks: how many column tiles of a matrix are in the rings at a time. Weights of a chunk are
// loaded once and used by every row tile, so a chunk must fit; two chunks in the rings let one load
// while the other is in use.
#pragma once

#include <optional>

#include "rtl_gen/plan/plan.hpp"

namespace bat {

/// Ring words that one column tile takes.
struct TileCost {
  int w = 0;
  int t = 0;
  int p = 0;
};

/// Column tiles of a matrix and the steps in which it can be cut.
struct TileRange {
  int tiles = 0;
  int granule = 1;  ///< a chunk is a multiple of it, but for the last one
};

/// Most tiles that an instruction can name (field QmmNct).
inline constexpr int kMaxInstructionTiles = 1023;

/// Tiles of every chunk but the last: the least number of chunks such that two fit in the rings, or
/// one where two granules do not fit, cut as evenly as granules allow. Nothing if not even one
/// granule fits.
std::optional<int> chunk_tiles(const Plan& plan, const TileRange& range, const TileCost& cost);

}  // namespace bat
