// SPDX-License-Identifier: Apache-2.0
// The instruction-level simulator behind the Device interface: the same driver runs the same
// programs without RTL.
#pragma once

#include <deque>
#include <vector>

#include "rtl_gen/program/interpreter/interpreter.hpp"
#include "sim/device.hpp"

namespace bat::sim {

class GoldenDevice : public Device {
 public:
  /// `observer` may be null; it sees every completed instruction and must outlive the device.
  GoldenDevice(const Config& config, const Plan& plan, const ExecutionOrder& order,
               CompletionObserver* observer);

  const char* name() const override { return "interpreter"; }
  Status reset() override;
  Status write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) override;
  Status read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) override;
  Status write_register(std::uint32_t offset, std::uint32_t value) override;
  Result<std::uint32_t> read_register(std::uint32_t offset) override;
  /// Executes all queued jobs. An error that hardware would not notice is an Error here.
  Result<Wait> wait(std::uint64_t max_cycles) override;
  Result<Wait> run(std::uint64_t cycles) override;
  std::uint64_t cycle() const override { return 0; }

 private:
  class Port : public MemoryPort {
   public:
    bool read(std::uint64_t address, std::span<std::uint8_t> bytes) override;
    bool write(std::uint64_t address, std::span<const std::uint8_t> bytes) override;
    std::vector<std::uint8_t> bytes;
  };

  std::uint64_t wide(std::uint32_t offset) const;
  void push_job();
  std::uint32_t status() const;

  Config config_;
  Plan plan_;
  ExecutionOrder order_;
  CompletionObserver* observer_;
  Interpreter interpreter_;
  Port port_;
  std::vector<std::uint32_t> registers_;
  std::deque<Job> jobs_;
};

/// SHAPE register of a configuration (docs/architecture.md section 7).
std::uint32_t shape_register(const Config& config);

}  // namespace bat::sim
