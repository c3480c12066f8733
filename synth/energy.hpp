// SPDX-License-Identifier: Apache-2.0
// Energy of a mapped netlist from the transitions of a simulated run: by OpenSTA (program `sta`)
// and the Liberty file's own tables, unit by unit.
//
// What a figure is: a post-synthesis estimate of one library. No wires, so a net's load is that of
// its pins; no clock tree, but the clock pins of all registers in every cycle; no glitches; RAMs
// are counted in bits and accesses and have no energy here.
//
// - switching: half C V^2 a transition, from OpenSTA's instance power at the recorded activity.
// - leakage: from OpenSTA, over the time of the run.
// - internal: transitions times the library's energy tables (synth/liberty_power.hpp) at the
//   transition times that OpenSTA calculated. OpenSTA 2.0.17 charges rise and fall for every
//   transition and every input, two to three times too much; its own sum is shown beside.
// - clock: energy tables of the registers' clock pins, rise and fall a pulse, and C V^2 of these
//   pins. A pulse a cycle, or those that a clock gate lets pass.
// - gates: the same of the clock pins of clock gates and of the inverters between them, and the
//   tables of their clock outputs, whose load is in the pins that they drive.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/design.hpp"
#include "synth/gate_netlist.hpp"
#include "synth/gate_sim.hpp"
#include "synth/liberty_power.hpp"

namespace bat::synth {

struct EnergyOptions {
  std::optional<std::filesystem::path> liberty;  ///< default: `find_osu018()`
  double period_ns = 4.0;                        ///< what the mapping buffers and sizes for
  int gate_min_bits = 0;                         ///< as in MapOptions
  double ram_access_ns = 1.0;                    ///< assumed clock-to-output time of RAMs
  std::chrono::seconds timeout{3600};            ///< for each run of a tool
};

/// A mapped design with what simulation and power analysis need.
struct EnergySubject {
  Design design;
  FlatNetlist netlist;
  PowerLibrary library;
  std::filesystem::path liberty;
  std::filesystem::path verilog;  ///< the netlist
  bool gated = false;             ///< mapped with clock gates
};

/// Maps sources to standard cells in `dir`. Errors: kMissingTool (also for `sta`, asked before);
/// kMismatch with the log of a tool, or the place in a library that is broken or incomplete.
Result<EnergySubject> energy_subject(const Sources& sources, const EnergyOptions& options,
                                     const std::filesystem::path& dir);

/// Joules.
struct EnergySplit {
  double clock = 0.0;
  double gates = 0.0;
  double internal = 0.0;
  double switching = 0.0;
  double leakage = 0.0;
  double total() const { return clock + gates + internal + switching + leakage; }
  EnergySplit& operator+=(const EnergySplit& other);
  EnergySplit operator*(double factor) const;
};

/// All instances of a module, without the modules inside it.
struct UnitEnergy {
  std::string module;
  std::uint64_t instances = 0;
  std::uint64_t cells = 0;
  std::uint64_t registers = 0;
  std::uint64_t quiet_registers = 0;  ///< with a transition in at most one of 100 cycles
  std::uint64_t gated_registers = 0;  ///< behind a clock gate
  std::uint64_t clock_gates = 0;
  double clock_activity = 0.0;     ///< pulses a cycle of a register's clock, mean
  double free_clock = 0.0;         ///< clock energy of the same registers without gates
  double register_activity = 0.0;  ///< transitions a cycle of a register output, mean
  double gate_activity = 0.0;      ///< the same of the outputs of other cells
  EnergySplit energy;              ///< of the whole run
};

struct MemoryAccesses {
  std::string module;
  std::uint64_t width = 0;
  std::uint64_t depth = 0;
  std::uint64_t instances = 0;
  std::uint64_t reads = 0;  ///< of the whole run, all instances
  std::uint64_t writes = 0;
};

struct EnergyReport {
  std::string library;
  bool has_energy_tables =
      true;  ///< without them internal is 0 and clock is that of the pins' load
  double voltage = 0.0;
  double mapped_ns = 0.0;    ///< period of the mapping
  double critical_ns = 0.0;  ///< slowest path between registers; 0 without one
  double clock_ns = 0.0;     ///< the slower of both: the clock that power and leakage stand for
  std::uint64_t cycles = 0;
  EnergySplit energy;             ///< of the whole run
  bool gated = false;             ///< mapped with clock gates
  double free_clock = 0.0;        ///< clock energy of all registers with a pulse in every cycle
  double sta_internal = 0.0;      ///< what OpenSTA says of internal and clock energy together
  std::vector<UnitEnergy> units;  ///< the largest energy first
  std::vector<MemoryAccesses> memories;
};

/// The energy of what `sim` has counted; runs `sta` in `dir`. Errors: nothing was counted;
/// kMissingTool; kMismatch with the log of `sta`.
Result<EnergyReport> measure_energy(const EnergySubject& subject, const GateSim& sim,
                                    const EnergyOptions& options, const std::filesystem::path& dir);

/// Of one cell, from the analysis.
struct CellPower {
  double internal = 0.0;  ///< watts
  double switching = 0.0;
  double leakage = 0.0;
  std::map<std::string, double> slews;  ///< seconds, by output pin: mean of rise and fall
};

struct PowerAnalysis {
  std::map<std::string, CellPower> cells;  ///< by path
  double critical_ns = 0.0;
};

/// Reads what the analysis printed. Errors (kMismatch): an error of the tool, no end mark.
Result<PowerAnalysis> parse_power(std::string_view log, double period_ns);

}  // namespace bat::synth
