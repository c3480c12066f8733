// SPDX-License-Identifier: Apache-2.0
#include "synth/energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>
#include <utility>

#include "synth/liberty.hpp"
#include "synth/timing.hpp"
#include "synth/tool.hpp"
#include "synth/yosys_flow.hpp"

namespace bat::synth {
namespace {

constexpr double kRamPin = 0.01e-12;  // farads, as in the black boxes of ram_liberty
constexpr double kRamSlew = 0.1e-9;   // seconds, the same
constexpr double kQuiet = 0.01;       // transitions a cycle

// Load of each net: its input pins.
std::vector<double> net_loads(const EnergySubject& subject) {
  std::vector<double> loads(subject.netlist.nets, 0.0);
  for (const FlatCell& cell : subject.netlist.cells) {
    const auto kind = subject.library.cells.find(cell.type);
    for (const GatePort& pin : cell.pins) {
      double load = pin.name == "rdata_o" ? 0.0 : kRamPin;
      if (kind != subject.library.cells.end()) {
        const auto index = kind->second.pin(pin.name);
        load =
            index && kind->second.pins[*index].input ? kind->second.pins[*index].capacitance : 0.0;
      }
      for (const std::uint32_t net : pin.nets) loads[net] += load;
    }
  }
  return loads;
}

bool is_output(const EnergySubject& subject, const FlatCell& cell, const std::string& pin) {
  const auto kind = subject.library.cells.find(cell.type);
  if (kind == subject.library.cells.end()) return pin == "rdata_o";
  const auto index = kind->second.pin(pin);
  return index && !kind->second.pins[*index].input;
}

// Transitions a cycle of a cell's outputs, weighted by their loads: with it, one number a cell, the
// switching power is that of each output at its own activity.
double output_activity(const EnergySubject& subject, const FlatCell& cell,
                       const std::vector<double>& loads, const std::vector<std::uint32_t>& toggles,
                       double cycles) {
  double weighted = 0.0;
  double load = 0.0;
  double plain = 0.0;
  std::uint64_t outputs = 0;
  for (const GatePort& pin : cell.pins) {
    if (!is_output(subject, cell, pin.name)) continue;
    for (const std::uint32_t net : pin.nets) {
      weighted += loads[net] * toggles[net];
      load += loads[net];
      plain += toggles[net];
      ++outputs;
    }
  }
  if (outputs == 0) return 0.0;
  return (load > 0.0 ? weighted / load : plain / static_cast<double>(outputs)) / cycles;
}

std::string activity_text(const EnergySubject& subject, const GateSim& sim,
                          const std::vector<double>& loads) {
  std::string text;
  for (const FlatCell& cell : subject.netlist.cells) {
    text += fmt::format(
        "{} {:.9g}\n", cell.path,
        output_activity(subject, cell, loads, sim.toggles(), static_cast<double>(sim.cycles())));
  }
  return text;
}

// One cell after the other gets its activity as that of the whole design: activities of single pins
// do not survive the propagation of OpenSTA 2.0.17, and `-pins` of set_power_activity fails there.
std::string power_script(const EnergySubject& subject, const EnergyOptions& options) {
  const bool clocked = std::ranges::any_of(subject.netlist.ports, [](const GatePort& port) {
    return port.input && port.name == "clk_i";
  });
  return fmt::format(
      "read_liberty {{{}}}\nread_liberty rams.lib\nread_verilog {{{}}}\nlink_design {}\n"
      "create_clock -name clk -period {}{}\n"
      "foreach port [all_inputs] {{ if {{[get_name $port] ne \"clk_i\"}} "
      "{{ set_input_delay 0 -clock clk $port }} }}\n"
      "set_output_delay 0 -clock clk [all_outputs]\n"
      "set in [open activity.txt]\n"
      "while {{[gets $in line] >= 0}} {{ set activity([lindex [split $line] 0]) [lindex [split "
      "$line] 1] }}\n"
      "{}"
      "puts \"@cells\"\n"
      "foreach cell [sta::network_leaf_instances] {{\n"
      "  set name [get_full_name $cell]\n"
      "  if {{![info exists activity($name)]}} {{ continue }}\n"
      "  sta::set_power_global_activity $activity($name) 0.5\n"
      "  puts \"@cell $name [sta::instance_power $cell [sta::cmd_corner]]\"\n"
      "  foreach pin [get_pins -of_objects $cell] {{\n"
      "    if {{[get_property $pin direction] ne \"output\"}} {{ continue }}\n"
      "    puts \"@slew [get_property $pin lib_pin_name] "
      "[get_property $pin actual_rise_transition_max] "
      "[get_property $pin actual_fall_transition_max]\"\n  }}\n}}\nputs \"@end\"\n",
      subject.liberty.string(), subject.verilog.string(), subject.design.top, options.period_ns,
      clocked ? " [get_ports clk_i]" : "", path_commands());
}

struct Reader {
  double period_ns;
  PowerAnalysis analysis;
  CellPower* cell = nullptr;
  bool ended = false;
  std::string part;
  std::optional<double> latch;

