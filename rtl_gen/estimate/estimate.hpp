// SPDX-License-Identifier: Apache-2.0
// Cycle model: executes compiled programs, the same instructions, waits and ring words that the
// hardware gets, without data. Times follow the RTL edge by edge where units meet, and in closed
// form inside a tile, a burst or a LayerNorm pass.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/program/compiler.hpp"

namespace bat {

/// The memory behind the port: the model of sim/axi/memory.hpp without stalls.
struct MemoryModel {
  int latency = 20;  ///< cycles from an address to its first beat, and to the response of a write
  int bandwidth = 100;       ///< percent of cycles that can carry a beat
  int max_outstanding = 64;  ///< bursts that the memory accepts
};

/// Where things lie in memory: bursts end at 4 KiB boundaries.
struct MemoryMap {
  std::uint64_t model = 0;
  std::vector<std::uint64_t> programs;  ///< by job
  std::vector<std::uint64_t> inputs;
  std::vector<std::uint64_t> outputs;
};

/// The map of sim/driver.hpp: model, buffers for jobs of up to `sentences`, programs, one after the
/// other from `base` on.
MemoryMap driver_map(const Plan& plan, const ModelImage& image,
                     std::span<const Program* const> jobs, int sentences, std::uint64_t base);

/// Why the engine lost cycles.
inline constexpr std::array<const char*, 7> kLossNames{
    "dispatch", "dependence", "weights", "constants", "drain", "bank", "records"};

/// Instructions of one kind, by unit, tensor and layer, in one job.
struct OpEstimate {
  std::string unit;
  std::string name;  ///< "ffn1", "ln1", "weights of q"
  int layer = -1;
  int instructions = 0;
  std::int64_t start = 0;  ///< first start and last completion, cycles from the first job's start
  std::int64_t end = 0;
  std::int64_t busy = 0;               ///< QMM: steps; others: start to completion, summed
  std::array<std::int64_t, 7> lost{};  ///< QMM: cycles without a step before its steps
};

struct UnitEstimate {
  std::string unit;
  std::int64_t busy = 0;
  std::int64_t starved = 0;
  std::int64_t stalled = 0;
};

/// One executed instruction.
struct InstructionEstimate {
  std::size_t job = 0;
  std::size_t instruction = 0;
  std::int64_t start = 0;
  std::int64_t done = 0;
};

struct Estimate {
  std::int64_t cycles = 0;        ///< the first job, from its start to its last logit
  std::int64_t total_cycles = 0;  ///< all jobs: counter 0
  double steady_cycles = 0;       ///< a job among others: from the end of the first one to the last
  std::int64_t qmm_steps = 0;     ///< of all jobs: counter 16
  double qmm_utilization = 0;     ///< steps a cycle of all jobs
  std::int64_t read_beats = 0;    ///< of all jobs: counter 17
  std::vector<OpEstimate> ops;    ///< of the first job
  std::vector<UnitEstimate> units;  ///< of all jobs
  std::vector<InstructionEstimate> instructions;

  nlohmann::ordered_json json() const;
};

/// `jobs` one behind the other, all queued at the start. Error: a program that stands still.
Result<Estimate> estimate(const Config& config, const Plan& plan,
                          std::span<const Program* const> jobs, const MemoryMap& map,
                          const MemoryModel& memory);

}  // namespace bat
