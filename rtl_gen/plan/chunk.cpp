// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/plan/chunk.hpp"

#include <algorithm>

namespace bat {
namespace {

/// Tiles whose words fit in the given share of each ring.
int tiles_in(const Plan& plan, const TileCost& cost, int divisor) {
  int tiles = kMaxInstructionTiles;
  if (cost.w > 0) tiles = std::min(tiles, plan.w_ring_words / divisor / cost.w);
  if (cost.t > 0) tiles = std::min(tiles, plan.t_ring_words / divisor / cost.t);
  if (cost.p > 0) tiles = std::min(tiles, plan.p_ring_words / divisor / cost.p);
  return tiles;
}

}  // namespace

std::optional<int> chunk_tiles(const Plan& plan, const TileRange& range, const TileCost& cost) {
  const int granules = ceil_div(range.tiles, range.granule);
  const int least = std::min(range.granule, range.tiles);
  int room = tiles_in(plan, cost, 2);
  if (room < least) room = tiles_in(plan, cost, 1);
  if (room < least) return std::nullopt;
  const int granules_in_chunk = std::max(1, room / range.granule);
  const int chunks = ceil_div(granules, granules_in_chunk);
  return std::min(ceil_div(granules, chunks) * range.granule, range.tiles);
}

}  // namespace bat
