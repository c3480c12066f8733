// SPDX-License-Identifier: Apache-2.0
// A mapped netlist as Yosys writes it (structural Verilog without parameters), module by module and
// flattened.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::synth {

/// Nets 0 and 1 of every module are the constants.
inline constexpr std::uint32_t kNetZero = 0;
inline constexpr std::uint32_t kNetOne = 1;

struct GatePort {
  std::string name;
  bool input = true;
  std::vector<std::uint32_t> nets;  ///< bit 0 first
};

/// A cell of the library, a black box or another module of the netlist.
struct GateInstance {
  std::string name;
  std::string type;
  std::vector<GatePort> pins;  ///< as connected; `input` says nothing
};

struct GateModule {
  std::string name;
  std::uint32_t nets = 2;
  std::vector<GatePort> ports;
  std::vector<GateInstance> instances;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> aliases;  ///< joined by `assign`
};

/// Modules by name. Unknown values of constants are 0. Errors carry the line.
Result<std::map<std::string, GateModule>> parse_netlist(std::string_view verilog);

/// A leaf of the flattened hierarchy.
struct FlatCell {
  std::string path;  ///< instance names from below the top on, "/" between them
  std::string type;
  std::string module;  ///< of the netlist, that it stands in
  std::vector<GatePort> pins;
};

struct FlatNetlist {
  std::uint32_t nets = 2;
  std::vector<GatePort> ports;  ///< of the top
  std::vector<FlatCell> cells;
};

/// Everything below `top`. What is no module of the netlist is a leaf. Errors: a missing top, a
/// connection of another width than its port, a hierarchy that contains itself.
Result<FlatNetlist> flatten(const std::map<std::string, GateModule>& modules,
                            const std::string& top);

}  // namespace bat::synth
