// SPDX-License-Identifier: Apache-2.0
// The part of a Liberty file that an area report needs: which cells there are, how large they are, and
// whether they have a function. Timing and power tables are skipped.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "models/io/result.hpp"

namespace bat::synth {

struct LibertyCell {
  double area = 0.0;          ///< in the library's area unit (square micrometres for the OSU libraries)
  bool has_function = false;  ///< some output pin has a `function`
  bool sequential = false;    ///< holds an `ff` or `latch` group
};

struct Liberty {
  std::string name;
  std::map<std::string, LibertyCell> cells;

  /// Area of one gate equivalent: that of NAND2X1.
  Result<double> gate_equivalent() const;
};

/// Parses Liberty text. `origin` names the text in errors, which carry a line number.
Result<Liberty> parse_liberty(std::string_view text, std::string_view origin);

/// Reads a Liberty file.
Result<Liberty> read_liberty(const std::filesystem::path& file);

/// Where the Debian package qflow-tech-osu018 puts its library, or the file that the environment variable
/// BAT_LIBERTY names. kMissingTool, with the package to install, when neither is there.
Result<std::filesystem::path> find_osu018();

}  // namespace bat::synth
