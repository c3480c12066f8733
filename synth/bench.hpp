// SPDX-License-Identifier: Apache-2.0
// Text of the bench that compares source modules with their netlists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synth/design.hpp"

namespace bat::synth {

/// Name of the bench's top module.
inline constexpr std::string_view kBenchTop = "netlist_bench";

/// Verilog module `name` with the ports of a RAM of the elaborated design: a behavioural `bat_ram` with its parameters.
std::string ram_wrapper(const std::string& name, const DesignModule& ram);

/// The bench: for each of `units` (names in `design`) the source module and the netlist module side by side. It prints
/// lines "MISMATCH <unit> <port> <cycle> <source> <netlist>" (first of a port only) and, at the end, "UNIT <unit> <output
/// bits> <active bits>".
std::string bench_text(const Design& design, const std::vector<std::string>& units);

/// The C++ main of the bench: `bench <cycles> <seed>`. Reset at the start and half way.
std::string_view bench_main();

}  // namespace bat::synth
