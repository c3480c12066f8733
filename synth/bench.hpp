// SPDX-License-Identifier: Apache-2.0
// Text of the bench that compares source modules with their netlists.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "synth/design.hpp"

namespace bat::synth {

/// Name of the bench's top module.
inline constexpr std::string_view kBenchTop = "netlist_bench";

/// A module `name` with the ports of `like` that holds one instance of `type` with the same ports.
std::string wrapper(const std::string& name, const DesignModule& like, const std::string& type,
                    const std::map<std::string, std::string>& parameters);

/// The bench: for each of `units` (names in `design`) the source module and the netlist module side
/// by side. It prints lines "MISMATCH <unit> <port> <cycle> <source> <netlist>" (first of a port
/// only) and, at the end, "UNIT <unit> <output bits> <active bits>".
std::string bench_text(const Design& design, const std::vector<std::string>& units);

/// The C++ main of the bench: `bench <cycles> <seed>`. Reset at the start and half way.
std::string_view bench_main();

}  // namespace bat::synth
