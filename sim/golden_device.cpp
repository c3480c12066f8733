// SPDX-License-Identifier: Apache-2.0
#include "sim/golden_device.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace bat::sim {
namespace {

constexpr std::size_t kRegisters = 128;

std::uint32_t log2_of(int value) {
  return static_cast<std::uint32_t>(std::bit_width(static_cast<unsigned>(value)) - 1);
}

}  // namespace

std::uint32_t shape_register(const Config& config) {
  const auto& a = config.array;
  const auto& f = config.features;
  const auto flag = [](bool on, int bit) { return on ? 1U << bit : 0U; };
  return log2_of(a.rows) | log2_of(a.cols) << 4 | log2_of(a.depth) << 8 | log2_of(a.lanes) << 12 |
         log2_of(config.memory.axi_data_bits) << 16 | flag(f.branches == 2, 20) |
         log2_of(f.act_bits) << 22 | flag(f.softmax, 24) | flag(f.threshold, 25) |
         flag(f.tokens, 26) | flag(f.feature_rows, 27) | flag(f.pruning, 28) |
         static_cast<std::uint32_t>(config.memory.weight_protection) << 29;
}

bool GoldenDevice::Port::read(std::uint64_t address, std::span<std::uint8_t> out) {
  if (address + out.size() > bytes.size()) return false;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
  return true;
}

bool GoldenDevice::Port::write(std::uint64_t address, std::span<const std::uint8_t> in) {
  if (address + in.size() > bytes.size()) return false;
  std::copy(in.begin(), in.end(), bytes.begin() + static_cast<std::ptrdiff_t>(address));
  return true;
}

GoldenDevice::GoldenDevice(const Config& config, const Plan& plan, const ExecutionOrder& order,
                           CompletionObserver* observer)
    : config_(config),
      plan_(plan),
      order_(order),
      observer_(observer),
      interpreter_(config_, plan_),
      registers_(kRegisters) {}

Status GoldenDevice::reset() {
  interpreter_.reset();
  std::fill(registers_.begin(), registers_.end(), 0U);
  jobs_.clear();
  return Ok{};
}

Status GoldenDevice::write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) {
  const std::uint64_t end = (addr + bytes.size() + 4095) / 4096 * 4096;
  if (port_.bytes.size() < end) port_.bytes.resize(end);
  port_.write(addr, bytes);
  return Ok{};
}

Status GoldenDevice::read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) {
  if (!port_.read(addr, bytes)) return Error{"read beyond the end of device memory"};
  return Ok{};
}

std::uint64_t GoldenDevice::wide(std::uint32_t offset) const {
  return registers_[offset / 4] | static_cast<std::uint64_t>(registers_[offset / 4 + 1]) << 32;
}

void GoldenDevice::push_job() {
  if (jobs_.size() >= static_cast<std::size_t>(plan_.job_queue_depth)) {
    registers_[reg::kError / 4] = static_cast<std::uint32_t>(isa::ErrorCode::kQueue);
    registers_[reg::kIrq / 4] |= reg::kIrqError;
    return;
  }
  jobs_.push_back(Job{wide(reg::kJobProgram), wide(reg::kJobInput), wide(reg::kJobOutput)});
}

Status GoldenDevice::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == reg::kJobPush) {
    push_job();
  } else if (offset == reg::kIrq) {
    registers_[offset / 4] &= ~value;
  } else if (offset == reg::kCtrl) {
    if (value & reg::kCtrlReset) (void)reset();
    registers_[offset / 4] = value & (reg::kCtrlEnable | reg::kCtrlIrq);
  } else if (offset >= reg::kModelBase && offset < reg::kJobPush) {
    registers_[offset / 4] = value;
  }
  return Ok{};
}

std::uint32_t GoldenDevice::status() const {
  const bool full = jobs_.size() >= static_cast<std::size_t>(plan_.job_queue_depth);
  std::uint32_t value = static_cast<std::uint32_t>(jobs_.size()) << 8;
  if (!jobs_.empty()) value |= reg::kStatusBusy;
  if (registers_[reg::kError / 4] != 0) value |= reg::kStatusError;
  if (full) value |= reg::kStatusFull;
  if (jobs_.empty()) value |= 1U << 3;
  return value;
}

Result<std::uint32_t> GoldenDevice::read_register(std::uint32_t offset) {
  if (offset == reg::kMagic) return reg::kMagicValue;
  if (offset == reg::kConfigHash) return config_hash32(config_);
  if (offset == reg::kShape) return shape_register(config_);
  if (offset == reg::kStatus) return status();
  if (offset / 4 >= kRegisters) return 0U;
  return registers_[offset / 4];
}

Result<Wait> GoldenDevice::wait(std::uint64_t max_cycles) {
  (void)max_cycles;  // no clock
  const bool enabled = (registers_[reg::kCtrl / 4] & reg::kCtrlEnable) != 0;
  if (jobs_.empty() || !enabled) {
    return registers_[reg::kIrq / 4] != 0 ? Wait::kInterrupt : Wait::kStuck;
  }
  const std::vector<Job> jobs(jobs_.begin(), jobs_.end());
  jobs_.clear();
  const Status done = interpreter_.run(jobs, wide(reg::kModelBase), port_, order_, observer_);
  if (done.ok()) {
    registers_[reg::kJobsDone / 4] += static_cast<std::uint32_t>(jobs.size());
    registers_[reg::kIrq / 4] |= reg::kIrqDone;
    return Wait::kInterrupt;
  }
  const std::optional<Fault> fault = interpreter_.fault();
  if (!fault) return done.error();
  registers_[reg::kError / 4] = static_cast<std::uint32_t>(fault->code) |
                                static_cast<std::uint32_t>(fault->unit) << 8 |
                                static_cast<std::uint32_t>(fault->index) << 16;
  registers_[reg::kIrq / 4] |= reg::kIrqError;
  return Wait::kInterrupt;
}

Result<Wait> GoldenDevice::run(std::uint64_t cycles) { return wait(cycles); }

}  // namespace bat::sim
