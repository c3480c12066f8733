// SPDX-License-Identifier: Apache-2.0
// Area report of one design on one target.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"
#include "synth/liberty.hpp"
#include "synth/timing.hpp"

namespace bat::synth {

struct ModuleReport {
  std::string
      name;  ///< unique in the report: the source's name, numbered when several variants exist
  std::string parameters;            ///< those that tell the variants apart, "Depth=64 Width=32"
  std::uint64_t instances = 0;       ///< in the whole design
  Resources own;                     ///< one instance, without the reported modules inside it
  Resources total;                   ///< one instance with all that is inside it
  std::optional<UnitTiming> timing;  ///< when it was asked for
};

/// The sum of `instances * own` over the modules is the total of the design.
struct SynthReport {
  std::string config;       ///< name of the configuration
  std::string config_hash;  ///< SHA-256 of the configuration, hex
  Target target = Target::kXcup;
  std::string tool;     ///< what mapped it, with its version
  std::string library;  ///< Liberty library of a standard-cell target
  double ge_um2 = 0.0;  ///< area of a gate equivalent (NAND2X1); 0 on FPGA targets
  Resources total;
  CellCounts cells;                   ///< library cells of the whole design by type
  std::vector<ModuleReport> modules;  ///< the top first, then by name
  double period_ns =
      0.0;  ///< clock that the mapping buffered and sized for; 0: mapped for area, no timing
  double ram_access_ns = 0.0;  ///< assumed clock-to-output time of RAMs
  double seconds = 0.0;        ///< wall time of the mapping; not part of the JSON

  double ge() const { return ge_um2 > 0.0 ? total.area_um2 / ge_um2 : 0.0; }
};

/// Multiplies the counts of each module through the hierarchy. `liberty` is needed for standard
/// cells. An error names a cell that the target's flow must not leave (such as a generic `$` cell).
Result<SynthReport> build_report(const Design& design, const NetlistCounts& netlist, Target target,
                                 const Liberty* liberty);

/// Keys: config, config_hash, target, tool, library, ge_um2, conditions, lut, lut_sites (with one
/// more for each carry that leaves its chain beside a sum), lut_memory, ff, carry, muxf, dsp,
/// bram36 (a RAMB18 is half a one), ebr, spram, area_um2, ge, memory_bits, cells, modules[] with
/// name, parameters, instances, own, total. With timing also: period_ns, ram_access_ns, critical_ns
/// and fmax_mhz of the whole design, and in each module `timing` (null without registers) with
/// register_ns, fmax_mhz, slack_ns, hold_slack_ns, worst_ns, start, end.
nlohmann::ordered_json to_json(const SynthReport& report);

/// A table of the modules with the conditions of the measurement.
std::string to_markdown(const SynthReport& report);

/// The conditions every number stands under: library, gate equivalent, post-synthesis, no wires,
/// memories as bits.
std::string conditions(const SynthReport& report);

}  // namespace bat::synth