  void slack(double value) {
    if (part == "@setup") path(period_ns - value);
    if (part == "@latch") path(enable_path_ns(period_ns, *(latch = value), std::nullopt));
    if (part == "@gate" && latch) path(enable_path_ns(period_ns, *latch, value));
  }
  void path(double ns) { analysis.critical_ns = std::max(analysis.critical_ns, ns); }

  void line(const std::string& text) {
    std::istringstream in(text);
    std::string mark;
    in >> mark;
    if (mark == "@cell") {
      std::string name;
      double total = 0.0;
      in >> name;
      cell = &analysis.cells[name];
      in >> cell->internal >> cell->switching >> cell->leakage >> total;
    } else if (mark == "@slew" && cell != nullptr) {
      std::string pin;
      double rise = 0.0;
      double fall = 0.0;
      in >> pin >> rise >> fall;
      if (in) cell->slews[pin] = std::max(0.0, (rise + fall) / 2.0) * 1e-9;
    } else if (mark == "@end") {
      ended = true;
    } else if (mark.starts_with('@')) {
      part = mark;
    } else if (text.find(" slack (") != std::string::npos) {
      double value = 0.0;
      std::istringstream number(text);
      if (number >> value) slack(value);
    }
  }
};

Result<PowerAnalysis> analyze(const EnergySubject& subject, const GateSim& sim,
                              const std::vector<double>& loads, const EnergyOptions& options,
                              const std::filesystem::path& dir) {
  for (const auto& [file, text] :
       {std::pair{"rams.lib",
                  ram_liberty(subject.design, options.ram_access_ns, subject.library.voltage)},
        std::pair{"activity.txt", activity_text(subject, sim, loads)},
        std::pair{"power.tcl", power_script(subject, options)}}) {
    if (Status wrote = write_text(dir / file, text); !wrote) return wrote.error();
  }
  const ToolRun run{{"sta", "-exit", "power.tcl"}, dir, dir / "power.log", options.timeout};
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  const Result<std::string> log = read_text(run.log);
  if (!log) return log.error();
  Result<PowerAnalysis> analysis = parse_power(log.value(), options.period_ns);
  if (!analysis) {
    return Error{fmt::format("sta: {}; log: {}", analysis.error().message, run.log.string()),
                 ErrorKind::kMismatch};
  }
  return analysis;
}

// The energies of cells from tables, at the transition times of their inputs' drivers.
class TableEnergy {
 public:
  TableEnergy(const EnergySubject& subject, const GateSim& sim, const std::vector<double>& loads,
              const PowerAnalysis& analysis)
      : subject_(subject), sim_(sim), loads_(loads), slews_(subject.netlist.nets, 0.0) {
    for (const FlatCell& cell : subject.netlist.cells) {
      const auto found = analysis.cells.find(cell.path);
      for (const GatePort& pin : cell.pins) {
        if (!is_output(subject, cell, pin.name)) continue;
        double slew = kRamSlew;
        if (pin.name != "rdata_o" && found != analysis.cells.end()) {
          const auto known = found->second.slews.find(pin.name);
          slew = known == found->second.slews.end() ? 0.0 : known->second;
        }
        for (const std::uint32_t net : pin.nets) {
          // The clock is ideal behind its gates, too.
          slews_[net] = sim.clocks().find(net) == nullptr ? slew : 0.0;
        }
      }
    }
  }

