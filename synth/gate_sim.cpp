// SPDX-License-Identifier: Apache-2.0
#include "synth/gate_sim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace bat::synth {
namespace {

std::uint64_t parameter(const DesignModule& module, const std::string& name) {
  const auto found = module.parameters.find(name);
  std::uint64_t value = 0;
  if (found != module.parameters.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

}  // namespace

class GateSim::Builder {
 public:
  Builder(const FlatNetlist& netlist, const PowerLibrary& library, const Design& design)
      : netlist_(netlist), library_(library), design_(design) {}

  Result<GateSim> run() {
    nets_ = netlist_.nets;
    drivers_.assign(nets_, 0);
    for (const GatePort& port : netlist_.ports) {
      if (port.input) {
        for (const std::uint32_t net : port.nets) drive(net, "port " + port.name);
        sim_.inputs_[port.name] = port.nets;
      } else {
        sim_.outputs_[port.name] = port.nets;
      }
    }
    if (Result<ClockNetwork> clocks = clock_network(netlist_, library_); clocks) {
      sim_.clocks_ = std::move(clocks).value();
    } else {
      return clocks.error();
    }
    for (std::size_t i = 0; i < netlist_.cells.size() && !error_; ++i) add(i);
    add_enables();
    if (!error_) order();
    if (error_) return *error_;
    sim_.values_.assign(nets_, 0);
    sim_.values_[kNetOne] = 1;
    sim_.toggles_.assign(nets_, 0);
    sim_.next_.resize(sim_.registers_.size());
    // Inverted states start at 1.
    for (const Register& reg : sim_.registers_) {
      if (reg.inverse != 0) sim_.values_[reg.inverse] = 1;
    }
    return std::move(sim_);
  }

 private:
  void fail(std::string what) {
    if (!error_) error_ = Error{std::move(what), ErrorKind::kMismatch};
  }

  void drive(std::uint32_t net, const std::string& by) {
    if (net < 2 || drivers_[net]++ > 0) fail(fmt::format("{} drives a driven net", by));
  }

  std::uint32_t new_net() {
    drivers_.push_back(1);
    return nets_++;
  }

  void add(std::size_t index) {
    const FlatCell& cell = netlist_.cells[index];
    const auto module = design_.modules.find(cell.type);
    if (module != design_.modules.end() && is_ram(module->second))
      return add_ram(index, module->second);
    const auto known = library_.cells.find(cell.type);
    if (known == library_.cells.end())
      return fail(
          fmt::format("{}: library {} has no cell {}", cell.path, library_.name, cell.type));
    const PowerCell& kind = known->second;
    if (!kind.unusable.empty()) {
      return fail(fmt::format("{}: cell {} of library {} cannot be simulated: {}", cell.path,
                              cell.type, library_.name, kind.unusable));
    }
    add_cell(cell, kind);
  }

  void add_cell(const FlatCell& cell, const PowerCell& kind) {
    std::map<std::string, std::uint32_t, std::less<>> nets;
    for (const GatePort& pin : cell.pins) {
      if (pin.nets.size() == 1) nets[pin.name] = pin.nets.front();
    }
    if (kind.flip_flop) add_register(cell, kind, nets);
    for (const CellPin& pin : kind.pins) {
      const auto output = nets.find(pin.name);
      if (pin.input || output == nets.end()) continue;
      if (sim_.clocks_.find(output->second) != nullptr) {  // pulse_clocks counts for it
        drive(output->second, cell.path);
        continue;
      }
      if (kind.clock_gate || !pin.function) {
        if (kind.clock_gate) continue;  // drives no register
        return fail(fmt::format("{}: an output without a function", cell.path));
      }
      if (kind.latch) {
        drive(output->second, cell.path);
        if (!error_) pending_.push_back(gate(cell, kind.latch->data, nets, output->second));
        continue;
      }
      if (kind.flip_flop && pin.function->is_wire() && is_state(*kind.flip_flop, *pin.function) &&
          nets[pin.function->inputs.front()] == output->second) {
        continue;  // the register itself drives it
      }
      drive(output->second, cell.path);
      if (!error_) pending_.push_back(gate(cell, *pin.function, nets, output->second));
    }
  }

  static bool is_state(const FlipFlop& flip_flop, const LogicFunction& function) {
    const std::string& name = function.inputs.front();
    return name == flip_flop.state || name == flip_flop.inverse;
  }

  // The state takes the net of an output that only passes it on; the same for its inverse.
  void add_register(const FlatCell& cell, const PowerCell& kind,
                    std::map<std::string, std::uint32_t, std::less<>>& nets) {
    const FlipFlop& flip_flop = *kind.flip_flop;
    for (const CellPin& pin : kind.pins) {
      const auto output = nets.find(pin.name);
      if (pin.input || output == nets.end() || !pin.function->is_wire() ||
          !is_state(flip_flop, *pin.function) || nets.contains(pin.function->inputs.front()))
        continue;
      nets[pin.function->inputs.front()] = output->second;
      drive(output->second, cell.path);
    }
    if (!nets.contains(flip_flop.state)) nets[flip_flop.state] = new_net();
    Register reg;
    reg.next = gate(cell, flip_flop.next, nets, nets[flip_flop.state]);
    // clock_network has seen that it is one.
    reg.gate = sim_.clocks_.nets.at(nets.at(flip_flop.clock)).gate;
    const auto inverse = nets.find(flip_flop.inverse);
    if (inverse != nets.end()) reg.inverse = inverse->second;
    reg.asynchronous = flip_flop.clear || flip_flop.preset;
    if (flip_flop.clear) reg.clear = gate(cell, *flip_flop.clear, nets, 0);
    if (flip_flop.preset) reg.preset = gate(cell, *flip_flop.preset, nets, 0);
    if (reg.asynchronous) sim_.asynchronous_.push_back(sim_.registers_.size());
    sim_.registers_.push_back(reg);
  }

  Gate gate(const FlatCell& cell, const LogicFunction& function,
            const std::map<std::string, std::uint32_t, std::less<>>& nets, std::uint32_t output) {
    Gate made;
    made.table = function.table;
    made.output = output;
    made.inputs = static_cast<std::uint8_t>(function.inputs.size());
    for (std::size_t i = 0; i < function.inputs.size(); ++i) {
      const auto net = nets.find(function.inputs[i]);
      if (net == nets.end()) {
        fail(fmt::format("{}: input {} of {} is open", cell.path, function.inputs[i], cell.type));
        break;
      }
      made.nets[i] = net->second;
    }
    return made;
  }

  void add_enables() {
    for (const ClockGate& gate : sim_.clocks_.gates) {
      Gate enable;
      enable.table = gate.enable.table;
      enable.inputs = static_cast<std::uint8_t>(gate.nets.size());
      std::ranges::copy(gate.nets, enable.nets);
      sim_.enables_.push_back(enable);
    }
    sim_.pulses_.assign(sim_.enables_.size() + 1, 1);
  }

  void add_ram(std::size_t index, const DesignModule& module) {
    const FlatCell& cell = netlist_.cells[index];
    const auto pin = [&cell](std::string_view name) {
      const auto found = std::ranges::find(cell.pins, name, &GatePort::name);
      return found == cell.pins.end() ? std::vector<std::uint32_t>{} : found->nets;
    };
    const std::uint64_t width = parameter(module, "Width");
    const std::uint64_t depth = parameter(module, "Depth");
    Ram ram{std::max<std::uint64_t>(parameter(module, "Groups"), 1),
            pin("we_i"),
            pin("waddr_i"),
            pin("wdata_i"),
            pin("re_i"),
            pin("raddr_i"),
            pin("rdata_o"),
            std::vector<std::uint8_t>(width * depth, 0),
            {},
            false};
    if (width == 0 || depth == 0 || ram.wdata.size() != width || ram.rdata.size() != width ||
        ram.we.size() != ram.groups || width % ram.groups != 0 || ram.re.size() != 1) {
      return fail(fmt::format("{}: a RAM with unexpected ports", cell.path));
    }
    for (const std::uint32_t net : ram.rdata) drive(net, cell.path);
    sim_.rams_.push_back(std::move(ram));
    sim_.ram_counts_.push_back({index, width, depth, 0, 0});
  }

  // Gates after all that drive them.
  void order() {
    std::vector<std::uint32_t> source(nets_, 0);  // gate + 1
    for (std::size_t i = 0; i < pending_.size(); ++i)
      source[pending_[i].output] = static_cast<std::uint32_t>(i + 1);
    std::vector<std::uint32_t> open(pending_.size(), 0);
    std::vector<std::vector<std::uint32_t>> readers(pending_.size());
    std::vector<std::uint32_t> ready;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      for (std::uint8_t k = 0; k < pending_[i].inputs; ++k) {
        const std::uint32_t from = source[pending_[i].nets[k]];
        if (from == 0) continue;
        readers[from - 1].push_back(static_cast<std::uint32_t>(i));
        ++open[i];
      }
      if (open[i] == 0) ready.push_back(static_cast<std::uint32_t>(i));
    }
    sim_.gates_.reserve(pending_.size());
    for (std::size_t at = 0; at < ready.size(); ++at) {
      sim_.gates_.push_back(pending_[ready[at]]);
      for (const std::uint32_t reader : readers[ready[at]]) {
        if (--open[reader] == 0) ready.push_back(reader);
      }
    }
    if (ready.size() != pending_.size()) {
      fail(fmt::format("a combinational loop through {} cells", pending_.size() - ready.size()));
    }
  }

  const FlatNetlist& netlist_;
  const PowerLibrary& library_;
  const Design& design_;
  GateSim sim_;
  std::uint32_t nets_ = 2;
  std::vector<std::uint8_t> drivers_;
  std::vector<Gate> pending_;
  std::optional<Error> error_;
};

Result<GateSim> GateSim::create(const FlatNetlist& netlist, const PowerLibrary& library,
                                const Design& design) {
  return Builder(netlist, library, design).run();
}

void GateSim::set(std::string_view port, std::span<const std::uint64_t> words) {
  const auto found = inputs_.find(port);
  if (found == inputs_.end()) return;
  for (std::size_t i = 0; i < found->second.size() && i < 64 * words.size(); ++i)
    change(found->second[i], static_cast<std::uint8_t>(words[i / 64] >> (i % 64) & 1U));
}

void GateSim::get(std::string_view port, std::span<std::uint64_t> words) const {
  std::ranges::fill(words, 0);
  const auto found = outputs_.find(port);
  if (found == outputs_.end()) return;
  for (std::size_t i = 0; i < found->second.size() && i < 64 * words.size(); ++i)
    words[i / 64] |= std::uint64_t{values_[found->second[i]]} << (i % 64);
}

void GateSim::edge() {
  pulse_clocks();
  for (std::size_t i = 0; i < registers_.size(); ++i) {
    if (pulses_[registers_[i].gate] != 0) next_[i] = eval(registers_[i].next);
  }
  for (std::size_t i = 0; i < rams_.size(); ++i) clock_ram(rams_[i], ram_counts_[i]);
  for (std::size_t i = 0; i < registers_.size(); ++i) {
    if (pulses_[registers_[i].gate] != 0) store(registers_[i], next_[i]);
  }
  reset_registers();  // those that a reset holds took nothing
  for (Ram& ram : rams_) {
    for (std::size_t i = 0; ram.reads && i < ram.rdata.size(); ++i)
      change(ram.rdata[i], ram.next[i]);
  }
  cycles_ += counting_ ? 1 : 0;
}

// Which clocks pulse at this edge, from the values before it.
void GateSim::pulse_clocks() {
  for (std::size_t i = 0; i < enables_.size(); ++i) {
    pulses_[i + 1] = static_cast<std::uint8_t>(pulses_[clocks_.gates[i].input] & eval(enables_[i]));
  }
  if (!counting_) return;
  for (const auto& [net, clock] : clocks_.nets) toggles_[net] += 2U * pulses_[clock.gate];
}

void GateSim::settle() {
  do {
    for (const Gate& gate : gates_) change(gate.output, eval(gate));
  } while (reset_registers());
}

void GateSim::clear_counts() {
  std::ranges::fill(toggles_, 0);
  for (SimulatedRam& ram : ram_counts_) ram.reads = ram.writes = 0;
  cycles_ = 0;
}

void GateSim::store(const Register& reg, std::uint8_t value) {
  change(reg.next.output, value);
  if (reg.inverse != 0) change(reg.inverse, value ^ 1U);
}

// Whether an asynchronous clear or preset changed a register.
bool GateSim::reset_registers() {
  bool changed = false;
  for (const std::size_t index : asynchronous_) {
    const Register& reg = registers_[index];
    const bool clear = reg.clear.table != 0 && eval(reg.clear) != 0;
    const bool preset = reg.preset.table != 0 && eval(reg.preset) != 0;
    if (!clear && !preset) continue;
    const std::uint8_t value = clear ? 0 : 1;
    if (values_[reg.next.output] == value) continue;
    store(reg, value);
    changed = true;
  }
  return changed;
}

std::uint64_t GateSim::address(const std::vector<std::uint32_t>& nets) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < nets.size(); ++i) value |= std::uint64_t{values_[nets[i]]} << i;
  return value;
}

// A word read is the one before the write of the same cycle.
void GateSim::clock_ram(Ram& ram, SimulatedRam& counts) {
  const std::size_t width = ram.rdata.size();
  ram.reads = values_[ram.re.front()] != 0;
  if (ram.reads) {
    const std::uint64_t word = address(ram.raddr);
    ram.next.assign(width, 0);
    if (word < counts.depth)
      std::copy_n(ram.bits.begin() + static_cast<std::ptrdiff_t>(word * width), width,
                  ram.next.begin());
    counts.reads += counting_ ? 1 : 0;
  }
  const std::uint64_t word = address(ram.waddr);
  const std::size_t group = width / ram.groups;
  bool written = false;
  for (std::size_t g = 0; g < ram.groups; ++g) {
    if (values_[ram.we[g]] == 0) continue;
    written = true;
    for (std::size_t i = g * group; word < counts.depth && i < (g + 1) * group; ++i)
      ram.bits[word * width + i] = values_[ram.wdata[i]];
  }
  counts.writes += written && counting_ ? 1 : 0;
}

}  // namespace bat::synth
