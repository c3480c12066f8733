// SPDX-License-Identifier: Apache-2.0
// Library of FPGA boards (explore/devices.toml, built in).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::explore {

struct Device {
  std::string name;    ///< "zcu102"
  std::string board;   ///< for people
  std::string part;    ///< FPGA
  std::string target;  ///< flow of `batkit synth` whose cells it has: xcup, ice40, ecp5
  double lut = 0;      ///< of the target's kind
  double ff = 0;
  double dsp = 0;
  double bram36 = 0;       ///< bits of block RAM / 36 Kibit; UltraRAM is not counted
  double uram = 0;         ///< blocks of 288 Kibit, for information
  double memory_gbps = 0;  ///< peak of the board's memory, 10^9 bytes a second
  double clock_mhz = 0;    ///< typical for a design of this kind
  double price_class = 0;  ///< 1 (tens of dollars) .. 6; an order, no offer
  std::string source;
};

/// All devices in order of price class, then LUTs.
const std::vector<Device>& devices();

/// The device of a name; the error lists all.
Result<Device> find_device(std::string_view name);

/// Reads a device library.
Result<std::vector<Device>> parse_devices(std::string_view toml, std::string_view source);

}  // namespace bat::explore
