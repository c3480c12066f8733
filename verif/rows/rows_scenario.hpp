// SPDX-License-Identifier: Apache-2.0
// Random work for the rows bench with the results that docs/numerics.md demands. Every row tile,
// score slot and feature region has one owner at a time, as the waits of a program ensure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "verif/rows/rows_bench.hpp"

namespace bat::rows {

class Scenario {
 public:
  Scenario(std::uint64_t seed, const Pace& pace);

  /// Creates and completes `jobs` pieces of work; false on a mismatch or when nothing moves any
  /// more.
  bool run(int jobs);
  Bench& bench() { return bench_; }

 private:
  struct RowTile {
    bool busy = false;
    bool known = false;  ///< RES was written
    bool stat = false;   ///< STAT holds the sums of RES
    int rvalid = kTr;
    std::vector<std::vector<std::int32_t>> res;  ///< [row][column]
    std::vector<std::int64_t> sum, square;       ///< [row]
  };
  struct Slot {
    bool busy = false;
    bool known = false;
    std::vector<std::vector<std::int64_t>> score;  ///< [row][key]
  };
  struct LBlock {
    std::vector<std::array<std::int32_t, 3>> channels;  ///< gain, offset, q_offset
  };
  struct Affine {
    std::vector<std::array<std::int64_t, 3>> record;  ///< [column or one] mul 0, mul 1, offset
    int shift = 0;
    int acc_bits = 1;
    bool bcast = false;
  };

  std::int64_t pick(std::int64_t low, std::int64_t high);
  bool coin(int percent) { return pick(0, 99) < percent; }
  int new_tag(std::function<void()> on_done);
  bool create();
  bool add_embed();
  bool add_layernorm();
  bool add_features();
  bool add_residual();
  bool add_scores();
  bool add_softmax();
  bool add_code();
  bool add_logits();

  Affine random_affine(int result_bits);
  /// Pushes the tile's P records, fills its operands and returns v for [row][column].
  std::vector<std::vector<std::int64_t>> fill_wide(Tile& tile, const Affine& affine, bool free);
  int push_records(const Affine& affine);
  void write_planes(Writes& writes, int mem, int row, int base, int stride, int planes,
                    const std::vector<std::int32_t>& codes) const;
  int res_base(int rt) const { return rt / 2 * ceil_div(kMaxD, kLanes); }
  Writes residual_writes(int rt, int first, int last, bool all_rows) const;

  Bench bench_;
  Pace pace_;
  int d_;  ///< hidden size of this scenario
  std::vector<RowTile> tiles_;
  std::array<Slot, 4> slots_;
  bool features_busy_ = false;
  bool logits_busy_ = false;
  std::vector<LBlock> l_blocks_;  ///< L ring content that is not freed by an instruction given
  std::array<std::uint32_t, kTr> tokens_{};
  bool tokens_known_ = false;
  std::map<int, std::function<void()>> pending_;
  int next_tag_ = 0;
};

}  // namespace bat::rows
