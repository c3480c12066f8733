// SPDX-License-Identifier: Apache-2.0
#include "synth/energy_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bat::synth {
namespace {

constexpr double kNano = 1e9;

double seconds(const EnergyReport& report) {
  return static_cast<double>(report.cycles) * report.clock_ns * 1e-9;
}

double per_sample(const EnergyRun& run) {
  return 1.0 / static_cast<double>(std::max<std::size_t>(run.samples, 1));
}

double operations_per_joule(const EnergyReport& report, const EnergyRun& run) {
  const double energy = report.energy.total();
  return energy > 0.0 ? static_cast<double>(run.operations) / energy : 0.0;
}

nlohmann::ordered_json split_json(const EnergySplit& split, double factor) {
  return {{"clock", split.clock * factor},       {"gates", split.gates * factor},
          {"internal", split.internal * factor}, {"switching", split.switching * factor},
          {"leakage", split.leakage * factor},   {"total", split.total() * factor}};
}

nlohmann::ordered_json unit_json(const UnitEnergy& unit, double factor) {
  return {{"module", unit.module},
          {"instances", unit.instances},
          {"cells", unit.cells},
          {"registers", unit.registers},
          {"quiet_registers", unit.quiet_registers},
          {"gated_registers", unit.gated_registers},
          {"clock_gates", unit.clock_gates},
          {"clock_activity", unit.clock_activity},
          {"free_clock_nj", unit.free_clock * factor},
          {"register_activity", unit.register_activity},
          {"gate_activity", unit.gate_activity},
          {"energy_nj", split_json(unit.energy, factor)}};
}

nlohmann::ordered_json memory_json(const MemoryAccesses& memory, double factor) {
  return {{"module", memory.module},
          {"width", memory.width},
          {"depth", memory.depth},
          {"instances", memory.instances},
          {"bits", memory.width * memory.depth * memory.instances},
          {"reads", static_cast<double>(memory.reads) * factor},
          {"writes", static_cast<double>(memory.writes) * factor}};
}

std::string split_row(std::string_view name, const EnergySplit& split, double factor) {
  return fmt::format("| {} | {:.4g} | {:.4g} | {:.4g} | {:.4g} | {:.3g} | {:.4g} |\n", name,
                     split.clock * factor, split.gates * factor, split.internal * factor,
                     split.switching * factor, split.leakage * factor, split.total() * factor);
}

std::string unit_table(const EnergyReport& report, double factor) {
  std::string text =
      "\nBy unit, without the units inside it; activity in transitions a cycle; a register is "
      "quiet "
      "with at most one transition in 100 cycles.\n\n"
      "| unit | instances | registers | quiet | gated | gates | activity of clocks | of registers "
      "| "
      "of cells | clock nJ | ungated nJ | gates nJ | "
      "internal nJ | switching nJ | leakage nJ | total nJ | share |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  const double all = report.energy.total();
  for (const UnitEnergy& unit : report.units) {
    const EnergySplit split = unit.energy * factor;
    text += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {:.3f} | {:.3f} | {:.3f} | {:.4g} | {:.4g} | {:.4g} | "
        "{:.4g} | {:.4g} | {:.3g} | {:.4g} | "
        "{:.1f} % |\n",
        unit.module, unit.instances, unit.registers, unit.quiet_registers, unit.gated_registers,
        unit.clock_gates, unit.clock_activity, unit.register_activity, unit.gate_activity,
        split.clock, unit.free_clock * factor, split.gates, split.internal, split.switching,
        split.leakage, split.total(), all > 0.0 ? 100.0 * unit.energy.total() / all : 0.0);
  }
  return text;
}

std::string memory_table(const EnergyReport& report, double factor) {
  if (report.memories.empty()) return {};
  std::string text =
      "\nMemories, an inference; their energy is not in the figures above.\n\n"
      "| memory | words x bits | instances | bits | reads | writes "
      "|\n|---|---:|---:|---:|---:|---:|\n";
  for (const MemoryAccesses& memory : report.memories) {
    text += fmt::format(
        "| {} | {} x {} | {} | {} | {:.0f} | {:.0f} |\n", memory.module, memory.depth, memory.width,
        memory.instances, memory.width * memory.depth * memory.instances,
        static_cast<double>(memory.reads) * factor, static_cast<double>(memory.writes) * factor);
  }
  return text;
}

}  // namespace

