// SPDX-License-Identifier: Apache-2.0
#include "cli/report_energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bat::cli {
namespace {

using Json = nlohmann::ordered_json;
using synth::Cell;

constexpr std::array kRuns{"ungated", "gated"};
constexpr std::array kParts{"clock", "gates", "internal", "switching", "leakage"};
constexpr std::size_t kBars = 16;  // units with a bar of their own

Cell number(const Json& metrics, const std::string& pointer, int digits) {
  const Json::json_pointer place(pointer);
  if (!metrics.contains(place) || !metrics.at(place).is_number()) return {"-"};
  return {metrics.at(place).get<double>(), digits, pointer};
}

bool has(const Json& metrics, const std::string& run) {
  return metrics.contains("energy") && metrics.at("energy").contains(run);
}

synth::Table totals(const Json& metrics) {
  synth::Table table;
  table.caption = "An inference; operations are those of the array, memories are not counted.";
  table.columns = {"clock gates",  "clock (nJ)", "gates (nJ)", "internal (nJ)", "switching (nJ)",
                   "leakage (nJ)", "total (nJ)", "power (mW)", "TOPS/W",        "cycles"};
  for (const std::string run : kRuns) {
    if (!has(metrics, run)) continue;
    const std::string at = "/energy/" + run;
    std::vector<Cell> row{Cell(run == "gated" ? "yes" : "no")};
    for (const char* part : kParts) {
      row.push_back(number(metrics, fmt::format("{}/energy_nj/{}", at, part), 1));
    }
    row.push_back(number(metrics, at + "/energy_nj/total", 0));
    row.push_back(number(metrics, at + "/power_mw/total", 1));
    row.push_back(number(metrics, at + "/tops_per_watt", 3));
    row.push_back(number(metrics, at + "/cycles", 0));
    table.rows.push_back(std::move(row));
  }
  return table;
}

synth::Bars unit_bars(const Json& run, const std::string& name) {
  synth::Bars bars;
  bars.caption = fmt::format(
      "Energy of an inference by unit, {}: clock pins of registers, clock gates, and the work of "
      "all cells (internal and switching).",
      name);
  bars.unit = "nJ";
  bars.series = {{"clock", {}}, {"gates", {}}, {"work", {}}};
  const Json& units = run.at("units");
  const auto add = [&](const Json& unit, bool fresh) {
    const Json& energy = unit.at("energy_nj");
    const std::array values{energy.value("clock", 0.0), energy.value("gates", 0.0),
                            energy.value("internal", 0.0) + energy.value("switching", 0.0)};
    for (std::size_t s = 0; s < values.size(); ++s) {
      if (fresh) bars.series[s].values.push_back(0.0);
      bars.series[s].values.back() += values[s];
    }
  };
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (i <= kBars)
      bars.categories.push_back(i < kBars ? units[i].at("module").get<std::string>()
                                          : "all others");
    add(units[i], i <= kBars);
  }
  return bars;
}

synth::Table unit_table(const Json& metrics, const std::string& run) {
  synth::Table table;
  table.caption = fmt::format("By unit, without the units inside it, {}.", run);
  table.columns = {"unit",       "instances",  "registers", "behind gates", "clock activity",
                   "clock (nJ)", "gates (nJ)", "work (nJ)", "total (nJ)"};
  const Json& units = metrics.at("energy").at(run).at("units");
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string at = fmt::format("/energy/{}/units/{}", run, i);
    const Json& energy = units[i].at("energy_nj");
    table.rows.push_back(
        {Cell(units[i].at("module").get<std::string>()), number(metrics, at + "/instances", 0),
         number(metrics, at + "/registers", 0), number(metrics, at + "/gated_registers", 0),
         number(metrics, at + "/clock_activity", 3), number(metrics, at + "/energy_nj/clock", 1),
         number(metrics, at + "/energy_nj/gates", 1),
         Cell(energy.value("internal", 0.0) + energy.value("switching", 0.0), 1),
         number(metrics, at + "/energy_nj/total", 1)});
  }
  return table;
}

}  // namespace

std::string leading_energy(const Json& metrics) {
  for (auto run = kRuns.rbegin(); run != kRuns.rend(); ++run) {
    if (has(metrics, *run)) return fmt::format("/energy/{}", *run);
  }
  return {};
}

std::optional<synth::Section> energy_section(const Json& metrics) {
  const std::string leading = leading_energy(metrics);
  if (leading.empty()) return std::nullopt;
  const Json& run = metrics.at(Json::json_pointer(leading));
  synth::Section section{
      "Energy",
      {synth::Paragraph{fmt::format("Model {}, {} sample(s) on the netlist, logits {} those of the "
                                    "golden model: {}.",
                                    run.at("model").get<std::string>(), run.value("samples", 1),
                                    run.value("bit_exact", false) ? "equal to" : "DIFFERENT from",
                                    run.value("conditions", ""))},
       totals(metrics)}};
  for (const std::string name : kRuns) {
    if (!has(metrics, name)) continue;
    section.blocks.emplace_back(unit_bars(metrics.at("energy").at(name), name));
    section.blocks.emplace_back(unit_table(metrics, name));
  }
  return section;
}

}  // namespace bat::cli
