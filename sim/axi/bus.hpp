// SPDX-License-Identifier: Apache-2.0
// Signal values of one AXI4 port and one AXI4-Lite port, as seen just before a rising clock edge.
// Compiled into the verilated library as well as into the simulator: standard library only.
#pragma once

#include <array>
#include <cstdint>

namespace bat::sim {

/// Widest memory port in 64-bit words (1024 bits).
inline constexpr int kMaxBusWords = 16;
using BusData = std::array<std::uint64_t, kMaxBusWords>;
/// One strobe bit a byte of the widest port.
using BusStrobe = std::array<std::uint64_t, kMaxBusWords / 8>;

enum class AxiResponse : std::uint8_t { kOkay = 0, kExOkay = 1, kSlvErr = 2, kDecErr = 3 };
enum class AxiBurst : std::uint8_t { kFixed = 0, kIncr = 1, kWrap = 2 };

/// Payload of AR or AW.
struct AxiAddress {
  std::uint64_t addr = 0;
  std::uint8_t len = 0;    ///< beats - 1
  std::uint8_t size = 0;   ///< log2 of bytes a beat
  std::uint8_t burst = 1;  ///< AxiBurst

  bool operator==(const AxiAddress&) const = default;
  int beats() const { return len + 1; }
  int bytes() const { return 1 << size; }
};

/// Address of beat `i` of a burst (AXI4 specification A3.4.1).
constexpr std::uint64_t beat_address(const AxiAddress& a, int i) {
  const std::uint64_t bytes = std::uint64_t{1} << a.size;
  const std::uint64_t aligned = a.addr & ~(bytes - 1);
  if (i == 0 || a.burst == static_cast<std::uint8_t>(AxiBurst::kFixed)) return a.addr;
  const std::uint64_t next = aligned + static_cast<std::uint64_t>(i) * bytes;
  if (a.burst != static_cast<std::uint8_t>(AxiBurst::kWrap)) return next;
  const std::uint64_t span = bytes * (std::uint64_t{a.len} + 1);
  const std::uint64_t low = a.addr & ~(span - 1);
  return low + (next - low) % span;
}

/// What the accelerator drives on its AXI4 port.
struct AxiMaster {
  bool ar_valid = false;
  AxiAddress ar;
  bool r_ready = false;
  bool aw_valid = false;
  AxiAddress aw;
  bool w_valid = false;
  BusData w_data{};
  BusStrobe w_strobe{};
  bool w_last = false;
  bool b_ready = false;
};

/// What the memory drives.
struct AxiSlave {
  bool ar_ready = false;
  bool r_valid = false;
  BusData r_data{};
  AxiResponse r_resp = AxiResponse::kOkay;
  bool r_last = false;
  bool aw_ready = false;
  bool w_ready = false;
  bool b_valid = false;
  AxiResponse b_resp = AxiResponse::kOkay;
};

/// What the host drives on the register port.
struct LiteMaster {
  bool aw_valid = false;
  std::uint32_t aw_addr = 0;
  bool w_valid = false;
  std::uint32_t w_data = 0;
  std::uint8_t w_strobe = 0xF;
  bool b_ready = false;
  bool ar_valid = false;
  std::uint32_t ar_addr = 0;
  bool r_ready = false;
};

/// What the accelerator drives on its register port.
struct LiteSlave {
  bool aw_ready = false;
  bool w_ready = false;
  bool b_valid = false;
  std::uint8_t b_resp = 0;
  bool ar_ready = false;
  bool r_valid = false;
  std::uint32_t r_data = 0;
  std::uint8_t r_resp = 0;
};

}  // namespace bat::sim
