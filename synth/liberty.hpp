// SPDX-License-Identifier: Apache-2.0
// The part of a Liberty file that an area report needs: which cells there are, how large they are,
// and whether they have a function. Timing and power tables are skipped.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "models/io/result.hpp"

namespace bat::synth {

struct LibertyCell {
  double area = 0.0;  ///< in the library's area unit (square micrometres for the OSU libraries)
  bool has_function = false;  ///< some output pin has a `function`
  bool sequential = false;    ///< holds an `ff` or `latch` group
  bool flip_flop = false;     ///< holds an `ff` group
};

struct Liberty {
  std::string name;
  std::map<std::string, LibertyCell> cells;

  /// Area of one gate equivalent: that of NAND2X1, or in libraries with other names the smallest
  /// cell with `nand2` in its name.
  Result<double> gate_equivalent() const;

  /// Full and half adder cells FAX1 (A, B, C, YS, YC) and HAX1, which the flow maps adders to when
  /// they are there.
  bool has_adders() const { return cells.contains("FAX1") && cells.contains("HAX1"); }
};

/// Parses Liberty text. `origin` names the text in errors, which carry a line number.
Result<Liberty> parse_liberty(std::string_view text, std::string_view origin);

/// Reads a Liberty file.
Result<Liberty> read_liberty(const std::filesystem::path& file);

/// Where the Debian package qflow-tech-osu018 puts its library, or the file that the environment
/// variable BAT_LIBERTY names. kMissingTool, with the package to install, when neither is there.
Result<std::filesystem::path> find_osu018();

/// The file that the user chose, or else `find_osu018()`.
Result<std::filesystem::path> find_liberty(const std::optional<std::filesystem::path>& chosen);

/// Gives cells without an area (sequential ones of osu018: the latch) the size of their macro in
/// the text of a LEF file.
void fill_areas(Liberty& library, std::string_view lef);

/// Reads a library, with areas that it lacks from the LEF file of its name beside it, and checks
/// that standard cells can be mapped to it: a two-input NAND with an area, an inverter and a
/// flip-flop. What is unreadable or missing is an error of kind kMismatch that names the file.
Result<Liberty> load_cells(const std::filesystem::path& file);

}  // namespace bat::synth
