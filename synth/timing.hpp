// SPDX-License-Identifier: Apache-2.0
// Static timing of a standard-cell netlist by OpenSTA (program `sta`), unit by unit.
//
// Conditions: one ideal clock `clk_i`, no wires, inputs arrive and outputs are due at the clock
// edge. A RAM is a black box with setup and hold of 0 and a clock-to-output time that the caller
// states: the library has no memories.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "models/io/result.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"

namespace bat::synth {

struct TimingOptions {
  double period_ns = 4.0;      ///< clock of the checks; what the mapping aims at, too
  double ram_access_ns = 1.0;  ///< clock to output of a RAM (an assumption, stated in the report)
  std::chrono::seconds timeout{3600};
};

/// Of one unit with all inside it. Slacks are those at `period_ns`.
struct UnitTiming {
  /// From register (or RAM output) to register (or RAM input), setup included, or `enable_ns` when
  /// that is longer; nullopt without such a path.
  std::optional<double> register_ns;
  std::optional<double> hold_slack_ns;  ///< of the same paths; negative: a violation
  /// To a clock gate: through its latch, which has to be passed before the clock rises.
  std::optional<double> enable_ns;
  std::optional<double> gate_hold_slack_ns;  ///< latch and gating check; negative: a violation
  /// The longest path of any kind, inputs and outputs of the unit included.
  std::optional<double> worst_ns;
  std::string start;  ///< of the longest register path
  std::string end;
};

using TimingReport = std::map<std::string, UnitTiming>;

/// Commands that print the worst paths of a linked and constrained design behind the marks @setup,
/// @hold, @latch, @gate, @latch_hold and @gate_hold, those that there are.
std::string path_commands();

/// Length of the path to a clock gate: OpenSTA's slack of the latch (0 while it borrows time, below
/// 0 beyond what it can borrow) and of the gating check. A latch that is reached while it is closed
/// makes the check start from its opening, half a period; what it waited is no part of the path.
double enable_path_ns(double period_ns, double latch_slack_ns, std::optional<double> gate_slack_ns);

/// MHz of a path of `ns`.
double fmax_mhz(double ns);

/// A Liberty library of black boxes for the RAMs of a design. The voltage counts for the power of
/// what they drive.
std::string ram_liberty(const Design& design, double access_ns, double volts = 1.8);

/// Modules of Verilog text as Yosys writes it, by name.
std::map<std::string, std::string> split_modules(std::string_view verilog);

/// What the analysis printed. Errors (kMismatch): an error of the tool, or a unit without an end
/// mark.
Result<TimingReport> parse_timing(std::string_view log, double period_ns);

/// Analyses every module of a mapped netlist in one run of `sta` in `dir`.
/// Errors: kMissingTool, kMismatch with the log.
Result<TimingReport> analyze_timing(const Design& design, const NetlistCounts& counts,
                                    const std::filesystem::path& netlist,
                                    const std::filesystem::path& liberty,
                                    const TimingOptions& options, const std::filesystem::path& dir);

}  // namespace bat::synth
