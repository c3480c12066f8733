// SPDX-License-Identifier: Apache-2.0
#include "synth/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "synth/yosys_flow.hpp"

namespace bat::synth {
namespace {

// What a module holds itself: its cells, plus those of modules that the flow dissolved are already
// in it.
Result<Resources> own_resources(const std::string& name, const CellCounts& cells,
                                const Design& design, Target target, const Liberty* liberty) {
  Resources own;
  for (const auto& [type, count] : cells) {
    if (design.modules.contains(type)) continue;
    const std::optional<Resources> use = cell_resources(target, type, liberty);
    if (!use) {
      return Error{fmt::format("module {}: {} cell(s) of type {} are left, which is no cell of {}",
                               name, count, type, to_string(target)),
                   ErrorKind::kMismatch};
    }
    if (Status sum = accumulate(own, *use, count); !sum) return sum.error();
  }
  own.memory_bits = design.modules.at(name).memory_bits;
  for (const auto& [child, count] : design.modules.at(name).children) {
    if (target == Target::kXcup && design.modules.at(child).base == "carry_exit")
      own.carry_exits += count;
  }
  return own;
}

class Totals {
 public:
  Totals(const NetlistCounts& netlist, const std::map<std::string, Resources>& own)
      : netlist_(netlist), own_(own) {}

  Result<Resources> of(const std::string& name) {
    if (const auto known = totals_.find(name); known != totals_.end()) return known->second;
    if (!open_.insert(name).second) return Error{fmt::format("module {} contains itself", name)};
    Resources sum = own_.at(name);
    if (const auto cells = netlist_.find(name); cells != netlist_.end()) {
      for (const auto& [type, count] : cells->second) {
        if (!own_.contains(type)) continue;
        const Result<Resources> child = of(type);
        if (!child) return child;
        if (Status added = accumulate(sum, child.value(), count); !added) return added.error();
      }
    }
    open_.erase(name);
    return totals_[name] = sum;
  }

 private:
  const NetlistCounts& netlist_;
  const std::map<std::string, Resources>& own_;
  std::map<std::string, Resources> totals_;
  std::set<std::string> open_;
};

// Parameters whose values differ among the variants of a module; tap numbers only matter in
// simulation.
std::string distinguishing(const Design& design, const std::string& name) {
  const DesignModule& module = design.modules.at(name);
  std::string text;
  for (const auto& [parameter, value] : module.parameters) {
    if (parameter.starts_with("Tap")) continue;
    const bool differs = std::ranges::any_of(design.modules, [&](const auto& other) {
      const auto found = other.second.parameters.find(parameter);
      return other.second.base == module.base && found != other.second.parameters.end() &&
             found->second != value;
    });
    if (differs) text += fmt::format("{}{}={}", text.empty() ? "" : " ", parameter, value);
  }
  return text;
}

// Instances in the mapped hierarchy (dissolved modules have none).
std::map<std::string, std::uint64_t> mapped_instances(const Design& design,
                                                      const NetlistCounts& netlist) {
  Design mapped;
  mapped.top = design.top;
  for (const auto& [name, module] : design.modules) {
    DesignModule& copy = mapped.modules[name];
    const auto cells = netlist.find(name);
    if (cells == netlist.end()) continue;
    for (const auto& [type, count] : cells->second) {
      if (design.modules.contains(type)) copy.children[type] = count;
    }
  }
  return mapped.instance_counts();
}

nlohmann::ordered_json resources_json(const Resources& use, double ge_um2) {
  return {{"lut", use.lut},
          {"lut_sites", use.lut + use.carry_exits},
          {"lut_memory", use.lut_memory},
          {"ff", use.ff},
          {"carry", use.carry},
          {"muxf", use.muxf},
          {"dsp", use.dsp},
          {"bram36", static_cast<double>(use.bram18) / 2.0},
          {"ebr", use.ebr},
          {"spram", use.spram},
          {"area_um2", use.area_um2},
          {"ge", ge_um2 > 0.0 ? use.area_um2 / ge_um2 : 0.0},
          {"memory_bits", use.memory_bits}};
}

nlohmann::ordered_json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json timing_json(const UnitTiming& unit, double period_ns) {
  if (!unit.register_ns) return nullptr;
  return {{"register_ns", *unit.register_ns},
          {"fmax_mhz", fmax_mhz(*unit.register_ns)},
          {"slack_ns", period_ns - *unit.register_ns},
          {"hold_slack_ns", optional_json(unit.hold_slack_ns)},
          {"enable_ns", optional_json(unit.enable_ns)},
          {"gate_hold_slack_ns", optional_json(unit.gate_hold_slack_ns)},
          {"worst_ns", optional_json(unit.worst_ns)},
          {"start", unit.start},
          {"end", unit.end}};
}

// Units with registers, the slowest first.
std::string timing_table(const SynthReport& report) {
  std::vector<const ModuleReport*> units;
  for (const ModuleReport& module : report.modules) {
    if (module.timing && module.timing->register_ns) units.push_back(&module);
  }
  std::ranges::stable_sort(units, std::greater<>{},
                           [](const ModuleReport* unit) { return *unit->timing->register_ns; });
  std::string text = fmt::format(
      "\nTiming at {:g} ns by OpenSTA: one ideal clock, no wires, RAM clock to output {:g} ns "
      "(assumed), inputs and "
      "outputs at the clock edge; the slowest register path of each unit with all inside it.\n\n"
      "| unit | path ns | Fmax MHz | setup slack | hold slack | to clock gates ns | hold slack "
      "there "
      "| with inputs and outputs ns | from | to |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---|---|\n",
      report.period_ns, report.ram_access_ns);
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.2f}", *value) : "";
  };
  for (const ModuleReport* unit : units) {
    const UnitTiming& timing = *unit->timing;
    text += fmt::format("| {}{}{} | {:.2f} | {:.0f} | {:.2f} | {} | {} | {} | {} | {} | {} |\n",
                        unit->name, unit->parameters.empty() ? "" : " ", unit->parameters,
                        *timing.register_ns, fmax_mhz(*timing.register_ns),
                        report.period_ns - *timing.register_ns, number(timing.hold_slack_ns),
                        number(timing.enable_ns), number(timing.gate_hold_slack_ns),
                        number(timing.worst_ns), timing.start, timing.end);
  }
  return text;
}

