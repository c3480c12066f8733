// SPDX-License-Identifier: Apache-2.0
// Emitter of `popcount`: the number of lanes in which two bit vectors agree.
#pragma once

#include <string>

#include "rtl_gen/config/config.hpp"
#include "rtl_gen/emit/module.hpp"

namespace bat::blocks {

struct PopcountShape {
  int lanes = 32;  ///< TK, 1 .. 1024
  int stages = 1;  ///< pipeline registers, 0 .. 2: the output; and one level inside the sum
  Popcount topology = Popcount::kBehavioral;
  std::string name = "popcount";  ///< of the module; qmm_pe instantiates `popcount`
};

/// Interfaces of the cells in rtl/ that a structural sum is built from.
struct PopcountCells {
  emit::Interface full_adder;  ///< fa.sv
  emit::Interface half_adder;  ///< ha.sv
  emit::Interface match3;      ///< lut6_match3.sv
  emit::Interface count6;      ///< lut6_count6.sv
};

/// Module `shape.name`: `clk_i`, `a_i`, `b_i` [lanes], `count_o` [bits of lanes].
/// count_o = popcount(XNOR(a_i, b_i)) of `stages` cycles before. A structural topology stands under
/// `ifdef SYNTHESIS; otherwise the module counts with $countones, which simulates much faster.
emit::Module popcount(const PopcountShape& shape, const PopcountCells& cells);

}  // namespace bat::blocks
