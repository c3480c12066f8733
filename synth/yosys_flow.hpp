// SPDX-License-Identifier: Apache-2.0
// Maps an elaborated hierarchy to a target with Yosys 0.23 or newer: every unique module is mapped
// once, in one run.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "models/io/result.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"

namespace bat::synth {

struct MapOptions {
  /// Leave `bat_ram` as black boxes also on FPGA targets (always so for standard cells).
  bool ram_black_box = false;
  /// Multiplier blocks may be used (xcup).
  bool dsp = true;
  /// Standard cells: the library (default: `find_osu018()`).
  std::optional<std::filesystem::path> liberty;
  /// Standard cells: buffer and size for this period (0: smallest area, large fan-outs are left to
  /// later tools).
  double period_ns = 0.0;
  /// Standard cells: registers with an enable of at least this many bits get a gated clock
  /// (synth/clock_gate.hpp); 0: none, they keep their clock and a multiplexer.
  int gate_min_bits = 0;
  std::chrono::seconds timeout{3600};
};

/// A library as the mapping uses it.
struct CellLibrary {
  std::filesystem::path file;
  bool adders = true;  ///< holds FAX1 and HAX1
  std::string gating;  ///< commands that gate clocks; "" without gating
};

struct MappedNetlist {
  NetlistCounts counts;
  std::filesystem::path verilog;  ///< the netlist, without black boxes and cell models
  double seconds = 0.0;
};

/// The commands that map the design of `design.rtlil`. `liberty` is used for standard cells only.
std::string map_script(const Design& design, Target target, const MapOptions& options,
                       const CellLibrary& library, const std::filesystem::path& work_dir);

/// Runs the commands. An unexpected warning, an inferred latch, an undriven net or a cell that is
/// not the target's is an error.
Result<MappedNetlist> map_design(const Design& design, Target target, const MapOptions& options,
                                 const std::filesystem::path& work_dir);

/// Modules too small to be worth a boundary are dissolved into what uses them: adders, and on
/// targets without 6-input LUTs also the leaves that are written for those.
bool is_dissolved(const DesignModule& module, Target target);

}  // namespace bat::synth
