// SPDX-License-Identifier: Apache-2.0
// From a configuration to a folder of SystemVerilog.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat {

struct GeneratedFile {
  std::string name;  ///< relative to the output directory, such as rtl/bat_top.sv
  std::string text;
};

/// The design in memory.
struct GeneratedDesign {
  std::vector<GeneratedFile>
      sources;  ///< SystemVerilog in reading order: bat_pkg first, bat_top last
  std::vector<GeneratedFile> documents;  ///< filelist.f, regs.hpp, regs.md, manifest.json
};

struct GenerateReport {
  std::vector<std::string> files;  ///< written files, relative to the output directory, sorted
};

/// Emits every module of the configuration and takes the hand-written ones that it uses. The error
/// lists each rule that an emitted module breaks (a fault of the generator, never of the input).
Result<GeneratedDesign> generate_design(const Config& config, const Plan& plan);

/// Writes the design to `output`, all or nothing: a complete folder beside it takes its place at
/// the end. An existing folder is replaced only if it has no files or holds a manifest.json of a
/// generated design.
Result<GenerateReport> generate(const Config& config, const Plan& plan,
                                const std::filesystem::path& output);

}  // namespace bat
