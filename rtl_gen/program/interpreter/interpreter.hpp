// SPDX-License-Identifier: Apache-2.0
// Functional model of the accelerator: programs and memory images executed as
// docs/architecture.md says, without timing. It stops with a message on everything that hardware
// would do wrong silently: reads of bits never written, ring words used before they are loaded,
// rings overrun, missing waits (in shuffled order), deadlock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/bit_memory.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat {

/// Byte-addressed memory behind the AXI port.
class MemoryPort {
 public:
  virtual ~MemoryPort() = default;
  /// False is an AXI error response.
  virtual bool read(std::uint64_t address, std::span<std::uint8_t> bytes) = 0;
  virtual bool write(std::uint64_t address, std::span<const std::uint8_t> bytes) = 0;
};

/// The job registers (architecture section 7).
struct Job {
  std::uint64_t program = 0;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
};

/// Sees every completed instruction.
class CompletionObserver {
 public:
  virtual ~CompletionObserver() = default;
  /// `job` counts from 0 within a run, `index` from 0 within the program. Non-empty: stop with this
  /// message.
  virtual std::optional<std::string> completed(int job, int index, const ShadowMemory& memory) = 0;
};

/// Order of execution.
struct ExecutionOrder {
  /// False: every instruction runs to its end in program order. True: random legal interleavings
  /// of fetch and units that honour queues, rings and waits only, with overlap inside QMM and ROW.
  bool shuffled = false;
  std::uint64_t seed = 0;
};

/// What ERROR would report, and why.
struct Fault {
  isa::ErrorCode code = isa::ErrorCode::kHeader;
  int unit = 0;   ///< unit or AXI client
  int index = 0;  ///< instruction index
};

class Interpreter {
 public:
  Interpreter(const Config& config, const Plan& plan);
  ~Interpreter();
  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;

  /// Runs jobs back to back, as if all were queued at once. Memories keep their contents between
  /// calls. After an error call `reset`.
  Status run(std::span<const Job> jobs, std::uint64_t model_base, MemoryPort& memory,
             const ExecutionOrder& order = {}, CompletionObserver* observer = nullptr);

  /// The error register after a failed run; nothing if the failure has no code in hardware.
  std::optional<Fault> fault() const;

  /// Soft reset: queues, rings and counters are empty, memories unknown.
  void reset();

  const ShadowMemory& memory() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace bat