  EnergySplit of(const FlatCell& cell, const PowerCell& kind) const {
    EnergySplit split;
    for (const GatePort& port : cell.pins) {
      const auto index = kind.pin(port.name);
      if (!index || port.nets.size() != 1) continue;
      const CellPin& pin = kind.pins[*index];
      const std::uint32_t net = port.nets.front();
      const double transitions = sim_.toggles()[net];
      if (sim_.clocks().find(net) == nullptr) {
        split.internal += transitions * mean(cell, pin, net);
      } else if (pin.input) {
        (kind.flip_flop ? split.clock : split.gates) += transitions / 2.0 * pulse(cell, pin, net);
      } else {
        split.gates += transitions * mean(cell, pin, net);
      }
    }
    return split;
  }

  // Joules of a register's clock with a pulse in every cycle.
  double free_clock(const FlatCell& cell, const PowerCell& kind) const {
    const auto clock = std::ranges::find(cell.pins, kind.flip_flop->clock, &GatePort::name);
    const auto index = kind.pin(kind.flip_flop->clock);
    if (clock == cell.pins.end() || !index) return 0.0;
    return static_cast<double>(sim_.cycles()) * pulse(cell, kind.pins[*index], clock->nets.front());
  }

 private:
  // Joules of a pulse at an input: its energy at both edges, and the load that it is.
  double pulse(const FlatCell& cell, const CellPin& pin, std::uint32_t net) const {
    const double volt = subject_.library.voltage;
    return 2.0 * mean(cell, pin, net) + pin.capacitance * volt * volt;
  }

  // Joules of one transition.
  double mean(const FlatCell& cell, const CellPin& pin, std::uint32_t net) const {
    if (pin.energies.empty()) return 0.0;
    double sum = 0.0;
    for (const EnergyGroup& group : pin.energies) {
      double slew = pin.input ? slews_[net] : 0.0;
      if (!group.related_pin.empty()) {
        const auto from = std::ranges::find(cell.pins, group.related_pin, &GatePort::name);
        if (from != cell.pins.end() && from->nets.size() == 1) slew = slews_[from->nets.front()];
      }
      const double load = pin.input ? 0.0 : loads_[net];
      sum += (group.rise.at(slew, load) + group.fall.at(slew, load)) / 2.0;
    }
    return sum / static_cast<double>(pin.energies.size());
  }

