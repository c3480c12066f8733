// SPDX-License-Identifier: Apache-2.0
// Emitters of `popcount`: the number of lanes in which two bit vectors agree, or its AND form, and
// of `row_ones`, which the AND form needs once a row.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "rtl_gen/config/config.hpp"
#include "rtl_gen/emit/module.hpp"

namespace bat::blocks {

struct PopcountShape {
  int lanes = 32;  ///< TK, 1 .. 1024
  int stages = 1;  ///< pipeline registers, 0 .. 2: the output, then levels inside the sum
  Popcount topology = Popcount::kFlat;
  std::string name = "popcount";  ///< of the module; qmm_pe instantiates `popcount`
  bool and_form = false;          ///< see `popcount`; kFlat and kFaTree only
};

/// Interfaces of the cells in rtl/ that a structural sum is built from, by module name.
using PopcountCells = std::map<std::string, emit::Interface, std::less<>>;

/// The names that `PopcountCells` must hold.
std::span<const std::string_view> popcount_cells();

/// Module `shape.name`: `clk_i`, `a_i`, `b_i` [lanes], `count_o` [bits of lanes].
/// count_o = popcount(XNOR(a_i, b_i)) of `stages` cycles before. A structural topology stands under
/// `ifdef SYNTHESIS; otherwise the module counts with $countones, which simulates much faster.
///
/// - kFlat: $countones.
/// - kFaTree: a cell a lane, then full and half adders (standard cells).
/// - kLut6: three lanes in two 6-input tables, then six-bit counters and adders.
/// - kChain: two lanes and a running bit in one table with two outputs, eight such tables in a row,
///   then adders: about 1.05 tables a lane without carry cells.
/// - kBlock14: the same rows, and whenever they have left six carries (14 lanes) a carry chain
/// takes
///   two lanes, the running bit and these six; carry chains above: about 0.8 tables a lane.
///
/// AND form: an input `ones_i` [bits of lanes] more, popcount(a_i) of the same cycle, with two
/// stages of the cycle before; count_o [bits of 3 * lanes] = popcount(a_i) +
/// 2 * popcount(NAND(a_i, b_i)).
emit::Module popcount(const PopcountShape& shape, const PopcountCells& cells);

/// Module `row_ones` (`ones_<name>` where `shape.name` is not `popcount`) for the AND form of
/// `shape`: `clk_i`, `a_i` [lanes], `ones_o` [bits of lanes] = popcount(a_i), registered with two
/// stages, as `popcount` takes it.
emit::Module row_ones(const PopcountShape& shape, const PopcountCells& cells);

}  // namespace bat::blocks
