// SPDX-License-Identifier: Apache-2.0
#include "sim/axi/memory.hpp"

#include <algorithm>
#include <cstring>

namespace bat::sim {
namespace {

enum Channel { kAr = 0, kR = 1, kAw = 2, kW = 3, kB = 4 };

/// Pattern on the data bus where the memory has nothing to say; recognizable in a trace.
constexpr std::uint64_t kGarbage = 0xDEADDA7ADEADDA7AULL;

}  // namespace

AxiMemory::AxiMemory(const AxiMemoryOptions& options)
    : options_(options), stall_(options.stall, options.seed), jitter_(~options.seed) {}

void AxiMemory::reset() {
  out_ = AxiSlave{};
  reads_.clear();
  writes_.clear();
  beats_.clear();
  credit_ = 100;
}

bool AxiMemory::take_credit() {
  if (credit_ < 100) return false;
  credit_ -= 100;
  return true;
}

std::uint64_t AxiMemory::due() {
  const auto latency = static_cast<std::uint64_t>(options_.latency);
  if (options_.stall == StallMode::kNone) return cycle_ + latency;
  return cycle_ + 1 + jitter_.below(static_cast<std::uint32_t>(2 * latency));
}

void AxiMemory::accept(const AxiMaster& in) {
  if (out_.ar_ready && in.ar_valid) {
    Read read{in.ar, 0, due(), AxiFault{}};
    if (read_fault_.burst >= 0 && read_fault_.burst-- == 0) {
      read.fault = read_fault_;
      read.fault.burst = 0;
    }
    reads_.push_back(read);
    ++handshakes_;
  }
  if (out_.r_valid && in.r_ready) {
    out_.r_valid = false;
    ++handshakes_;
    ++read_beats_;
  }
  if (out_.aw_ready && in.aw_valid) {
    Write write;
    write.address = in.aw;
    if (write_fault_.burst >= 0 && write_fault_.burst-- == 0) write.resp = write_fault_.resp;
    writes_.push_back(write);
    ++handshakes_;
  }
  if (out_.w_ready && in.w_valid) {
    beats_.push_back(Beat{in.w_data, in.w_strobe});
    ++handshakes_;
    ++write_beats_;
  }
  if (out_.b_valid && in.b_ready) {
    out_.b_valid = false;
    ++handshakes_;
  }
}

void AxiMemory::store(Write& write, const Beat& beat) {
  const auto bus = static_cast<std::uint64_t>(options_.bus_bytes);
  const std::uint64_t base = beat_address(write.address, write.beat) & ~(bus - 1);
  if (base + bus > bytes_.size()) {
    write.resp = AxiResponse::kDecErr;
    return;
  }
  if (write.resp != AxiResponse::kOkay) return;
  const auto* data = reinterpret_cast<const std::uint8_t*>(beat.data.data());
  for (std::uint64_t i = 0; i < bus; ++i) {
    if ((beat.strobe[i / 64] >> (i % 64)) & 1U) bytes_[base + i] = data[i];
  }
}

void AxiMemory::apply_writes() {
  for (Write& write : writes_) {
    while (!write.complete && !beats_.empty()) {
      store(write, beats_.front());
      beats_.pop_front();
      if (++write.beat == write.address.beats()) {
        write.complete = true;
        write.due = due();
      }
    }
    if (!write.complete) return;
  }
}

void AxiMemory::load_beat(const Read& read) {
  const auto bus = static_cast<std::uint64_t>(options_.bus_bytes);
  const std::uint64_t base = beat_address(read.address, read.beat) & ~(bus - 1);
  out_.r_resp = AxiResponse::kOkay;
  if (base + bus > bytes_.size()) out_.r_resp = AxiResponse::kDecErr;
  if (read.fault.burst == 0 && read.fault.beat == read.beat) out_.r_resp = read.fault.resp;
  if (out_.r_resp == AxiResponse::kOkay) {
    std::memcpy(out_.r_data.data(), bytes_.data() + base, bus);
  } else {
    std::fill_n(out_.r_data.begin(), std::max<std::uint64_t>(1, bus / 8), kGarbage);
  }
}

void AxiMemory::drive_read() {
  const bool open = stall_.open(kR, false);
  if (out_.r_valid || reads_.empty() || !open) return;
  Read& read = reads_.front();
  if (read.due > cycle_ || !take_credit()) return;
  load_beat(read);
  out_.r_valid = true;
  out_.r_last = ++read.beat == read.address.beats();
  if (out_.r_last) reads_.pop_front();
}

void AxiMemory::drive_write(const AxiMaster& in) {
  const auto room = static_cast<std::size_t>(options_.max_outstanding);
  out_.aw_ready = stall_.open(kAw, in.aw_valid) && writes_.size() < room;
  // Data may run ahead of its address, but not without bound. A ready cycle pays for its beat
  // whether or not the beat comes: the model errs toward less bandwidth.
  out_.w_ready = stall_.open(kW, in.w_valid) && beats_.size() < room && in.w_valid && take_credit();
  if (stall_.open(kB, false) && !out_.b_valid && !writes_.empty() && writes_.front().complete &&
      writes_.front().due <= cycle_) {
    out_.b_valid = true;
    out_.b_resp = writes_.front().resp;
    writes_.pop_front();
  }
}

void AxiMemory::step(const AxiMaster& in) {
  ++cycle_;
  credit_ = std::min(credit_ + options_.bandwidth, 199);
  stall_.step();
  accept(in);
  apply_writes();
  const auto room = static_cast<std::size_t>(options_.max_outstanding);
  out_.ar_ready = stall_.open(kAr, in.ar_valid) && reads_.size() < room;
  drive_read();
  drive_write(in);
}

}  // namespace bat::sim