  const EnergySubject& subject_;
  const GateSim& sim_;
  const std::vector<double>& loads_;
  std::vector<double> slews_;
};

// Sums of a module on the way to its means.
struct UnitSum {
  UnitEnergy unit;
  double register_toggles = 0.0;
  double pulses = 0.0;
  double gate_toggles = 0.0;
  std::uint64_t gate_outputs = 0;
};

void add_outputs(const EnergySubject& subject, const FlatCell& cell, bool is_register,
                 const GateSim& sim, UnitSum& sum) {
  ++sum.unit.cells;
  sum.unit.registers += is_register ? 1 : 0;
  double transitions = 0.0;
  for (const GatePort& pin : cell.pins) {
    if (!is_output(subject, cell, pin.name)) continue;
    for (const std::uint32_t net : pin.nets) {
      transitions += sim.toggles()[net];
      sum.gate_outputs += is_register ? 0 : 1;
    }
  }
  (is_register ? sum.register_toggles : sum.gate_toggles) += transitions;
  if (is_register && transitions <= kQuiet * static_cast<double>(sim.cycles()))
    ++sum.unit.quiet_registers;
}

// Pulses of a register's clock, and whether a gate can stop it.
void add_clock(const FlatCell& cell, const FlipFlop& flip_flop, const GateSim& sim, UnitSum& sum) {
  const auto pin = std::ranges::find(cell.pins, flip_flop.clock, &GatePort::name);
  if (pin == cell.pins.end() || pin->nets.size() != 1) return;
  const ClockNet* clock = sim.clocks().find(pin->nets.front());
  sum.unit.gated_registers += clock != nullptr && clock->gate != 0 ? 1 : 0;
  sum.pulses += sim.toggles()[pin->nets.front()] / 2.0;
}

std::vector<UnitEnergy> finish(std::map<std::string, UnitSum>& sums, const Design& design,
                               double cycles) {
  const auto instances = design.instance_counts();
  std::vector<UnitEnergy> units;
  for (auto& [name, sum] : sums) {
    sum.unit.module = name;
    const auto count = instances.find(name);
    sum.unit.instances = count == instances.end() ? 0 : count->second;
    if (sum.unit.registers > 0) {
      const double all = cycles * static_cast<double>(sum.unit.registers);
      sum.unit.register_activity = sum.register_toggles / all;
      sum.unit.clock_activity = sum.pulses / all;
    }
    if (sum.gate_outputs > 0)
      sum.unit.gate_activity = sum.gate_toggles / cycles / static_cast<double>(sum.gate_outputs);
    units.push_back(std::move(sum.unit));
  }
  std::ranges::stable_sort(units, std::greater<>{},
                           [](const UnitEnergy& unit) { return unit.energy.total(); });
  return units;
}

std::vector<MemoryAccesses> memory_accesses(const EnergySubject& subject, const GateSim& sim) {
  std::map<std::string, MemoryAccesses> memories;
  for (const SimulatedRam& ram : sim.rams()) {
    const std::string& type = subject.netlist.cells[ram.cell].type;
    MemoryAccesses& entry = memories[type];
    entry.module = type;
    entry.width = ram.width;
    entry.depth = ram.depth;
    ++entry.instances;
    entry.reads += ram.reads;
    entry.writes += ram.writes;
  }
  std::vector<MemoryAccesses> list;
  for (auto& [type, entry] : memories) list.push_back(std::move(entry));
  return list;
}

// Whether a net with a load changed that a cell drives.
bool has_transitions(const EnergySubject& subject, const GateSim& sim,
                     const std::vector<double>& loads) {
  return std::ranges::any_of(subject.netlist.cells, [&](const FlatCell& cell) {
    return output_activity(subject, cell, loads, sim.toggles(), 1.0) > 0.0 &&
           std::ranges::any_of(cell.pins, [&](const GatePort& pin) {
             return is_output(subject, cell, pin.name) && !pin.nets.empty() &&
                    loads[pin.nets.front()] > 0.0;
           });
  });
}

}  // namespace

EnergySplit& EnergySplit::operator+=(const EnergySplit& other) {
  clock += other.clock;
  gates += other.gates;
  internal += other.internal;
  switching += other.switching;
  leakage += other.leakage;
  return *this;
}

EnergySplit EnergySplit::operator*(double factor) const {
  return {clock * factor, gates * factor, internal * factor, switching * factor, leakage * factor};
}

Result<EnergySubject> energy_subject(const Sources& sources, const EnergyOptions& options,
                                     const std::filesystem::path& dir) {
  for (const char* tool : {"yosys", "sta"}) {
    if (Status present = require_tool(tool); !present) return present.error();
  }
  const Result<std::filesystem::path> liberty = find_liberty(options.liberty);
  if (!liberty) return liberty.error();
  Result<PowerLibrary> library = load_power_library(liberty.value());
  if (!library) return library.error();
  Result<Design> design = elaborate(sources, "", dir, options.timeout);
  if (!design) return design.error();
  MapOptions map;
  map.liberty = options.liberty;
  map.period_ns = options.period_ns;
  map.gate_min_bits = options.gate_min_bits;
  map.timeout = options.timeout;
  const Result<MappedNetlist> mapped = map_design(design.value(), Target::kOsu018, map, dir);
  if (!mapped) return mapped.error();
  const Result<std::string> text = read_text(mapped.value().verilog);
  if (!text) return text.error();
  const auto modules = parse_netlist(text.value());
  if (!modules) return modules.error();
  Result<FlatNetlist> flat = flatten(modules.value(), design.value().top);
  if (!flat) return flat.error();
  return EnergySubject{std::move(design).value(),  std::move(flat).value(),
                       std::move(library).value(), liberty.value(),
                       mapped.value().verilog,     options.gate_min_bits > 0};
}

Result<PowerAnalysis> parse_power(std::string_view log, double period_ns) {
  Reader reader{period_ns, {}, nullptr, false, {}, {}};
  std::istringstream in{std::string(log)};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Error")) return Error{line, ErrorKind::kMismatch};
    reader.line(line);
  }
  if (!reader.ended) return Error{"the analysis did not reach its end", ErrorKind::kMismatch};
  return std::move(reader.analysis);
}

