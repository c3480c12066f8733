// SPDX-License-Identifier: Apache-2.0
#include "sim/verilated_device.hpp"

#include <algorithm>

namespace bat::sim {
namespace {

/// A register access that takes longer is a hang: the register port never waits for the units.
constexpr std::uint64_t kAccessCycles = 100000;

Wait wait_of(BatRunReason reason) {
  if (reason == kBatRunIrq) return Wait::kInterrupt;
  return reason == kBatRunStuck ? Wait::kStuck : Wait::kLimit;
}

}  // namespace

VerilatedDevice::VerilatedDevice(std::shared_ptr<const VerilatedLibrary> library,
                                 const VerilatedOptions& options)
    : library_(std::move(library)), api_(library_->api()), options_(options) {
  BatSimOptions raw{};
  raw.latency = options_.latency;
  raw.bandwidth = options_.bandwidth;
  raw.max_outstanding = options_.max_outstanding;
  raw.stall = static_cast<int>(options_.stall);
  raw.seed = options_.seed;
  raw.trace = options_.trace.empty() ? nullptr : options_.trace.c_str();
  raw.check = options_.check ? 1 : 0;
  raw.user = options_.taps;
  if (options_.taps) {
    raw.tap_write = [](void* user, std::uint64_t cycle, int mem, int slice, int addr, int chunk,
                       std::uint64_t mask, std::uint64_t data) {
      static_cast<TapSink*>(user)->write(cycle, mem, slice, addr, chunk, mask, data);
    };
    raw.tap_start = [](void* user, std::uint64_t cycle, int unit) {
      static_cast<TapSink*>(user)->start(cycle, unit);
    };
    raw.tap_done = [](void* user, std::uint64_t cycle, int unit) {
      static_cast<TapSink*>(user)->done(cycle, unit);
    };
  }
  if (options_.upsets) {
    raw.flip_user = options_.upsets;
    raw.tap_flip = [](void* user, int slice, int copy, int addr, int chunk) {
      return static_cast<WeightUpsets*>(user)->flips(slice, copy, addr, chunk);
    };
  }
  sim_ = api_.create(&raw);
}

VerilatedDevice::~VerilatedDevice() { api_.destroy(sim_); }

Status VerilatedDevice::reset() {
  api_.reset(sim_);
  return Ok{};
}

Status VerilatedDevice::write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) {
  // Whole 4 KiB pages: an access to the last beat must not fall off the end.
  memory_size_ = std::max(memory_size_, (addr + bytes.size() + 4095) / 4096 * 4096);
  std::copy(bytes.begin(), bytes.end(), api_.memory(sim_, memory_size_) + addr);
  return Ok{};
}

Status VerilatedDevice::read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) {
  if (addr + bytes.size() > memory_size_) return Error{"read beyond the end of device memory"};
  const std::uint8_t* from = api_.memory(sim_, memory_size_) + addr;
  std::copy(from, from + bytes.size(), bytes.begin());
  return Ok{};
}

Status VerilatedDevice::write_register(std::uint32_t offset, std::uint32_t value) {
  if (api_.write_register(sim_, offset, value, kAccessCycles) == kBatRunFinished) return Ok{};
  return Error{"the register port does not answer a write of register " + std::to_string(offset),
               ErrorKind::kMismatch};
}

Result<std::uint32_t> VerilatedDevice::read_register(std::uint32_t offset) {
  std::uint32_t value = 0;
  if (api_.read_register(sim_, offset, &value, kAccessCycles) == kBatRunFinished) return value;
  return Error{"the register port does not answer a read of register " + std::to_string(offset),
               ErrorKind::kMismatch};
}

Result<Wait> VerilatedDevice::wait(std::uint64_t max_cycles) {
  return wait_of(api_.run(sim_, max_cycles, 1, options_.stuck_cycles));
}

Result<Wait> VerilatedDevice::run(std::uint64_t cycles) {
  return wait_of(api_.run(sim_, cycles, 0, 0));
}

std::uint64_t VerilatedDevice::cycle() const { return api_.cycle(sim_); }

std::vector<std::string> VerilatedDevice::violations() const {
  std::vector<std::string> list;
  for (int i = 0; i < api_.violation_count(sim_); ++i) list.emplace_back(api_.violation(sim_, i));
  return list;
}

void VerilatedDevice::fail_read(const AxiFault& fault) {
  api_.fail_read(sim_, fault.burst, fault.beat, static_cast<int>(fault.resp));
}

void VerilatedDevice::fail_write(const AxiFault& fault) {
  api_.fail_write(sim_, fault.burst, static_cast<int>(fault.resp));
}

void VerilatedDevice::expect_idle() { api_.expect_idle(sim_); }

}  // namespace bat::sim
