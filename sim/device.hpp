// SPDX-License-Identifier: Apache-2.0
// An accelerator as its driver sees it: memory, registers, interrupt.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/io/result.hpp"

namespace bat::sim {

/// Register offsets (docs/architecture.md section 7).
namespace reg {
inline constexpr std::uint32_t kMagic = 0x00;
inline constexpr std::uint32_t kVersion = 0x04;
inline constexpr std::uint32_t kConfigHash = 0x08;
inline constexpr std::uint32_t kShape = 0x0C;
inline constexpr std::uint32_t kCtrl = 0x10;
inline constexpr std::uint32_t kStatus = 0x14;
inline constexpr std::uint32_t kError = 0x18;
inline constexpr std::uint32_t kIrq = 0x1C;
inline constexpr std::uint32_t kModelBase = 0x20;
inline constexpr std::uint32_t kJobProgram = 0x28;
inline constexpr std::uint32_t kJobInput = 0x30;
inline constexpr std::uint32_t kJobOutput = 0x38;
inline constexpr std::uint32_t kJobPush = 0x40;
inline constexpr std::uint32_t kJobsDone = 0x44;
inline constexpr std::uint32_t kWeightFaults = 0x48;  ///< with protected weights only
inline constexpr std::uint32_t kCounters = 0x80;

inline constexpr std::uint32_t kMagicValue = 0x30544142;
inline constexpr std::uint32_t kCtrlEnable = 1U << 0;
inline constexpr std::uint32_t kCtrlReset = 1U << 1;
inline constexpr std::uint32_t kCtrlIrq = 1U << 2;
inline constexpr std::uint32_t kCtrlClear = 1U << 3;
inline constexpr std::uint32_t kStatusBusy = 1U << 0;
inline constexpr std::uint32_t kStatusError = 1U << 1;
inline constexpr std::uint32_t kStatusFull = 1U << 2;
inline constexpr std::uint32_t kIrqDone = 1U << 0;
inline constexpr std::uint32_t kIrqError = 1U << 1;
inline constexpr std::uint32_t kIrqWeights = 1U << 2;  ///< with parity only
}  // namespace reg

/// Why a wait ended.
enum class Wait {
  kInterrupt,  ///< the interrupt is up
  kLimit,      ///< the cycle limit was reached
  kStuck,      ///< nothing moved for as long as the watchdog allows
};

class Device {
 public:
  virtual ~Device() = default;

  virtual const char* name() const = 0;
  /// Hardware reset; memory stays.
  virtual Status reset() = 0;
  /// Copies to or from memory; writing beyond the end makes the memory larger.
  virtual Status write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) = 0;
  virtual Status read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) = 0;
  virtual Status write_register(std::uint32_t offset, std::uint32_t value) = 0;
  virtual Result<std::uint32_t> read_register(std::uint32_t offset) = 0;
  /// Lets the device run until its interrupt, at most `max_cycles`.
  virtual Result<Wait> wait(std::uint64_t max_cycles) = 0;
  /// Lets the device run `cycles` whether or not the interrupt is up.
  virtual Result<Wait> run(std::uint64_t cycles) = 0;
  /// Clock cycles since the start; 0 for a device without a clock.
  virtual std::uint64_t cycle() const = 0;
  /// Broken rules of the bus protocols so far, each as one line.
  virtual std::vector<std::string> violations() const { return {}; }
};

}  // namespace bat::sim
