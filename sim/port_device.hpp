// SPDX-License-Identifier: Apache-2.0
// A clocked model of the accelerator's top, seen as its ports, behind the Device interface: memory
// and register accesses as in the harness of the verilated library, but in this process.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/axi/lite_driver.hpp"
#include "sim/axi/memory.hpp"
#include "sim/device.hpp"

namespace bat::sim {

/// The top `bat_top` as anything simulates it. Ports by name, bit 0 in bit 0 of the first word.
class PortModel {
 public:
  virtual ~PortModel() = default;
  virtual void set(std::string_view port, std::span<const std::uint64_t> words) = 0;
  virtual void get(std::string_view port, std::span<std::uint64_t> words) const = 0;
  /// One rising edge of the clock with the inputs as they are.
  virtual void edge() = 0;
  /// Outputs follow state and inputs.
  virtual void settle() = 0;
  /// The first job after a reset is about to be pushed.
  virtual void first_job() {}
};

struct PortDeviceOptions {
  int bus_bytes = 8;
  int latency = 20;
  int bandwidth = 100;
  int max_outstanding = 16;
  std::uint64_t stuck_cycles = 1000000;  ///< watchdog: longest time without a memory handshake
};

class PortDevice : public Device {
 public:
  /// `model` must outlive the device.
  PortDevice(PortModel& model, const PortDeviceOptions& options);

  const char* name() const override { return "model"; }
  Status reset() override;
  Status write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) override;
  Status read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) override;
  Status write_register(std::uint32_t offset, std::uint32_t value) override;
  Result<std::uint32_t> read_register(std::uint32_t offset) override;
  Result<Wait> wait(std::uint64_t max_cycles) override;
  Result<Wait> run(std::uint64_t cycles) override;
  std::uint64_t cycle() const override { return cycle_; }

 private:
  std::uint64_t port(std::string_view name) const;
  void set_port(std::string_view name, std::uint64_t value);
  AxiMaster sample_memory() const;
  LiteSlave sample_registers() const;
  void drive();
  void tick();
  Status finish_access();
  void reserve(std::uint64_t bytes);

  PortModel& model_;
  PortDeviceOptions options_;
  AxiMemory memory_;
  LiteDriver lite_;
  std::uint64_t cycle_ = 0;
  bool job_seen_ = false;
};

}  // namespace bat::sim
