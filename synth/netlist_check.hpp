// SPDX-License-Identifier: Apache-2.0
// Simulation of mapped netlists beside their source.
//
// Every unique module of a design (the top too) stands twice in one Verilator bench: as SystemVerilog and as mapped
// netlist. Both get the same random inputs from reset on, with a second reset half way; all outputs must agree in every
// cycle. RAMs are behavioural on both sides, multipliers of xcup are in LUTs (Yosys has no model of DSP48E2).
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
  /// Modules to compare, by name in the source; empty: all.
  std::vector<std::string> modules;
  /// Where bench, netlist and logs stay; a temporary directory that is removed on success by default.
  std::optional<std::filesystem::path> work_dir;
  std::chrono::seconds timeout{3600};  ///< for each run of a tool
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

/// Maps the design and compares. A difference is a result, not an error.
Result<NetlistCheck> check_netlist(const Sources& sources, Target target, const CheckOptions& options);

/// The same for the generated design of a configuration.
Result<NetlistCheck> check_netlist(const Config& config, Target target, const CheckOptions& options);

std::string to_markdown(const NetlistCheck& check);

/// A source file of a simulation.
struct NetlistFile {
  std::string name;
  std::string text;
};

/// The whole design as a netlist, to be simulated in the place of its sources: cell models, behavioural RAM, mapped
/// modules, in reading order. The top keeps its name, so any harness for the source takes the netlist.
Result<std::vector<NetlistFile>> netlist_files(const Sources& sources, Target target,
                                               const std::filesystem::path& work_dir, std::chrono::seconds timeout);

}  // namespace bat::synth
