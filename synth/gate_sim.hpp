// SPDX-License-Identifier: Apache-2.0
// Cycle simulation of a flattened netlist of library cells that counts the transitions of every
// net: all combinational cells once a cycle in order of their depth, without delays, so that
// glitches do not occur and are not counted.
//
// Every register takes its input at the rising edge of one clock, or of that clock behind gates
// (synth/clock_network.hpp): then in the cycles that the gate's latch, transparent while the clock
// is low, lets pass. Latches show the value that they have before the next edge. RAMs (module
// `bat_ram` of the source, black boxes of the netlist) are simulated as their source describes
// them; their contents and all registers start at 0.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"
#include "synth/clock_network.hpp"
#include "synth/design.hpp"
#include "synth/gate_netlist.hpp"
#include "synth/liberty_power.hpp"

namespace bat::synth {

/// A RAM of the netlist and what happened to it since `clear_counts`.
struct SimulatedRam {
  std::size_t cell = 0;  ///< in the netlist's cells
  std::uint64_t width = 0;
  std::uint64_t depth = 0;
  std::uint64_t reads = 0;   ///< cycles with the read enable
  std::uint64_t writes = 0;  ///< cycles with a write enable
};

class GateSim {
 public:
  /// `design` tells which leaves are RAMs and how large. Everything must outlive the simulation.
  /// Errors (kMismatch): a cell that the library does not have or that cannot be simulated, a net
  /// with two drivers, a combinational loop, what `clock_network` says.
  static Result<GateSim> create(const FlatNetlist& netlist, const PowerLibrary& library,
                                const Design& design);

  /// An input port of the top; bits beyond its width are ignored, unknown names as well.
  void set(std::string_view port, std::span<const std::uint64_t> words);
  /// An output port as it is after `settle`.
  void get(std::string_view port, std::span<std::uint64_t> words) const;
  /// One rising edge of the clock, with the inputs as they are: registers and RAMs.
  void edge();
  /// Combinational logic and asynchronous resets after an edge and new inputs.
  void settle();

  /// Counting of transitions, RAM accesses and cycles; off at the start.
  void clear_counts();
  void count(bool on) { counting_ = on; }
  std::uint64_t cycles() const { return cycles_; }
  /// Transitions of each net of the netlist; those that carry the clock have two a pulse.
  const std::vector<std::uint32_t>& toggles() const { return toggles_; }
  const std::vector<SimulatedRam>& rams() const { return ram_counts_; }
  const ClockNetwork& clocks() const { return clocks_; }

 private:
  struct Gate {
    std::uint64_t table = 0;
    std::uint32_t output = 0;
    std::uint8_t inputs = 0;
    std::uint32_t nets[kMostInputs]{};
  };
  struct Register {
    Gate next;                  ///< `output` is the state
    std::uint32_t inverse = 0;  ///< net, 0: none
    std::size_t gate = 0;       ///< of its clock, as ClockNet::gate
    bool asynchronous = false;
    Gate clear;
    Gate preset;
  };
  struct Ram {
    std::size_t groups = 1;
    std::vector<std::uint32_t> we, waddr, wdata, re, raddr, rdata;
    std::vector<std::uint8_t> bits;  ///< word by word
    std::vector<std::uint8_t> next;  ///< of rdata
    bool reads = false;
  };
  class Builder;

  void change(std::uint32_t net, std::uint8_t value) {
    const auto flipped = static_cast<std::uint8_t>(values_[net] ^ value);
    toggles_[net] += flipped & static_cast<std::uint8_t>(counting_);
    values_[net] = value;
  }
  std::uint8_t eval(const Gate& gate) const {
    std::uint32_t index = 0;
    for (std::uint8_t i = 0; i < gate.inputs; ++i)
      index |= static_cast<std::uint32_t>(values_[gate.nets[i]]) << i;
    return static_cast<std::uint8_t>(gate.table >> index & 1U);
  }
  void store(const Register& reg, std::uint8_t value);
  void pulse_clocks();
  bool reset_registers();
  std::uint64_t address(const std::vector<std::uint32_t>& nets) const;
  void clock_ram(Ram& ram, SimulatedRam& counts);

  std::vector<std::uint8_t> values_;
  std::vector<std::uint32_t> toggles_;
  std::vector<Gate> gates_;  ///< in the order of their evaluation
  std::vector<Register> registers_;
  std::vector<std::uint8_t> next_;
  std::vector<std::size_t> asynchronous_;
  ClockNetwork clocks_;
  std::vector<Gate> enables_;         ///< of clocks_.gates
  std::vector<std::uint8_t> pulses_;  ///< in this cycle, by ClockNet::gate
  std::vector<Ram> rams_;
  std::vector<SimulatedRam> ram_counts_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> inputs_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> outputs_;
  std::uint64_t cycles_ = 0;
  bool counting_ = false;
};

}  // namespace bat::synth
