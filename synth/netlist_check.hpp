// SPDX-License-Identifier: Apache-2.0
// Simulation of mapped netlists beside their source.
//
// Modules of a design stand twice in one Verilator bench: as SystemVerilog and as mapped netlist.
// Both get the same random inputs from reset on, with a second reset half way; all outputs must
// agree in every cycle. RAMs are behavioural on both sides, multipliers of xcup are in LUTs (Yosys
// has no model of DSP48E2).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"

namespace bat::synth {

struct CheckOptions {
  std::uint64_t cycles = 10'000;
  std::uint32_t seed = 1;
  /// Modules to compare, by name in the source; empty: all that contain no others.
  std::vector<std::string> modules;
  /// Where bench, netlist and logs stay; a temporary directory that is removed on success by
  /// default.
  std::optional<std::filesystem::path> work_dir;
  std::optional<std::filesystem::path> liberty;  ///< standard cells (default: `find_osu018()`)
  double period_ns = 0.0;                        ///< of the mapping, as in MapOptions
  int gate_min_bits = 0;                         ///< of the mapping, as in MapOptions
  std::chrono::seconds timeout{3600};            ///< for each run of a tool
};

struct UnitCheck {
  std::string module;             ///< name in the source
  std::string parameters;         ///< "Depth=64 Width=32"
  std::uint64_t output_bits = 0;  ///< compared in each cycle
  std::uint64_t active_bits = 0;  ///< output bits that were seen at 0 and at 1
  std::string mismatch;           ///< "port in cycle n: source x, netlist y"; empty when equal
};

struct NetlistCheck {
  Target target = Target::kXcup;
  std::uint64_t cycles = 0;
  std::vector<UnitCheck> units;
  bool equal() const;
};

/// A mapped design with all that simulating it takes.
struct SimulationNetlist {
  Target target = Target::kXcup;
  Design design;  ///< modules of the netlist; every name has the prefix "net_"
  NetlistCounts counts;
  std::string models;    ///< of the library cells
  std::string wrappers;  ///< behavioural RAMs under their names in the netlist
  std::string netlist;   ///< the mapped modules
};

/// Maps a design for simulation in `dir` (library, period and timeout of the options count).
Result<SimulationNetlist> simulation_netlist(const Sources& sources, Target target,
                                             const std::filesystem::path& dir,
                                             const CheckOptions& options);
Result<SimulationNetlist> simulation_netlist(const Sources& sources, Target target,
                                             const std::filesystem::path& dir,
                                             std::chrono::seconds timeout);

/// Simulates netlist and source side by side in `dir`. A difference is a result, not an error.
Result<NetlistCheck> compare(const SimulationNetlist& mapped, const Sources& sources,
                             const CheckOptions& options, const std::filesystem::path& dir);

/// Both of the above.
Result<NetlistCheck> check_netlist(const Sources& sources, Target target,
                                   const CheckOptions& options);

/// The same for the generated design of a configuration.
Result<NetlistCheck> check_netlist(const Config& config, Target target,
                                   const CheckOptions& options);

std::string to_markdown(const NetlistCheck& check);

/// A source file of a simulation.
struct NetlistFile {
  std::string name;
  std::string text;
};

/// The whole design as a netlist, to be simulated in the place of its sources: cell models,
/// behavioural RAM, mapped modules and a top of the source's name around them, in reading order.
/// Any harness for the source takes it.
Result<std::vector<NetlistFile>> design_files(const SimulationNetlist& mapped,
                                              const Sources& sources);

}  // namespace bat::synth
