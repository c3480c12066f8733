// SPDX-License-Identifier: Apache-2.0
// A page of results: sections of text, tables and charts, given as data, written as Markdown or as
// one HTML file that needs no network. Charts are drawn by D3 (Debian package node-d3), which is
// copied into the file.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "models/io/result.hpp"

namespace bat::synth {

/// Text, or a number with the place where the metrics hold it.
struct Cell {
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* words) : text(words) {}             // NOLINT(google-explicit-constructor)
  /// `digits` behind the point; `pointer` (JSON pointer into metrics.json) may be empty.
  Cell(double number, int digits, std::string pointer = "");

  std::string text;     ///< as shown
  bool number = false;  ///< right-aligned
  double value = 0.0;
  std::string pointer;
  std::string link;  ///< address; empty for none
};

struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Areas nested one level: boxes of a group share a colour. `values` in the order of `metrics`; the
/// reader switches.
struct Treemap {
  struct Metric {
    std::string name;
    std::string unit;
  };
  struct Box {
    std::string group;
    std::string name;
    std::string note;  ///< shown when pointed at
    std::vector<double> values;
  };
  std::string caption;
  std::vector<Metric> metrics;
  std::vector<Box> boxes;
};

/// Horizontal bars, stacked by series.
struct Bars {
  struct Series {
    std::string name;
    std::vector<double> values;  ///< one a category
  };
  std::string caption;
  std::string unit;
  std::vector<std::string> categories;
  std::vector<Series> series;
};

/// What each lane does over time; the reader zooms and drags.
struct Spans {
  struct Span {
    std::size_t lane = 0;
    std::string group;  ///< gives the colour
    std::string name;
    double start = 0.0;
    double end = 0.0;
  };
  std::string caption;
  std::string unit;
  std::vector<std::string> lanes;
  std::vector<Span> spans;
};

/// Points by two of their quantities, which the reader chooses; a click shows `details`.
struct Scatter {
  struct Axis {
    std::string name;
    bool logarithmic = false;  ///< where all values are above 0
  };
  struct Point {
    std::string name;
    std::string group;           ///< gives the colour
    std::vector<double> values;  ///< in the order of `axes`
    std::string details;         ///< shown as it stands
  };
  std::string caption;
  std::vector<Axis> axes;
  std::size_t x = 0;  ///< axes drawn at first
  std::size_t y = 1;
  std::vector<Point> points;
};

struct Paragraph {
  std::string text;
};

using Block = std::variant<Paragraph, Table, Treemap, Bars, Spans, Scatter>;

struct Section {
  std::string title;
  std::vector<Block> blocks;
};

struct Page {
  std::string title;
  std::string subtitle;
  std::vector<std::pair<std::string, Cell>> facts;  ///< the large numbers at the top
  std::vector<Section> sections;
  std::string footer;
};

/// Tables and text; charts only by their captions, the HTML shows them.
std::string to_markdown(const Page& page);

/// Where D3 is: the file that the environment variable BAT_D3 names, or that of the package.
/// kMissingTool with the package to install.
Result<std::filesystem::path> find_d3();

/// One file with style, data, library and program inside. Numbers of tables carry `data-pointer`
/// and `data-value`.
Result<std::string> to_html(const Page& page);

}  // namespace bat::synth
