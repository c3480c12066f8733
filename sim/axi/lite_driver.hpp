// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite master: one register access at a time, channels in any order, back-pressure on the
// responses.
#pragma once

#include <cstdint>

#include "sim/axi/bus.hpp"
#include "sim/axi/stall.hpp"

namespace bat::sim {

class LiteDriver {
 public:
  LiteDriver(StallMode stall, std::uint64_t seed) : stall_(stall, seed) {}

  /// Begin an access; `busy()` must be false.
  void start_write(std::uint32_t addr, std::uint32_t data);
  void start_read(std::uint32_t addr);
  bool busy() const { return state_ != State::kIdle; }
  /// Data of the finished read.
  std::uint32_t data() const { return data_; }
  /// Response code of the finished access.
  std::uint8_t response() const { return response_; }

  const LiteMaster& out() const { return out_; }
  void step(const LiteSlave& in);
  void reset();

 private:
  enum class State : std::uint8_t { kIdle, kWrite, kRead };

  void step_write(const LiteSlave& in);
  void step_read(const LiteSlave& in);

  StallGenerator stall_;
  LiteMaster out_;
  State state_ = State::kIdle;
  bool want_aw_ = false;
  bool want_w_ = false;
  bool want_ar_ = false;
  std::uint32_t addr_ = 0;
  std::uint32_t write_data_ = 0;
  std::uint32_t data_ = 0;
  std::uint8_t response_ = 0;
};

}  // namespace bat::sim
