// SPDX-License-Identifier: Apache-2.0
// Place and route of a design, or of one unit of it, on a real FPGA by Yosys and nextpnr.
//
// A unit has far more ports than a package has pins. It is therefore placed inside a scan ring: one
// shift register drives all its inputs, another captures all its outputs, and only clock, reset,
// two controls and the two ends of the ring are pins. The ring keeps all logic alive, every path of
// the unit starts and ends in a register on the chip, and its cells (a flip-flop for each input
// bit, a LUT and a flip-flop for each output bit) are part of what is reported.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/design.hpp"

namespace bat::synth {

/// A chip that nextpnr knows.
struct Device {
  std::string_view name;    ///< as on the command line: "hx8k", "85k"
  std::string_view family;  ///< "ice40" or "ecp5"
  std::string_view package;
};

/// hx1k, hx8k, up5k (iCE40), 25k, 45k, 85k (ECP5); the error lists them.
Result<Device> parse_device(std::string_view name);

struct PlaceOptions {
  std::string unit;    ///< module to place, by its name in the reports; empty: the whole design
  double mhz = 100.0;  ///< what the router aims at; missing it is a result, not an error
  std::uint32_t seed = 1;
  std::optional<std::filesystem::path> work_dir;
  std::chrono::seconds timeout{3600};  ///< for each run of a tool
};

struct CellUse {
  std::uint64_t used = 0;
  std::uint64_t available = 0;
};

struct PlaceReport {
  Device device;
  std::string unit;
  std::uint64_t ring_inputs = 0;         ///< input bits that the ring drives
  std::uint64_t ring_outputs = 0;        ///< output bits that it captures
  std::map<std::string, CellUse> cells;  ///< by nextpnr's names of the sites
  double fmax_mhz = 0.0;                 ///< of the slowest clock after routing
  double target_mhz = 0.0;
  std::uint32_t seed = 1;
};

/// The ring around `unit` as Verilog, module `bat_ring`.
std::string ring_wrapper(const Design& design, const std::string& unit);

/// Reads what `nextpnr --report` wrote.
Result<PlaceReport> parse_place_report(std::string_view json);

/// Elaborates, maps, places and routes. Errors: kBadInput for a unit that the design does not have,
/// kMissingTool, and kMismatch with the log of the tool when the design does not fit or a tool
/// fails.
Result<PlaceReport> place(const Sources& sources, const Device& device,
                          const PlaceOptions& options);
Result<PlaceReport> place(const Config& config, const Device& device, const PlaceOptions& options);

/// Keys: device, package, unit, ring_inputs, ring_outputs, fmax_mhz, target_mhz, seed, cells{site:
/// {used, available}}.
nlohmann::ordered_json to_json(const PlaceReport& report);
std::string to_markdown(const PlaceReport& report);

}  // namespace bat::synth
