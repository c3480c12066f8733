// SPDX-License-Identifier: Apache-2.0
// Host software of the accelerator: loads a model, keeps the job queue full, collects logits. Knows
// registers and memory only, so it drives any Device.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/bmt/sample.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "sim/device.hpp"

namespace bat::sim {

struct DriverOptions {
  /// Start of everything in device memory; rounded up to the alignment of the configuration.
  std::uint64_t base = 4096;
  /// Jobs in flight; 0: as many as the job queue holds.
  int window = 0;
  /// Sentences of a job at most; as many as fit one program are put together.
  int sentences = 1;
  /// Each so many jobs load the resident parameters again, as after a suspected upset; 0: only the
  /// first job after a reset loads them.
  int reload_every = 0;
  /// Times that a job is run again because weight memory had a parity error.
  int weight_retries = 3;
  /// A job that takes longer has failed.
  std::uint64_t max_job_cycles = 4000000000ULL;
};

/// Calls around each job and for each sample; empty functions are skipped.
struct DriverHooks {
  /// `first` is the first sample of the job.
  std::function<void(std::size_t first, const Program& program)> before_push;
  std::function<void(std::size_t sample, const std::vector<std::int32_t>& logits)> completed;
};

/// An error that the accelerator reported in its ERROR register.
struct DeviceFault {
  int code = 0;
  int unit = 0;  ///< unit or AXI client
  int instruction = 0;
};

class Driver {
 public:
  /// `device` and `image` must outlive the driver.
  Driver(Device& device, const Config& config, const Plan& plan, const ModelImage& image,
         const DriverOptions& options);

  /// Resets the device, checks that it is the accelerator of the configuration, writes the model.
  Status start();
  /// The program for sentences of these lengths that the next job may run; compiled and written to
  /// device memory on first use. Where parameters stay on chip, the first job after a reset loads
  /// them.
  Result<const Program*> program(const std::vector<int>& lengths);
  /// Where that program lies in device memory.
  Result<std::uint64_t> program_address(const std::vector<int>& lengths);
  /// Runs samples back to back. With parity on weight memory a job in which a word was wrong is run
  /// again, and so is every other job that was in flight then. Errors: invalid sample, hang, device
  /// error (see `fault`), a job that had parity errors in all its runs.
  Status run(const std::vector<bmt::Sample>& samples, const DriverHooks& hooks = {});
  /// What ERROR held when `run` failed; code 0 if it failed otherwise.
  const DeviceFault& fault() const { return fault_; }
  /// Jobs that `run` repeated since the driver was made.
  std::size_t repeated() const { return repeated_; }
  /// Words of protected weight memory that were read wrong or corrected (WEIGHT_FAULTS); 0 without
  /// protection.
  Result<std::uint64_t> weight_faults();
  /// Soft reset through CTRL after a fault; model and programs in memory stay valid.
  Status recover();
  /// 64-bit counter `index` (docs/architecture.md section 7).
  Result<std::uint64_t> counter(int index);
  Status clear_counters();
  /// Checks that model, programs and guard bytes around the outputs are as they were written.
  Status check_memory();

 private:
  struct LoadedProgram {
    std::unique_ptr<Program> program;
    std::uint64_t address = 0;
  };
  struct Slot {
    std::uint64_t input = 0;
    std::uint64_t output = 0;
  };
  struct InFlight {
    std::size_t first;  ///< sample
    const Program* program;
    std::size_t slot;
    int attempt;            ///< 0: the first run
    bool doubtful = false;  ///< a weight word was wrong while it was in flight
  };

  std::uint64_t allocate(std::uint64_t bytes);
  Status check_identity();
  Status configure();
  Status allocate_slots();
  Status write_wide(std::uint32_t offset, std::uint64_t value);
  /// Lengths of the samples from the first of `samples` on that fit one job.
  std::vector<int> next_lengths(std::span<const bmt::Sample> samples) const;
  /// Queues a job of the first samples of `rest`; `first` is their number, their count the result.
  Parameters next_parameters() const;
  Result<std::size_t> push(std::size_t first, std::span<const bmt::Sample> rest, int attempt,
                           const DriverHooks& hooks);
  /// Queues jobs as long as there is room: those to be repeated, then those of further samples.
  Status fill(const std::vector<bmt::Sample>& samples, std::size_t& next, const DriverHooks& hooks);
  /// Marks the jobs in flight if weight memory had a parity error.
  Status find_doubtful();
  /// Waits for the interrupt and retires what is done.
  Status wait(const DriverHooks& hooks);
  Status retire(const DriverHooks& hooks);
  Error device_error(std::uint32_t value);

  Device& device_;
  Config config_;
  Plan plan_;
  const ModelImage& image_;
  DriverOptions options_;
  std::uint64_t free_ = 0;
  std::uint64_t model_address_ = 0;
  using ProgramKey = std::pair<std::vector<int>, Parameters>;
  ProgramKey key(const std::vector<int>& lengths) const { return {lengths, parameters_}; }
  std::map<ProgramKey, LoadedProgram> programs_;
  Parameters parameters_ = Parameters::kLoad;  ///< of the next job
  std::vector<Slot> slots_;
  std::vector<InFlight> in_flight_;
  std::vector<InFlight> again_;  ///< to be repeated
  std::size_t repeated_ = 0;
  std::size_t pushed_ = 0;
  std::uint32_t jobs_done_ = 0;
  DeviceFault fault_;
};

/// Where the cycles go while nothing moves: one line a unit from the counters, measured over
/// `cycles` cycles.
Result<std::string> describe_stall(Device& device, std::uint64_t cycles = 1000);

}  // namespace bat::sim
