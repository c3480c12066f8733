// SPDX-License-Identifier: Apache-2.0
// The generated design in Verilator, behind the Device interface.
#pragma once

#include <memory>
#include <string>

#include "sim/axi/memory.hpp"
#include "sim/device.hpp"
#include "sim/verilated_library.hpp"

namespace bat::sim {

/// Observer of the design. Called from inside a running cycle. Only a library built with taps
/// reports writes.
class TapSink {
 public:
  virtual ~TapSink() = default;
  /// Memory `mem` (isa::Tap) of `slice` takes `data` where `mask` is 1, in 64-bit chunk `chunk` of
  /// word `addr`.
  virtual void write(std::uint64_t cycle, int mem, int slice, int addr, int chunk,
                     std::uint64_t mask, std::uint64_t data) = 0;
  /// Unit `unit` (isa::Unit) begins its next instruction: it takes it from its queue; QMM: the
  /// first step may issue in the next cycle.
  virtual void start(std::uint64_t cycle, int unit) {
    (void)cycle;
    (void)unit;
  }
  /// Unit `unit` has completed its oldest instruction.
  virtual void done(std::uint64_t cycle, int unit) = 0;
};

/// Flips bits of the weight ring as they are stored. Called from inside a running cycle, of a
/// library built with taps only.
class WeightUpsets {
 public:
  virtual ~WeightUpsets() = default;
  /// Column slice `slice` stores the word at `addr` in copy `copy` (0 without a majority): bits of
  /// 64-bit chunk `chunk` to turn over, 0 for none. Chunks of a word come in ascending order; a
  /// parity bit lies behind the bits of the word.
  virtual std::uint64_t flips(int slice, int copy, int addr, int chunk) = 0;
};

struct VerilatedOptions {
  int latency = 20;
  int bandwidth = 100;
  int max_outstanding = 16;
  StallMode stall = StallMode::kNone;
  std::uint64_t seed = 1;
  std::string trace;                     ///< FST file; the library must be Flavor::kTrace
  bool check = true;                     ///< protocol checkers
  std::uint64_t stuck_cycles = 1000000;  ///< watchdog
  TapSink* taps = nullptr;               ///< must outlive the device
  WeightUpsets* upsets = nullptr;        ///< must outlive the device
};

class VerilatedDevice : public Device {
 public:
  VerilatedDevice(std::shared_ptr<const VerilatedLibrary> library, const VerilatedOptions& options);
  ~VerilatedDevice() override;
  VerilatedDevice(const VerilatedDevice&) = delete;
  VerilatedDevice& operator=(const VerilatedDevice&) = delete;

  const char* name() const override { return "rtl"; }
  Status reset() override;
  Status write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) override;
  Status read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) override;
  Status write_register(std::uint32_t offset, std::uint32_t value) override;
  Result<std::uint32_t> read_register(std::uint32_t offset) override;
  Result<Wait> wait(std::uint64_t max_cycles) override;
  Result<Wait> run(std::uint64_t cycles) override;
  std::uint64_t cycle() const override;
  std::vector<std::string> violations() const override;

  /// Error answer on one of the next bursts.
  void fail_read(const AxiFault& fault);
  void fail_write(const AxiFault& fault);
  /// Notes a violation if the memory port is not idle.
  void expect_idle();

 private:
  std::shared_ptr<const VerilatedLibrary> library_;
  const BatSimApi& api_;
  VerilatedOptions options_;
  void* sim_ = nullptr;
  std::uint64_t memory_size_ = 0;
};

}  // namespace bat::sim
