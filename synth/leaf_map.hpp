// SPDX-License-Identifier: Apache-2.0
// What the small cells of the source (adders, table slots, carry chains, lane gates) become on each
// target. They are mapped as a whole, because logic synthesis finds neither tables with two outputs
// nor carry chains nor adder cells. verif/netlist proves every replacement equal to its source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synth/design.hpp"
#include "synth/tool.hpp"

namespace bat::synth {

/// Whether `base` is a module that `table_map` replaces.
bool is_table_leaf(std::string_view base);

/// Techmap file for 6-input tables with two outputs, carry cells and accumulators in DSP blocks,
/// applied after synthesis: the leaves are black boxes until then.
std::string table_map(const Design& design);

/// Techmap file for full-adder, half-adder and lane-gate cells, applied before synthesis. `$fa` of
/// Yosys is included.
std::string adder_map(const Design& design);

}  // namespace bat::synth