std::string conditions(const EnergyReport& report) {
  return fmt::format(
      "post-synthesis estimate of library {} at {:g} V, buffered and sized for {:g} ns; no wires, "
      "no glitches, one ideal clock: {}, no clock tree; memories not counted{}",
      report.library, report.voltage, report.mapped_ns,
      report.gated ? "registers with an enable behind clock gates, the clock pins of all others in "
                     "every cycle"
                   : "the clock pins of all registers in every cycle (registers with an enable "
                     "keep their clock)",
      report.has_energy_tables
          ? ""
          : "; the library has no internal_power tables, so internal energy is missing");
}

nlohmann::ordered_json to_json(const EnergyReport& report, const EnergyRun& run) {
  const double factor = kNano * per_sample(run);
  const double time = seconds(report);
  nlohmann::ordered_json json{{"config", run.config},
                              {"config_hash", run.config_hash},
                              {"target", "osu018"},
                              {"library", report.library},
                              {"model", run.model},
                              {"samples", run.samples},
                              {"bit_exact", run.bit_exact},
                              {"clock_gating", report.gated},
                              {"conditions", conditions(report)},
                              {"cycles", report.cycles},
                              {"mapped_ns", report.mapped_ns},
                              {"critical_ns", report.critical_ns},
                              {"clock_ns", report.clock_ns}};
  json["power_mw"] = split_json(report.energy, 1e3 / time);
  json["power_mw"]["sta_internal"] = report.sta_internal * 1e3 / time;
  json["energy_nj"] = split_json(report.energy, factor);
  json["energy_nj"]["sta_internal"] = report.sta_internal * factor;
  json["energy_nj"]["free_clock"] = report.free_clock * factor;
  json["operations"] = static_cast<double>(run.operations) * per_sample(run);
  json["tops"] = static_cast<double>(run.operations) / time * 1e-12;
  const double per_joule = operations_per_joule(report, run);
  json["tops_per_watt"] = nullptr;
  if (per_joule > 0.0) json["tops_per_watt"] = per_joule * 1e-12;
  json["units"] = nlohmann::ordered_json::array();
  for (const UnitEnergy& unit : report.units) json["units"].push_back(unit_json(unit, factor));
  json["memories"] = nlohmann::ordered_json::array();
  for (const MemoryAccesses& memory : report.memories)
    json["memories"].push_back(memory_json(memory, per_sample(run)));
  return json;
}

std::string to_markdown(const EnergyReport& report, const EnergyRun& run) {
  const double factor = kNano * per_sample(run);
  const double time = seconds(report);
  std::string text = fmt::format(
      "### Energy of {} on {}\n\n{} inference{} on the netlist, {}; {}.\n\n"
      "| | clock | gates | internal | switching | leakage | total |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n",
      run.model, run.config, run.samples, run.samples == 1 ? "" : "s",
      run.bit_exact ? "logits equal to the golden model" : "LOGITS DIFFER from the golden model",
      conditions(report));
  text += split_row("nJ an inference", report.energy, factor);
  text +=
      split_row(fmt::format("mW at {:.1f} MHz", 1e3 / report.clock_ns), report.energy, 1e3 / time);
  text += fmt::format(
      "\n{:.0f} cycles and {:.4g} operations of the array an inference; {:.4g} TOPS/W of the logic "
      "({:.4g} TOPS). Slowest path {:.2f} ns. OpenSTA's own sum for clock pins and internal: "
      "{:.4g} "
      "nJ.\n",
      static_cast<double>(report.cycles) * per_sample(run),
      static_cast<double>(run.operations) * per_sample(run),
      operations_per_joule(report, run) * 1e-12, static_cast<double>(run.operations) / time * 1e-12,
      report.critical_ns, report.sta_internal * factor);
  if (report.gated) {
    text += fmt::format(
        "\nWith a pulse in every cycle the clock pins of the same registers would take {:.4g} nJ; "
        "clock gates and what passes them take {:.4g} nJ.\n",
        report.free_clock * factor, (report.energy.clock + report.energy.gates) * factor);
  }
  return text + unit_table(report, factor) + memory_table(report, per_sample(run));
}

}  // namespace bat::synth
