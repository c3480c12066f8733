// SPDX-License-Identifier: Apache-2.0
// The nets of a mapped netlist that carry the clock: port `clk_i`, what buffers and inverters make
// of it, and gated clocks.
//
// A gated clock is the AND of the clock and the outputs of latches that are transparent while the
// clock is low, or the output of an integrated clock gating cell. So its pulse in a cycle depends
// on the values right before the rising edge and can have no other shape than that of the clock.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/io/result.hpp"
#include "synth/gate_netlist.hpp"
#include "synth/liberty_power.hpp"

namespace bat::synth {

/// How a net carries the clock.
struct ClockNet {
  bool inverted = false;  ///< rises with the falling edge
  std::size_t gate = 0;   ///< 0: in every cycle; else `gates[gate - 1]` lets it pass
};

struct ClockGate {
  std::size_t cell = 0;             ///< in the netlist's cells
  std::uint32_t net = 0;            ///< its output
  std::size_t input = 0;            ///< gate of the clock that it gets, as ClockNet::gate
  LogicFunction enable;             ///< of the values before the edge
  std::vector<std::uint32_t> nets;  ///< inputs of `enable`
};

struct ClockNetwork {
  std::map<std::uint32_t, ClockNet> nets;
  std::vector<ClockGate> gates;    ///< those that feed others first
  std::vector<std::size_t> cells;  ///< of the netlist: buffers, inverters and gates of the clock

  /// nullptr for a net that is no clock.
  const ClockNet* find(std::uint32_t net) const {
    const auto found = nets.find(net);
    return found == nets.end() ? nullptr : &found->second;
  }
};

/// Follows the clock back from every register and latch. Errors (kMismatch), each with the cell: a
/// register that is not clocked by `clk_i` or at its falling edge; a latch that is not transparent
/// while the clock is low; a gate whose enable no such latch holds.
Result<ClockNetwork> clock_network(const FlatNetlist& netlist, const PowerLibrary& library);

}  // namespace bat::synth
