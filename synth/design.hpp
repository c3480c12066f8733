// SPDX-License-Identifier: Apache-2.0
// A hierarchy as Yosys elaborates it: modules with their parameters, ports, memories and instances.
//
// Elaboration gives every parameter set a module of its own. Modules that end up alike (for example
// slices that differ in a number used in simulation only) are merged here, so that each is
// synthesised once, and all get plain names: `base`, or `base_1`, `base_2`, ... when several
// variants remain.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"
#include "synth/tool.hpp"

namespace bat::synth {

/// The SystemVerilog of a design, in reading order (packages first).
struct Sources {
  std::vector<std::filesystem::path> files;
  std::string top;
  /// Values for parameters of the top module (name, integer).
  std::map<std::string, std::int64_t> parameters;
};

struct Port {
  std::string name;
  bool input = true;
  std::uint32_t width = 1;
};

struct DesignModule {
  std::string base;  ///< name in the source
  std::map<std::string, std::string>
      parameters;           ///< resolved values, decimal where they are integers
  std::vector<Port> ports;  ///< in declaration order
  std::map<std::string, std::uint64_t>
      children;                   ///< instances by module name (design modules only)
  std::uint64_t memory_bits = 0;  ///< of the memories declared in the module itself
  bool keep_hierarchy = false;    ///< asked for by the source
};

struct Design {
  std::string top;
  std::map<std::string, DesignModule> modules;
  std::filesystem::path rtlil;  ///< the elaborated design, with the names above

  /// How often each module occurs below (and including) the top.
  std::map<std::string, std::uint64_t> instance_counts() const;
};

/// Parses RTLIL text as Yosys writes it, merges modules that are alike and gives plain names, each
/// with `prefix` in front. `renamed` receives the text with the new names.
Result<Design> parse_rtlil(std::string_view text, std::string_view prefix, std::string& renamed);

/// Elaborates the sources with Yosys into `work_dir`. Any warning is an error. A `prefix` lets
/// netlist and source fit into one simulation.
Result<Design> elaborate(const Sources& sources, std::string_view prefix,
                         const std::filesystem::path& work_dir, std::chrono::seconds timeout);

/// Whether a module is the RAM of the design (`bat_ram`): the one module that holds memories.
bool is_ram(const DesignModule& module);

/// Quotes a path for a Yosys script.
std::string quoted(const std::filesystem::path& path);

/// Writes a text file, replacing what was there.
Status write_text(const std::filesystem::path& file, std::string_view text);

/// Reads a whole file.
Result<std::string> read_text(const std::filesystem::path& file);

}  // namespace bat::synth
