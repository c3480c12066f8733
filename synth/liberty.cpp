// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "synth/liberty_tree.hpp"

namespace bat::synth {
namespace {

using Statement = LibertyStatement;

bool has_function(const Statement& group) {
  return std::ranges::any_of(group.members, [](const Statement& member) {
    return member.name == "function" || has_function(member);
  });
}

bool is_sequential(const Statement& cell) {
  return cell.find("ff") != nullptr || cell.find("latch") != nullptr;
}

Result<double> area_of(const Statement& cell, std::string_view origin) {
  const Statement* area = cell.find("area");
  if (area == nullptr) return 0.0;
  double value = 0.0;
  const std::string& text = area->value;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc{} && end == text.data() + text.size() && value >= 0.0) return value;
  return Error{fmt::format("{}:{}: `{}` is not an area", origin, area->line, text)};
}

// Whether the name holds `part` (lower case), whatever its case.
bool named(std::string_view name, std::string_view part) {
  const auto lower = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  };
  return !std::ranges::search(name, part, lower).empty();
}

}  // namespace

Result<Liberty> parse_liberty(std::string_view text, std::string_view origin) {
  const Result<Statement> tree = parse_liberty_tree(text, origin);
  if (!tree) return tree.error();
  Liberty library;
  library.name = tree.value().argument();
  for (const Statement& cell : tree.value().members) {
    if (cell.name != "cell") continue;
    const std::string name(cell.argument());
    if (name.empty()) return Error{fmt::format("{}:{}: a cell without a name", origin, cell.line)};
    const Result<double> area = area_of(cell, origin);
    if (!area) return area.error();
    const LibertyCell entry{area.value(), has_function(cell), is_sequential(cell),
                            cell.find("ff") != nullptr};
    if (!library.cells.try_emplace(name, entry).second)
      return Error{fmt::format("{}:{}: cell `{}` is defined twice", origin, cell.line, name)};
  }
  return library;
}

Result<Liberty> read_liberty(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{fmt::format("cannot read {}", file.string())};
  std::ostringstream text;
  text << in.rdbuf();
  return parse_liberty(text.str(), file.string());
}

Result<double> Liberty::gate_equivalent() const {
  const auto nand = cells.find("NAND2X1");
  double area = nand != cells.end() ? nand->second.area : 0.0;
  if (nand == cells.end()) {
    for (const auto& [cell, info] : cells) {
      if (named(cell, "nand2") && info.area > 0.0 && (area <= 0.0 || info.area < area))
        area = info.area;
    }
  }
  if (area <= 0.0)
    return Error{fmt::format("library {} has no two-input NAND cell with an area", name)};
  return area;
}

Result<std::filesystem::path> find_liberty(const std::optional<std::filesystem::path>& chosen) {
  if (!chosen) return find_osu018();
  std::error_code ignored;
  if (std::filesystem::is_regular_file(*chosen, ignored)) return std::filesystem::absolute(*chosen);
  return Error{fmt::format("cannot read the Liberty file {}", chosen->string()),
               ErrorKind::kMismatch};
}

void fill_areas(Liberty& library, std::string_view lef) {
  LibertyCell* cell = nullptr;
  for (std::size_t at = 0; at < lef.size();) {
    const std::size_t end = std::min(lef.find('\n', at), lef.size());
    std::istringstream line{std::string(lef.substr(at, end - at))};
    at = end + 1;
    std::string word;
    std::string name;
    line >> word;
    if (word == "MACRO" && line >> name) {
      const auto found = library.cells.find(name);
      cell = found == library.cells.end() ? nullptr : &found->second;
    } else if (word == "SIZE" && cell != nullptr && cell->area <= 0.0) {
      double width = 0.0;
      double height = 0.0;
      if (line >> width >> word >> height && word == "BY") cell->area = width * height;
    }
  }
}

Result<Liberty> load_cells(const std::filesystem::path& file) {
  Result<Liberty> library = read_liberty(file);
  if (!library) return Error{library.error().message, ErrorKind::kMismatch};
  std::filesystem::path macros = file;
  if (std::ifstream lef(macros.replace_extension(".lef"), std::ios::binary); lef) {
    std::ostringstream text;
    text << lef.rdbuf();
    fill_areas(library.value(), text.str());
  }
  const auto incomplete = [&file](std::string_view what) {
    return Error{fmt::format("{}: the library is incomplete: {}", file.string(), what),
                 ErrorKind::kMismatch};
  };
  if (!library.value().gate_equivalent()) return incomplete("no two-input NAND cell with an area");
  const auto has = [&library](auto&& which) {
    return std::ranges::any_of(library.value().cells, which);
  };
  if (!has([](const auto& cell) {
        return cell.second.has_function && !cell.second.sequential && named(cell.first, "inv");
      })) {
    return incomplete("no inverter with a function");
  }
  if (!has([](const auto& cell) { return cell.second.sequential; }))
    return incomplete("no flip-flop");
  return library;
}

Result<std::filesystem::path> find_osu018() {
  std::vector<std::filesystem::path> places;
  if (const char* chosen = std::getenv("BAT_LIBERTY"); chosen != nullptr) {
    places.emplace_back(chosen);
  } else {
    places = {"/usr/share/qflow/tech/osu018/osu018_stdcells.lib",
              "/usr/local/share/qflow/tech/osu018/osu018_stdcells.lib"};
  }
  for (const std::filesystem::path& place : places) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(place, ignored)) return place;
  }
  return Error{fmt::format("{} is not there; install it with: apt-get install qflow-tech-osu018",
                           places.front().string()),
               ErrorKind::kMissingTool};
}

}  // namespace bat::synth
