// SPDX-License-Identifier: Apache-2.0
// Clock gates of standard cells: registers that share an enable get a clock that stops with it.
//
// A gate is a latch that is transparent while the clock is low, and an AND of clock and latch, so
// that the enable may change at any time while the clock is high. The library's own cell is taken
// where it has one (`clock_gating_integrated_cell`), else its latch, AND and inverter.
#pragma once

#include <filesystem>
#include <string>

#include "models/io/result.hpp"
#include "synth/liberty_tree.hpp"

namespace bat::synth {

/// Fewest bits of a register with an enable that get a gated clock by default (docs/area.md).
inline constexpr int kGateMinBits = 2;

/// How a library stops a clock, cells and their pins by name.
struct ClockGateCells {
  struct Integrated {
    std::string cell, clock, enable, output;
    std::string test;  ///< tied to 0; "" without one
  };
  struct Latch {
    std::string cell, enable, data, output;
    bool active_low = false;  ///< transparent while `enable` is 0
  };
  struct Gate {
    std::string cell, a, b, output;  ///< `b` is empty for an inverter
  };
  Integrated integrated;  ///< `cell` is empty without one; then the others count
  Latch latch;
  Gate conjunction;
  Gate inverter;  ///< needed for a latch that is not active low
};

/// The cells of a library: the smallest latch and inverter, the AND of two inputs that drives most.
/// Error: the cell that is missing.
Result<ClockGateCells> find_clock_gate(const LibertyStatement& library);

/// The same from a file; errors are of kind kMismatch and name it.
Result<ClockGateCells> load_clock_gate(const std::filesystem::path& file);

/// Writes the maps to `dir` and gives the commands that gate the registers of at least `min_bits`
/// bits of a design whose registers are words still. Gates of the same clock and enable are one.
Result<std::string> clock_gate_commands(const ClockGateCells& cells, int min_bits,
                                        const std::filesystem::path& dir);

}  // namespace bat::synth
