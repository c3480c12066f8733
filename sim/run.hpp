// SPDX-License-Identifier: Apache-2.0
// Runs a model on a device, beside the golden model: what `batkit run` prints.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "sim/axi/stall.hpp"
#include "sim/mismatch.hpp"

namespace bat::sim {

class PortModel;

enum class Backend {
  kRtl,          ///< the generated design in Verilator
  kGolden,       ///< the golden model alone; no hardware, no cycles
  kBoth,         ///< RTL, logits compared with the golden model
  kInterpreter,  ///< the program on the instruction-level simulator, compared with the golden model
};

enum class CheckLevel {
  kLogits,   ///< logits only: the fast library
  kTensors,  ///< every intermediate tensor, bus protocols: the observed library
};

struct MemoryOptions {
  int latency = 20;          ///< cycles from a read request to its first beat
  int bandwidth = 100;       ///< percent of cycles that can carry a beat
  int max_outstanding = 64;  ///< bursts that the memory accepts
};

struct RunOptions {
  Backend backend = Backend::kBoth;
  CheckLevel check = CheckLevel::kLogits;
  /// Simulated in the place of the verilated design, for logits without stalls; must outlive the
  /// run. Backend rtl or both.
  PortModel* ports = nullptr;
  StallMode stall = StallMode::kNone;
  MemoryOptions memory;
  int sentences = 1;                     ///< of a job at most, as far as the configuration allows
  int reload_every = 0;                  ///< jobs between loads of resident parameters; 0: one load
  std::uint64_t seed = 1;                ///< of stalls and initial memory contents
  std::filesystem::path trace;           ///< FST file; empty for none
  std::filesystem::path timeline;        ///< trace-event JSON (sim/timeline.hpp); empty for none
  std::uint64_t stuck_cycles = 1000000;  ///< watchdog: longest time without any progress
  bool structures = false;               ///< RTL: popcounts as synthesized, not as $countones
  std::filesystem::path cache;           ///< of compiled designs; empty: default_cache_dir()
  std::string
      replay;  ///< command that repeats the run, for mismatches; empty: one made of the names
  /// Called after each sample; may be empty.
  std::function<void(std::size_t done, std::size_t total)> progress;
};

/// Names of counters 0 .. 18 (docs/architecture.md section 7).
inline constexpr std::array<const char*, 19> kCounterNames{
    "cycles_active", "dma_busy",    "dma_starved",    "dma_stalled",    "qmm_busy",
    "qmm_starved",   "qmm_stalled", "row_busy",       "row_starved",    "row_stalled",
    "smx_busy",      "smx_starved", "smx_stalled",    "sto_busy",       "sto_starved",
    "sto_stalled",   "qmm_steps",   "axi_read_beats", "axi_write_beats"};

using Counters = std::array<std::uint64_t, kCounterNames.size()>;

/// A line for each unit whose busy, starved and stalled cycles are not those in which a job was in
/// flight.
std::vector<std::string> counter_faults(const Counters& counters);

struct RunResult {
  std::string config;
  std::string model;
  std::size_t samples = 0;
  bool bit_exact = true;            ///< nothing compared differed
  std::size_t mismatches = 0;       ///< differing samples (logits) or tensor regions
  std::uint64_t compared_bits = 0;  ///< bits of logits and tensors compared
  std::optional<double> accuracy;   ///< share of labelled samples classified right
  double cycles_per_sample = 0;     ///< back to back; 0 without a clock
  double qmm_utilization = 0;       ///< QMM steps a cycle active
  double sim_cycles_per_second = 0;
  Counters counters{};
  std::vector<std::vector<std::int32_t>> logits;  ///< of each sample, from the device
  std::vector<Mismatch> first_mismatches;         ///< a few, with all that locates them
  /// Broken bus protocol rules, writes that nobody expects, counters that do not add up.
  std::vector<std::string> violations;

  nlohmann::ordered_json json() const;
};

/// Errors: the model does not fit the configuration, a tool is missing, the device hangs or reports
/// an error. A mismatch is not an error: see `bit_exact`.
Result<RunResult> run(const Config& config, const bmt::Model& model,
                      const std::vector<bmt::Sample>& samples, const RunOptions& options);

}  // namespace bat::sim