// The columns of a target's table: title and text of the value.
using Column = std::pair<std::string, std::string (*)(const Resources&, double)>;

std::vector<Column> columns(Target target) {
  const Column lut{"LUT", [](const Resources& r, double) { return std::to_string(r.lut); }};
  const Column ff{"FF", [](const Resources& r, double) { return std::to_string(r.ff); }};
  const Column bits{"memory bits",
                    [](const Resources& r, double) { return std::to_string(r.memory_bits); }};
  const Column dsp{"DSP", [](const Resources& r, double) { return std::to_string(r.dsp); }};
  switch (target) {
    case Target::kXcup:
      return {lut,
              {"LUT sites",
               [](const Resources& r, double) { return std::to_string(r.lut + r.carry_exits); }},
              {"of these memory",
               [](const Resources& r, double) { return std::to_string(r.lut_memory); }},
              ff,
              {"CARRY4", [](const Resources& r, double) { return std::to_string(r.carry); }},
              {"MUXF", [](const Resources& r, double) { return std::to_string(r.muxf); }},
              dsp,
              {"BRAM36",
               [](const Resources& r, double) {
                 return fmt::format("{:g}", static_cast<double>(r.bram18) / 2.0);
               }},
              bits};
    case Target::kIce40:
      return {lut,
              ff,
              {"CARRY", [](const Resources& r, double) { return std::to_string(r.carry); }},
              {"EBR", [](const Resources& r, double) { return std::to_string(r.ebr); }},
              dsp,
              bits};
    case Target::kOsu018:
      return {{"area um2",
               [](const Resources& r, double) { return fmt::format("{:.0f}", r.area_um2); }},
              {"GE", [](const Resources& r,
                        double ge) { return fmt::format("{:.0f}", r.area_um2 / ge); }},
              ff,
              bits};
  }
  return {};
}

}  // namespace

