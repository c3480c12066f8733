// SPDX-License-Identifier: Apache-2.0
// Compares what the accelerator writes into its memories with the golden tensors, at the completion
// of each instruction.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "models/bmt/golden.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "rtl_gen/program/interpreter/interpreter.hpp"
#include "sim/mismatch.hpp"
#include "sim/ring_ledger.hpp"
#include "sim/verilated_device.hpp"

namespace bat::sim {

/// All tensors of one golden run.
class GoldenTensors : public bmt::Tap {
 public:
  void tensor(bmt::TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override;
  /// Null if the run had no such tensor.
  const GoldenTensor* find(bmt::TensorId id, int layer, int head) const;

 private:
  std::map<std::tuple<bmt::TensorId, int, int>, GoldenTensor> tensors_;
};

/// Works on the taps of the RTL and on the completions of the interpreter. Jobs are announced in
/// the order in which they are pushed.
class Scoreboard : public TapSink, public CompletionObserver {
 public:
  Scoreboard(const Config& config, const Plan& plan, std::uint64_t seed, std::string replay);

  /// `sample` is the first of the program's sentences, `golden` holds the tensors of each;
  /// `program` must outlive the job.
  void expect(std::size_t sample, const Program& program,
              std::vector<std::unique_ptr<GoldenTensors>> golden);

  void write(std::uint64_t cycle, int mem, int slice, int addr, int chunk, std::uint64_t mask,
             std::uint64_t data) override;
  void done(std::uint64_t cycle, int unit) override;
  /// Checks completions of the last cycle seen; call when the device has stopped.
  void flush();

  std::optional<std::string> completed(int job, int index, const ShadowMemory& memory) override;
  /// Forgets the oldest job; for devices that report through `completed`.
  void retire();

  std::uint64_t compared_bits() const { return compared_bits_; }
  /// Differing regions; the first few are kept in `mismatches`.
  std::size_t mismatch_count() const { return mismatch_count_; }
  const std::vector<Mismatch>& mismatches() const { return mismatches_; }
  /// What the taps did that they never should, such as writes outside a memory.
  const std::vector<std::string>& faults() const { return faults_; }
  /// One line a unit with unfinished work: its oldest instruction; and how full the rings are.
  std::string pending() const;

 private:
  struct ExpectedJob {
    std::size_t sample = 0;
    const Program* program = nullptr;
    std::vector<std::unique_ptr<GoldenTensors>> golden;
    std::array<std::size_t, isa::kNumUnits> next{};  ///< position in the program, by unit
  };

  void apply_done(std::uint64_t cycle, int unit);
  void check(std::uint64_t cycle, const ExpectedJob& job, std::size_t index,
             const ShadowMemory& memory);
  void compare(std::uint64_t cycle, const ExpectedJob& job, std::size_t index,
               const TensorCheck& region, const ShadowMemory& memory);
  void fault(std::uint64_t cycle, const std::string& text);

  Config config_;
  Plan plan_;
  std::uint64_t seed_;
  std::string replay_;
  ShadowMemory shadow_;
  RingLedger rings_;
  std::deque<ExpectedJob> jobs_;
  std::uint64_t pending_cycle_ = 0;
  std::vector<int> pending_done_;
  std::uint64_t compared_bits_ = 0;
  std::size_t mismatch_count_ = 0;
  std::vector<Mismatch> mismatches_;
  std::vector<std::string> faults_;
};

}  // namespace bat::sim
