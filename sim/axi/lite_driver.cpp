// SPDX-License-Identifier: Apache-2.0
#include "sim/axi/lite_driver.hpp"

namespace bat::sim {
namespace {

enum Channel { kAw = 0, kW = 1, kB = 2, kAr = 3, kR = 4 };

}  // namespace

void LiteDriver::start_write(std::uint32_t addr, std::uint32_t data) {
  state_ = State::kWrite;
  addr_ = addr;
  write_data_ = data;
  want_aw_ = want_w_ = true;
}

void LiteDriver::start_read(std::uint32_t addr) {
  state_ = State::kRead;
  addr_ = addr;
  want_ar_ = true;
}

void LiteDriver::reset() {
  out_ = LiteMaster{};
  state_ = State::kIdle;
  want_aw_ = want_w_ = want_ar_ = false;
}

void LiteDriver::step_write(const LiteSlave& in) {
  if (out_.aw_valid && in.aw_ready) out_.aw_valid = false;
  if (out_.w_valid && in.w_ready) out_.w_valid = false;
  if (out_.b_ready && in.b_valid) {
    response_ = in.b_resp;
    out_.b_ready = false;
    state_ = State::kIdle;
    return;
  }
  // Address and data each start when their own channel opens: either may come first.
  if (want_aw_ && stall_.open(kAw, true)) {
    out_.aw_valid = true;
    out_.aw_addr = addr_;
    want_aw_ = false;
  }
  if (want_w_ && stall_.open(kW, true)) {
    out_.w_valid = true;
    out_.w_data = write_data_;
    want_w_ = false;
  }
  out_.b_ready = stall_.open(kB, in.b_valid);
}

void LiteDriver::step_read(const LiteSlave& in) {
  if (out_.ar_valid && in.ar_ready) out_.ar_valid = false;
  if (out_.r_ready && in.r_valid) {
    data_ = in.r_data;
    response_ = in.r_resp;
    out_.r_ready = false;
    state_ = State::kIdle;
    return;
  }
  if (want_ar_ && stall_.open(kAr, true)) {
    out_.ar_valid = true;
    out_.ar_addr = addr_;
    want_ar_ = false;
  }
  out_.r_ready = stall_.open(kR, in.r_valid);
}

void LiteDriver::step(const LiteSlave& in) {
  stall_.step();
  if (state_ == State::kWrite) step_write(in);
  if (state_ == State::kRead) step_read(in);
}

}  // namespace bat::sim
