// SPDX-License-Identifier: Apache-2.0
// From a configuration, or any set of sources, to an area report.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"
#include "synth/report.hpp"
#include "synth/timing.hpp"

namespace bat::synth {

struct SynthOptions {
  /// Where scripts, logs and netlists stay; a temporary directory that is removed on success by
  /// default.
  std::optional<std::filesystem::path> work_dir;
  /// Standard cells: the Liberty file (default: `find_osu018()`).
  std::optional<std::filesystem::path> liberty;
  /// Standard cells: buffers and sizes for this clock, and analyses every unit.
  std::optional<TimingOptions> timing;
  /// Standard cells: as in MapOptions.
  int gate_min_bits = 0;
  /// For each run of a tool.
  std::chrono::seconds timeout{3600};
};

/// Elaborates and maps the sources and counts the result. `config` and `config_hash` of the report
/// stay empty. Errors: kMissingTool, or kMismatch with the log of the tool that failed.
Result<SynthReport> synthesize_sources(const Sources& sources, Target target,
                                       const SynthOptions& options);

/// Generates the design of a configuration and does the same.
Result<SynthReport> synthesize(const Config& config, Target target, const SynthOptions& options);

/// Writes the generated SystemVerilog of a configuration below `dir` and names it.
Result<Sources> generated_sources(const Config& config, const std::filesystem::path& dir);

/// "Yosys 0.23 (git sha1 ...)" down to "Yosys 0.23"; its log goes to `dir`.
Result<std::string> yosys_version(const std::filesystem::path& dir);

}  // namespace bat::synth