Result<EnergyReport> measure_energy(const EnergySubject& subject, const GateSim& sim,
                                    const EnergyOptions& options,
                                    const std::filesystem::path& dir) {
  if (sim.cycles() == 0) return Error{"no cycle of the simulation was counted"};
  const std::vector<double> loads = net_loads(subject);
  const Result<PowerAnalysis> analyzed = analyze(subject, sim, loads, options, dir);
  if (!analyzed) return analyzed.error();
  const PowerAnalysis& analysis = analyzed.value();
  EnergyReport report;
  report.library = subject.library.name;
  report.has_energy_tables = subject.library.has_energy;
  report.voltage = subject.library.voltage;
  report.mapped_ns = options.period_ns;
  report.critical_ns = analysis.critical_ns;
  report.clock_ns = std::max(options.period_ns, analysis.critical_ns);
  report.cycles = sim.cycles();
  report.gated = subject.gated;
  const auto cycles = static_cast<double>(sim.cycles());
  const double analyzed_s = cycles * options.period_ns * 1e-9;
  const double real_s = cycles * report.clock_ns * 1e-9;
  const TableEnergy tables(subject, sim, loads, analysis);
  std::map<std::string, UnitSum> sums;
  for (const ClockGate& gate : sim.clocks().gates)
    ++sums[subject.netlist.cells[gate.cell].module].unit.clock_gates;
  const std::set<std::size_t> clocking(sim.clocks().cells.begin(), sim.clocks().cells.end());
  std::size_t index = 0;
  for (const FlatCell& cell : subject.netlist.cells) {
    const auto power = analysis.cells.find(cell.path);
    if (power == analysis.cells.end()) {
      return Error{
          fmt::format("sta: no power of {}; log: {}", cell.path, (dir / "power.log").string()),
          ErrorKind::kMismatch};
    }
    const auto kind = subject.library.cells.find(cell.type);
    const bool known = kind != subject.library.cells.end();
    EnergySplit split = known ? tables.of(cell, kind->second) : EnergySplit{};
    // What cells of the clock switch is in the pins that they drive.
    if (!clocking.contains(index++)) split.switching = power->second.switching * analyzed_s;
    split.leakage = power->second.leakage * real_s;
    report.sta_internal += power->second.internal * analyzed_s;
    UnitSum& sum = sums[known ? cell.module : cell.type];
    sum.unit.energy += split;
    report.energy += split;
    if (!known) continue;
    add_outputs(subject, cell, kind->second.flip_flop.has_value(), sim, sum);
    if (!kind->second.flip_flop) continue;
    add_clock(cell, *kind->second.flip_flop, sim, sum);
    const double free = tables.free_clock(cell, kind->second);
    sum.unit.free_clock += free;
    report.free_clock += free;
  }
  if (report.energy.switching <= 0.0 && has_transitions(subject, sim, loads)) {
    return Error{
        fmt::format("{}: the library is incomplete: without default_operating_conditions and "
                    "their voltage sta gives no power",
                    subject.liberty.string()),
        ErrorKind::kMismatch};
  }
  report.units = finish(sums, subject.design, cycles);
  report.memories = memory_accesses(subject, sim);
  return report;
}

}  // namespace bat::synth
