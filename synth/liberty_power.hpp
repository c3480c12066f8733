// SPDX-License-Identifier: Apache-2.0
// The part of a Liberty file that simulation and energy of a netlist need: functions, flip-flops,
// latches, clock gates,
// pin capacitances and the energy tables of `internal_power`. In SI units.
//
// The energy of a transition at a pin is the mean of its tables: over rise and fall, over the pins
// that can have caused it (`related_pin`), and over the conditions (`when`) it is given for.
// Outside of a table its nearest entry counts.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "synth/logic_function.hpp"

namespace bat::synth {

/// Joules over the transition time of an input (seconds) and the load of an output (farads).
struct EnergyTable {
  std::vector<double> slews;   ///< empty: no such axis
  std::vector<double> loads;   ///< empty: no such axis
  std::vector<double> values;  ///< loads within slews
  double at(double slew, double load) const;
};

/// One `internal_power` group.
struct EnergyGroup {
  std::string related_pin;  ///< of an output: the input that caused it; "" without one
  EnergyTable rise;
  EnergyTable fall;
};

struct CellPin {
  std::string name;
  bool input = true;
  double capacitance = 0.0;               ///< farads
  std::optional<LogicFunction> function;  ///< of an output, over pins and states
  std::vector<EnergyGroup> energies;
};

/// `ff (state, inverse) { ... }`.
struct FlipFlop {
  std::string state;
  std::string inverse;
  std::string clock;  ///< the pin whose rising edge it takes
  LogicFunction next;
  std::optional<LogicFunction> clear;
  std::optional<LogicFunction> preset;
};

/// `latch (state, inverse) { ... }` without clear and preset, of one output.
struct Latch {
  std::string enable;  ///< the pin that opens it
  bool active_low = false;
  LogicFunction data;
  std::string output;  ///< the pin that shows its state
};

/// A cell with `clock_gating_integrated_cell`: a pulse of its clock passes when `enable` was 1
/// right before.
struct ClockGateCell {
  std::string clock;
  std::string output;
  LogicFunction enable;  ///< over the pins for enable and test
};

struct PowerCell {
  std::vector<CellPin> pins;  ///< inputs and outputs, in the order of the file
  std::optional<FlipFlop> flip_flop;
  std::optional<Latch> latch;
  std::optional<ClockGateCell> clock_gate;
  /// What keeps the cell out of a netlist that is to be simulated; "" for those that can be.
  std::string unusable;

  /// nullopt for a name that is no pin.
  std::optional<std::size_t> pin(std::string_view name) const;
};

struct PowerLibrary {
  std::string name;
  double voltage = 0.0;     ///< volts, nominal
  bool has_energy = false;  ///< some pin has energy tables
  std::map<std::string, PowerCell> cells;
};

/// Errors: what parse_liberty_tree says; a table, unit or number that cannot be read, with its
/// line; a library without voltage or capacitance unit. Cells with functions that are beyond
/// simulation (latches with clear or preset, more than six inputs, clocked by a falling edge) are
/// marked, no error.
Result<PowerLibrary> parse_power_library(std::string_view text, std::string_view origin);

/// The same from a file; errors are of kind kMismatch and name it.
Result<PowerLibrary> load_power_library(const std::filesystem::path& file);

}  // namespace bat::synth
