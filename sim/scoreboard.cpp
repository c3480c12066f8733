// SPDX-License-Identifier: Apache-2.0
#include "sim/scoreboard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rtl_gen/program/disassemble.hpp"

namespace bat::sim {
namespace {

constexpr std::size_t kKeptMismatches = 8;

/// Bits of one element as the hardware stores it.
int element_bits(const TensorCheck& check, const Plan& plan) {
  switch (check.layout) {
    case Layout::kValue:
      return 16;
    case Layout::kScore:
      return plan.score_bits;
    case Layout::kLogit:
      return 32;
    default:
      return check.planes;
  }
}

/// First instruction of `unit` at or after `from`; the size of the program if there is none.
std::size_t next_of_unit(const Program& program, int unit, std::size_t from) {
  while (from < program.instructions.size() &&
         static_cast<int>(isa::unit_of(program.instructions[from].op())) != unit) {
    ++from;
  }
  return from;
}

}  // namespace

std::string Mismatch::text() const {
  std::string where;
  if (!unit.empty()) {
    where = fmt::format(", cycle {}, unit {}, instruction {}: {}", cycle, unit, instruction,
                        disassembly);
  }
  std::string place = tensor;
  if (layer >= 0) place += fmt::format(" layer {}", layer);
  if (head >= 0) place += fmt::format(" head {}", head);
  return fmt::format(
      "{} seed {} sample {}{}\n  {} row {} column {}: expected {}, got {} ({} element{} differ)\n"
      "  replay: {}",
      config, seed, sample, where, place, row, column, expected, got, elements,
      elements == 1 ? "" : "s", replay);
}

void GoldenTensors::tensor(bmt::TensorId id, int layer, int head, int rows, int cols,
                           std::span<const std::int32_t> values) {
  tensors_[{id, layer, head}] = GoldenTensor{rows, cols, {values.begin(), values.end()}};
}

const GoldenTensor* GoldenTensors::find(bmt::TensorId id, int layer, int head) const {
  const auto it = tensors_.find({id, layer, head});
  return it == tensors_.end() ? nullptr : &it->second;
}

Scoreboard::Scoreboard(const Config& config, const Plan& plan, std::uint64_t seed,
                       std::string replay)
    : config_(config),
      plan_(plan),
      seed_(seed),
      replay_(std::move(replay)),
      shadow_(plan),
      rings_(plan) {}

void Scoreboard::expect(std::size_t sample, const Program& program,
                        std::vector<std::unique_ptr<GoldenTensors>> golden) {
  ExpectedJob job;
  job.sample = sample;
  job.program = &program;
  job.golden = std::move(golden);
  for (int unit = 0; unit < isa::kNumUnits; ++unit) {
    job.next[static_cast<std::size_t>(unit)] = next_of_unit(program, unit, 0);
  }
  jobs_.push_back(std::move(job));
}

void Scoreboard::fault(std::uint64_t cycle, const std::string& text) {
  if (faults_.size() < kKeptMismatches) faults_.push_back(fmt::format("cycle {}: {}", cycle, text));
}

void Scoreboard::write(std::uint64_t cycle, int mem, int slice, int addr, int chunk,
                       std::uint64_t mask, std::uint64_t data) {
  if (cycle != pending_cycle_) flush();
  if (!shadow_.write_chunk(static_cast<isa::Tap>(mem), slice, addr, chunk, mask, data)) {
    fault(cycle, fmt::format("write outside memory {}: slice {}, word {}, chunk {}", mem, slice,
                             addr, chunk));
  }
}

void Scoreboard::done(std::uint64_t cycle, int unit) {
  // Writes of the same cycle may still be reported: the check waits for the next one.
  if (cycle != pending_cycle_) flush();
  pending_cycle_ = cycle;
  pending_done_.push_back(unit);
}

void Scoreboard::flush() {
  const std::vector<int> units = std::exchange(pending_done_, {});
  for (const int unit : units) apply_done(pending_cycle_, unit);
}

void Scoreboard::apply_done(std::uint64_t cycle, int unit) {
  const auto u = static_cast<std::size_t>(unit);
  const auto unfinished = [&](const ExpectedJob& job) {
    return job.next[u] < job.program->instructions.size();
  };
  const auto job = std::find_if(jobs_.begin(), jobs_.end(), unfinished);
  if (unit < 0 || unit >= isa::kNumUnits || job == jobs_.end()) {
    fault(cycle, fmt::format("unit {} completes an instruction that it was not given", unit));
    return;
  }
  const std::size_t index = job->next[u];
  check(cycle, *job, index, shadow_);
  rings_.complete(job->program->instructions[index]);
  job->next[u] = next_of_unit(*job->program, unit, index + 1);
  // END is last in its unit, but other units may report later: keep a job until all are through.
  while (!jobs_.empty() &&
         std::all_of(jobs_.front().next.begin(), jobs_.front().next.end(), [&](std::size_t n) {
           return n >= jobs_.front().program->instructions.size();
         })) {
    jobs_.pop_front();
  }
}

std::optional<std::string> Scoreboard::completed(int job, int index, const ShadowMemory& memory) {
  // The interpreter counts jobs from the start of its run; all of them were announced before.
  const auto j = static_cast<std::size_t>(job);
  if (j < jobs_.size()) check(0, jobs_[j], static_cast<std::size_t>(index), memory);
  return std::nullopt;
}

void Scoreboard::retire() {
  if (!jobs_.empty()) jobs_.pop_front();
}

void Scoreboard::check(std::uint64_t cycle, const ExpectedJob& job, std::size_t index,
                       const ShadowMemory& memory) {
  if (job.golden.empty() || index >= job.program->checks.size()) return;
  for (const TensorCheck& region : job.program->checks[index]) {
    compare(cycle, job, index, region, memory);
  }
}

void Scoreboard::compare(std::uint64_t cycle, const ExpectedJob& job, std::size_t index,
                         const TensorCheck& region, const ShadowMemory& memory) {
  const auto sentence = static_cast<std::size_t>(region.sentence);
  const GoldenTensor* golden =
      job.golden.at(sentence)->find(region.tensor, region.layer, region.head);
  if (!golden) {
    fault(cycle, "no golden tensor for " + to_string(region));
    return;
  }
  Mismatch mismatch;
  mismatch.elements = 0;
  for (int row = region.row_begin; row < region.row_end; ++row) {
    for (int col = region.col_begin; col < region.col_end; ++col) {
      const std::optional<std::int32_t> got = extract(region, plan_, memory, row, col);
      const std::int32_t expected =
          golden->values[static_cast<std::size_t>(row) * static_cast<std::size_t>(golden->cols) +
                         static_cast<std::size_t>(col)];
      if (got && *got == expected) continue;
      if (mismatch.elements++ > 0) continue;
      mismatch.row = row;
      mismatch.column = col;
      mismatch.expected = expected;
      mismatch.got = got.value_or(INT32_MIN);
      if (!got) mismatch.disassembly = "(bits never written) ";
    }
  }
  compared_bits_ += static_cast<std::uint64_t>(region.row_end - region.row_begin) *
                    static_cast<std::uint64_t>(region.col_end - region.col_begin) *
                    static_cast<std::uint64_t>(element_bits(region, plan_));
  if (mismatch.elements == 0) return;
  ++mismatch_count_;
  if (mismatches_.size() >= kKeptMismatches) return;
  const isa::Instruction& instruction = job.program->instructions[index];
  mismatch.config = config_.name;
  mismatch.seed = seed_;
  mismatch.sample = job.sample + sentence;
  mismatch.cycle = cycle;
  mismatch.unit = isa::to_string(isa::unit_of(instruction.op()));
  mismatch.instruction = static_cast<int>(index);
  mismatch.disassembly += isa::to_string(instruction);
  mismatch.tensor = bmt::name(region.tensor);
  mismatch.layer = region.layer;
  mismatch.head = region.head;
  mismatch.replay = replay_;
  mismatches_.push_back(std::move(mismatch));
}

std::string Scoreboard::pending() const {
  std::string text;
  for (int unit = 0; unit < isa::kNumUnits; ++unit) {
    const auto u = static_cast<std::size_t>(unit);
    for (const ExpectedJob& job : jobs_) {
      const std::size_t index = job.next[u];
      if (index >= job.program->instructions.size()) continue;
      text += fmt::format("  {}: sample {}, instruction {}: {}\n",
                          isa::to_string(static_cast<isa::Unit>(unit)), job.sample, index,
                          isa::to_string(job.program->instructions[index]));
      break;
    }
  }
  return text + "  rings: " + rings_.text() + '\n';
}

}  // namespace bat::sim
