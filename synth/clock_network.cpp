// SPDX-License-Identifier: Apache-2.0
#include "synth/clock_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace bat::synth {
namespace {

constexpr std::uint32_t kNone = 0;
constexpr int kDeepest = 64;  // gates, buffers and inverters behind one another

std::uint32_t net_of(const FlatCell& cell, std::string_view pin) {
  const auto found = std::ranges::find(cell.pins, pin, &GatePort::name);
  return found == cell.pins.end() || found->nets.size() != 1 ? kNone : found->nets.front();
}

// The function with one input set.
LogicFunction with_input(const LogicFunction& function, std::size_t input, bool value) {
  LogicFunction rest;
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    if (i != input) rest.inputs.push_back(function.inputs[i]);
  }
  const std::uint64_t low = (std::uint64_t{1} << input) - 1;
  for (std::uint64_t at = 0; at < std::uint64_t{1} << rest.inputs.size(); ++at) {
    const std::uint64_t whole =
        (at & low) | (at & ~low) << 1U | static_cast<std::uint64_t>(value) << input;
    rest.table |= (function.table >> whole & 1U) << at;
  }
  return rest;
}

bool is_constant(const LogicFunction& function, bool value) {
  const std::uint64_t count = std::uint64_t{1} << function.inputs.size();
  const std::uint64_t all = count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  return function.table == (value ? all : 0);
}

class Tracer {
 public:
  Tracer(const FlatNetlist& netlist, const PowerLibrary& library)
      : netlist_(netlist), library_(library), drivers_(netlist.nets, 0) {}

  Result<ClockNetwork> run() {
    for (const GatePort& port : netlist_.ports) {
      if (port.input && port.name == "clk_i") network_.nets[port.nets.front()] = {};
    }
    for (std::size_t i = 0; i < netlist_.cells.size(); ++i) note_outputs(i);
    for (const FlatCell& cell : netlist_.cells) {
      const PowerCell* kind = kind_of(cell);
      if (kind != nullptr && kind->latch && !error_) check_latch(cell, *kind->latch);
    }
    for (const FlatCell& cell : netlist_.cells) {
      const PowerCell* kind = kind_of(cell);
      if (kind != nullptr && kind->flip_flop && !error_) check_register(cell, *kind->flip_flop);
    }
    if (error_) return *error_;
    return std::move(network_);
  }

 private:
  const PowerCell* kind_of(const FlatCell& cell) const {
    const auto found = library_.cells.find(cell.type);
    return found == library_.cells.end() ? nullptr : &found->second;
  }

  void fail(std::string what) {
    if (!error_) error_ = Error{std::move(what), ErrorKind::kMismatch};
  }

  void note_outputs(std::size_t index) {
    const FlatCell& cell = netlist_.cells[index];
    const PowerCell* kind = kind_of(cell);
    if (kind == nullptr) return;
    for (const CellPin& pin : kind->pins) {
      if (!pin.input && net_of(cell, pin.name) != kNone)
        drivers_[net_of(cell, pin.name)] = index + 1;
    }
  }

  void check_latch(const FlatCell& cell, const Latch& latch) {
    const std::optional<ClockNet> clock = trace(net_of(cell, latch.enable), 0);
    if (!clock || clock->gate != 0 || clock->inverted == latch.active_low)
      return fail(fmt::format("{}: a latch that is not transparent while clk_i is low", cell.path));
    if (const std::uint32_t net = net_of(cell, latch.output); net != kNone) held_[net] = true;
  }

  void check_register(const FlatCell& cell, const FlipFlop& flip_flop) {
    const std::optional<ClockNet> clock = trace(net_of(cell, flip_flop.clock), 0);
    if (error_) return;
    if (!clock) return fail(fmt::format("{} is not clocked by clk_i", cell.path));
    if (clock->inverted)
      fail(fmt::format("{} takes its input at the falling edge of clk_i", cell.path));
  }

  std::optional<ClockNet> trace(std::uint32_t net, int depth) {
    if (const auto known = network_.nets.find(net); known != network_.nets.end())
      return known->second;
    if (net == kNone || net >= drivers_.size() || drivers_[net] == 0 || depth > kDeepest)
      return std::nullopt;
    const std::size_t index = drivers_[net] - 1;
    const FlatCell& cell = netlist_.cells[index];
    const PowerCell& kind = *kind_of(cell);
    if (kind.flip_flop || kind.latch || !kind.unusable.empty()) return std::nullopt;
    const std::optional<ClockNet> made = kind.clock_gate
                                             ? integrated(index, *kind.clock_gate, net, depth)
                                             : combinational(index, kind, net, depth);
    if (!made) return std::nullopt;
    network_.nets[net] = *made;
    network_.cells.push_back(index);
    return made;
  }

  std::optional<ClockNet> integrated(std::size_t index, const ClockGateCell& kind,
                                     std::uint32_t net, int depth) {
    const FlatCell& cell = netlist_.cells[index];
    const std::optional<ClockNet> clock = trace(net_of(cell, kind.clock), depth + 1);
    if (!clock || clock->inverted) return std::nullopt;
    return add_gate(index, net, clock->gate, kind.enable);
  }

  std::optional<ClockNet> combinational(std::size_t index, const PowerCell& kind, std::uint32_t net,
                                        int depth) {
    const FlatCell& cell = netlist_.cells[index];
    const auto output = std::ranges::find_if(
        kind.pins, [&](const CellPin& pin) { return !pin.input && net_of(cell, pin.name) == net; });
    if (output == kind.pins.end() || !output->function) return std::nullopt;
    const LogicFunction& function = *output->function;
    for (std::size_t i = 0; i < function.inputs.size(); ++i) {
      const std::optional<ClockNet> clock = trace(net_of(cell, function.inputs[i]), depth + 1);
      if (!clock) continue;
      const LogicFunction low = with_input(function, i, clock->inverted);
      const LogicFunction high = with_input(function, i, !clock->inverted);
      if (is_constant(low, false) && is_constant(high, true)) return ClockNet{false, clock->gate};
      if (is_constant(low, true) && is_constant(high, false)) return ClockNet{true, clock->gate};
      if (!is_constant(low, false)) continue;
      if (!is_held(cell, high)) {
        fail(fmt::format("{}: gates a clock with what no latch holds while clk_i is high",
                         cell.path));
        return std::nullopt;
      }
      return add_gate(index, net, clock->gate, high);
    }
    return std::nullopt;
  }

  bool is_held(const FlatCell& cell, const LogicFunction& enable) const {
    return std::ranges::all_of(enable.inputs, [&](const std::string& pin) {
      const std::uint32_t net = net_of(cell, pin);
      return net == kNetOne || held_.contains(net);
    });
  }

  std::optional<ClockNet> add_gate(std::size_t index, std::uint32_t net, std::size_t input,
                                   const LogicFunction& enable) {
    ClockGate gate{index, net, input, enable, {}};
    for (const std::string& pin : enable.inputs)
      gate.nets.push_back(net_of(netlist_.cells[index], pin));
    network_.gates.push_back(std::move(gate));
    return ClockNet{false, network_.gates.size()};
  }

  const FlatNetlist& netlist_;
  const PowerLibrary& library_;
  std::vector<std::size_t> drivers_;  // cell + 1
  std::map<std::uint32_t, bool> held_;
  ClockNetwork network_;
  std::optional<Error> error_;
};

}  // namespace

Result<ClockNetwork> clock_network(const FlatNetlist& netlist, const PowerLibrary& library) {
  return Tracer(netlist, library).run();
}

}  // namespace bat::synth