Result<SynthReport> build_report(const Design& design, const NetlistCounts& netlist, Target target,
                                 const Liberty* liberty) {
  SynthReport report;
  report.target = target;
  if (target == Target::kOsu018) {
    if (liberty == nullptr) return Error{"standard cells need a Liberty library"};
    const Result<double> ge = liberty->gate_equivalent();
    if (!ge) return ge.error();
    report.library = liberty->name;
    report.ge_um2 = ge.value();
  }
  const auto instances = mapped_instances(design, netlist);

  std::map<std::string, Resources> own;
  for (const auto& [name, count] : instances) {
    const auto cells = netlist.find(name);
    const CellCounts none;
    const CellCounts& found = cells != netlist.end() ? cells->second : none;
    if (cells == netlist.end() && !is_ram(design.modules.at(name))) {
      return Error{fmt::format("module {} is missing from the netlist", name),
                   ErrorKind::kMismatch};
    }
    const Result<Resources> use = own_resources(name, found, design, target, liberty);
    if (!use) return use.error();
    own[name] = use.value();
    for (const auto& [type, number] : found) {
      if (!design.modules.contains(type)) report.cells[type] += number * count;
    }
  }
  Totals totals(netlist, own);
  for (const auto& [name, count] : instances) {
    const Result<Resources> total = totals.of(name);
    if (!total) return total.error();
    report.modules.push_back(
        {name, distinguishing(design, name), count, own.at(name), total.value(), {}});
  }
  std::ranges::stable_partition(
      report.modules, [&design](const ModuleReport& module) { return module.name == design.top; });
  report.total = report.modules.front().total;
  return report;
}

std::string conditions(const SynthReport& report) {
  if (report.target == Target::kOsu018) {
    return fmt::format(
        "library {}, 1 GE = NAND2X1 = {:g} um2, {}post-synthesis, no wires, memories as bits (not "
        "in the "
        "area)",
        report.library, report.ge_um2,
        report.period_ns > 0.0 ? fmt::format("buffered and sized for {:g} ns, ", report.period_ns)
                               : "");
  }
  return "post-synthesis, no wires, no vendor packer; memory bits are those of the RAMs, which are "
         "also in the RAM "
         "and LUT columns";
}

nlohmann::ordered_json to_json(const SynthReport& report) {
  nlohmann::ordered_json json;
  json["config"] = report.config;
  json["config_hash"] = report.config_hash;
  json["target"] = to_string(report.target);
  json["tool"] = report.tool;
  json["library"] = report.library;
  json["ge_um2"] = report.ge_um2;
  json["conditions"] = conditions(report);
  json.update(resources_json(report.total, report.ge_um2));
  if (report.period_ns > 0.0) {
    const auto& top = report.modules.front().timing;
    const double critical =
        top ? top->register_ns.value_or(0.0) : 0.0;  // 0: a design without registers
    json["period_ns"] = report.period_ns;
    json["ram_access_ns"] = report.ram_access_ns;
    json["critical_ns"] = critical;
    json["fmax_mhz"] = fmax_mhz(critical);
  }
  json["cells"] = report.cells;
  json["modules"] = nlohmann::ordered_json::array();
  for (const ModuleReport& module : report.modules) {
    json["modules"].push_back({{"name", module.name},
                               {"parameters", module.parameters},
                               {"instances", module.instances},
                               {"own", resources_json(module.own, report.ge_um2)},
                               {"total", resources_json(module.total, report.ge_um2)}});
    if (module.timing)
      json["modules"].back()["timing"] = timing_json(*module.timing, report.period_ns);
  }
  return json;
}

std::string to_markdown(const SynthReport& report) {
  const std::vector<Column> shown = columns(report.target);
  std::string text =
      fmt::format("### {} on {}\n\n{}; {}.\n\nPer module: one instance with all inside it.\n\n",
                  report.config, to_string(report.target), report.tool, conditions(report));
  text += "| module | instances |";
  for (const Column& column : shown) text += fmt::format(" {} |", column.first);
  text += "\n|---|---:|";
  for (std::size_t i = 0; i < shown.size(); ++i) text += "---:|";
  text += '\n';
  for (const ModuleReport& module : report.modules) {
    text += fmt::format("| {}{}{} | {} |", module.name, module.parameters.empty() ? "" : " ",
                        module.parameters, module.instances);
    for (const Column& column : shown)
      text += fmt::format(" {} |", column.second(module.total, report.ge_um2));
    text += '\n';
  }
  return report.period_ns > 0.0 ? text + timing_table(report) : text;
}

}  // namespace bat::synth
