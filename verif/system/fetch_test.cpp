// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>

#include "Vfetch.h"
#include "rtl_gen/program/isa.hpp"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

constexpr unsigned kBytes = AXI_W / 8;
constexpr std::uint32_t kHash = 0x12345678;
constexpr int kUnits = isa::kNumUnits;
std::array<int, kUnits> tap_start_count;
std::array<int, kUnits> tap_done_count;

extern "C" void bat_tap_start(int unit) { ++tap_start_count[static_cast<std::size_t>(unit)]; }
extern "C" void bat_tap_done(int unit) { ++tap_done_count[static_cast<std::size_t>(unit)]; }

using Program = std::vector<isa::Instruction>;

isa::Instruction make(isa::Op op) {
  isa::Instruction instruction;
  instruction.set(isa::kOp, static_cast<std::uint64_t>(op));
  for (int unit = 0; unit < kUnits; ++unit) instruction.set({"Wait", 4 + 5 * unit, 5}, 31);
  return instruction;
}

struct Dispatched {
  isa::Instruction instruction;
  std::array<int, kUnits> before;  ///< instructions dispatched to each unit before it
  std::uint32_t job;
  bool first_row;
};

/// Program memory, five units that take random time, and the order that waits ask for.
class FetchBench {
 public:
  explicit FetchBench(unsigned seed) : random_(seed) {
    tap_start_count.fill(0);
    tap_done_count.fill(0);
    dut_->enable_i = 1;
    dut_->job_valid_i = dut_->job_done_i = 0;
    dut_->read_error_i = dut_->write_error_i = dut_->queue_error_i = 0;
    dut_->req_ready_i = dut_->rsp_valid_i = 0;
    dut_->unit_ready_i = dut_->unit_done_i = 0;
    dut_.reset();
  }

  /// Queues a job whose program is in memory at its own address.
  void push(const Program& program, std::uint32_t magic = isa::kProgramMagic,
            std::uint32_t hash = kHash, int count_error = 0) {
    const std::uint32_t job = jobs_++;
    const std::uint32_t address = 0x10000 * (job + 1);
    write(address,
          {magic, isa::kIsaVersion, hash,
           static_cast<std::uint32_t>(program.size()) + static_cast<std::uint32_t>(count_error), 0,
           0, 0, 0});
    bool first_row = true;
    for (std::size_t i = 0; i < program.size(); ++i) {
      write(address + 32 * (static_cast<std::uint32_t>(i) + 1), program[i].words);
      const int unit = static_cast<int>(isa::unit_of(program[i].op()));
      expected_[unit].push_back({program[i], dispatched_, job, unit == 2 && first_row});
      if (unit == 2) first_row = false;
      ++dispatched_[static_cast<std::size_t>(unit)];
    }
    waiting_jobs_.push_back(job);
  }

  Program random_program(int length) {
    static constexpr isa::Op kOps[] = {isa::Op::kLoad,  isa::Op::kQmm,  isa::Op::kLn,
                                       isa::Op::kEmbed, isa::Op::kFeat, isa::Op::kSmx,
                                       isa::Op::kStore};
    Program program;
    for (int i = 0; i < length; ++i) {
      isa::Instruction instruction = make(kOps[random_.below(7)]);
      const int own = static_cast<int>(isa::unit_of(instruction.op()));
      for (int unit = 0; unit < kUnits; ++unit) {
        if ((unit == own && unit != 1 && unit != 2) || !random_.chance(25)) continue;
        instruction.set({"Wait", 4 + 5 * unit, 5}, random_.below(random_.chance(50) ? 3 : 31));
      }
      instruction.set({"Payload", 32, 32}, random_.word());
      program.push_back(instruction);
    }
    program.push_back(make(isa::Op::kEnd));
    return program;
  }

  void cycle() {
    drive();
    dut_.settle();
    observe();
    dut_.tick();
  }
  void run(int cycles) {
    for (int i = 0; i < cycles && !::testing::Test::HasFatalFailure(); ++i) cycle();
  }
  bool all_done() const {
    for (int unit = 0; unit < kUnits; ++unit) {
      if (completed_[static_cast<std::size_t>(unit)] !=
          dispatched_[static_cast<std::size_t>(unit)]) {
        return false;
      }
    }
    return true;
  }
  int error_code() { return static_cast<int>(dut_->error_o & 0xFFU); }

  Bench<Vfetch> dut_;
  Random random_;
  std::array<int, kUnits> dispatched_{}, accepted_{}, completed_{};
  int error_events_ = 0;
  unsigned memory_percent_ = 60;

 private:
  void write(std::uint32_t address, const std::array<std::uint32_t, 8>& words) {
    for (std::uint32_t i = 0; i < 32; ++i) {
      memory_[address + i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
    }
  }

  void drive() {
    dut_->job_valid_i = !waiting_jobs_.empty();
    if (!waiting_jobs_.empty()) {
      const std::uint32_t job = waiting_jobs_.front();
      const std::array<std::uint32_t, 4> bases = {0x1000 + job, 0x10000 * (job + 1), 0x2000 + job,
                                                  0x3000 + job};
      put(dut_->job_i, bases.data(), 16);
    }
    dut_->req_ready_i = random_.chance(50);
    dut_->rsp_valid_i = !beats_.empty() && random_.chance(memory_percent_);
    if (dut_->rsp_valid_i) {
      std::vector<std::uint8_t> data(kBytes);
      for (unsigned i = 0; i < kBytes; ++i) {
        const auto byte = memory_.find(beats_.front() + i);
        data[i] = byte == memory_.end() ? 0xEE : byte->second;
      }
      put(dut_->rsp_data_i, data.data(), kBytes);
    }
    unsigned ready = 0;
    unsigned done = 0;
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      if (accepted_[unit] - completed_[unit] < 2 && random_.chance(50)) ready |= 1U << unit;
      if (accepted_[unit] > completed_[unit] && random_.chance(20)) done |= 1U << unit;
    }
    dut_->unit_ready_i = static_cast<CData>(ready);
    dut_->unit_done_i = static_cast<CData>(done);
    const std::size_t oldest_store = static_cast<std::size_t>(completed_[4]);
    dut_->job_done_i = (done >> 4) != 0 && stores_[oldest_store] == isa::Op::kEnd;
  }

  void observe() {
    if (dut_->job_valid_i && dut_->job_ready_o) waiting_jobs_.pop_front();
    if (dut_->req_valid_o && dut_->req_ready_i) {
      for (std::uint32_t i = 0; i < dut_->req_beats_o; ++i) {
        beats_.push_back(dut_->req_addr_o + i * kBytes);
      }
    }
    if (dut_->rsp_valid_i) {
      ASSERT_TRUE(dut_->rsp_ready_o) << "fetch asked for more than it has room for";
      beats_.pop_front();
    }
    error_events_ += dut_->error_event_o;
    for (int unit = 0; unit < kUnits; ++unit) {
      if (((dut_->unit_valid_o & dut_->unit_ready_i) >> unit) & 1U) accept(unit);
    }
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      completed_[unit] += (dut_->unit_done_i >> unit) & 1U;
    }
  }

  isa::Instruction instruction_of(int unit) {
    isa::Instruction instruction;
    if (unit == 0) get(dut_->dma_instr_o, instruction.words.data(), 32);
    if (unit == 1) get(dut_->qmm_instr_o, instruction.words.data(), 32);
    if (unit == 2) get(dut_->row_instr_o, instruction.words.data(), 32);
    if (unit == 3) get(dut_->smx_instr_o, instruction.words.data(), 32);
    if (unit == 4) get(dut_->sto_instr_o, instruction.words.data(), 32);
    return instruction;
  }

  void accept(int unit) {
    auto& queue = expected_[unit];
    ASSERT_FALSE(queue.empty());
    const Dispatched want = queue.front();
    queue.pop_front();
    const isa::Instruction got = instruction_of(unit);
    ASSERT_EQ(got.op(), want.instruction.op());
    ASSERT_EQ(got.words[1], want.instruction.words[1]);
    for (int other = 0; other < kUnits; ++other) {
      const int k = static_cast<int>(want.instruction.get({"Wait", 4 + 5 * other, 5}));
      if (k == 31) continue;
      const auto index = static_cast<std::size_t>(other);
      ASSERT_GE(completed_[index], want.before[index] - k)
          << "unit " << unit << " waits for " << other;
    }
    if (unit == 0) {
      ASSERT_EQ(dut_->dma_model_o, 0x1000 + want.job);
    }
    if (unit == 2) {
      ASSERT_EQ(dut_->row_model_o, 0x1000 + want.job);
      ASSERT_EQ(dut_->row_input_o, 0x2000 + want.job);
      ASSERT_EQ(dut_->row_first_o, want.first_row);
    }
    if (unit == 4) {
      ASSERT_EQ(dut_->sto_output_o, 0x3000 + want.job);
      stores_.push_back(got.op());
    }
    ++accepted_[static_cast<std::size_t>(unit)];
  }

  std::map<std::uint32_t, std::uint8_t> memory_;
  std::array<std::deque<Dispatched>, kUnits> expected_;
  std::deque<std::uint32_t> waiting_jobs_;
  std::deque<std::uint32_t> beats_;
  std::vector<isa::Op> stores_;
  std::uint32_t jobs_ = 0;
};

TEST(Fetch, BackToBackJobsWithRandomWaits) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    FetchBench bench(seed);
    for (int job = 0; job < 6; ++job) {
      bench.push(bench.random_program(static_cast<int>(bench.random_.below(80))));
    }
    bench.run(20000);
    EXPECT_TRUE(bench.all_done());
    EXPECT_EQ(bench.dut_->jobs_done_o, 6U);
    EXPECT_FALSE(bench.dut_->active_o);
    EXPECT_EQ(bench.error_events_, 0);
    EXPECT_EQ(tap_done_count, bench.completed_);
    auto starts = bench.completed_;
    starts[1] = 0;  // the engine reports its own
    EXPECT_EQ(tap_start_count, starts);
  }
}

TEST(Fetch, DisabledStartsNothing) {
  FetchBench bench(2);
  bench.dut_->enable_i = 0;
  bench.push(bench.random_program(3));
  bench.run(500);
  EXPECT_EQ(bench.accepted_, (std::array<int, kUnits>{}));
  bench.dut_->enable_i = 1;
  bench.run(2000);
  EXPECT_TRUE(bench.all_done());
}

void expect_error(FetchBench& bench, int code) {
  bench.run(3000);
  EXPECT_EQ(bench.error_events_, 1);
  EXPECT_EQ(bench.error_code(), code);
  EXPECT_TRUE(bench.dut_->stop_o);
  const auto accepted = bench.accepted_;
  bench.run(200);
  EXPECT_EQ(bench.accepted_, accepted);
  EXPECT_FALSE(bench.dut_->req_valid_o);
}

TEST(Fetch, BadHeader) {
  FetchBench bench(3);
  bench.push(bench.random_program(5), 0xDEADBEEF);
  expect_error(bench, 1);
}
TEST(Fetch, BadHash) {
  FetchBench bench(3);
  bench.push(bench.random_program(5), isa::kProgramMagic, kHash ^ 1U);
  expect_error(bench, 2);
}
TEST(Fetch, UnknownOpcode) {
  FetchBench bench(3);
  Program program = bench.random_program(12);
  program[7] = make(static_cast<isa::Op>(9));
  bench.push(program);
  expect_error(bench, 3);
  EXPECT_EQ(bench.dut_->error_o >> 16, 7U);
}
TEST(Fetch, NoEnd) {
  FetchBench bench(3);
  Program program = bench.random_program(12);
  program.back() = make(isa::Op::kLoad);
  bench.push(program);
  expect_error(bench, 6);
}
TEST(Fetch, EndBeforeTheLast) {
  FetchBench bench(3);
  Program program = bench.random_program(12);
  program[4] = make(isa::Op::kEnd);
  bench.push(program);
  expect_error(bench, 6);
}
TEST(Fetch, EmptyProgram) {
  FetchBench bench(3);
  bench.push(bench.random_program(0), isa::kProgramMagic, kHash, -1);
  expect_error(bench, 6);
}
TEST(Fetch, OversizedCount) {
  FetchBench bench(3);
  bench.push(bench.random_program(0), isa::kProgramMagic, kHash, 1 << 20);
  expect_error(bench, 1);
}

TEST(Fetch, ErrorsOfOthersKeepTheFirst) {
  FetchBench bench(4);
  bench.push(bench.random_program(60));
  bench.run(60);
  bench.dut_->read_error_i = 1;
  bench.dut_->read_client_i = 2;
  bench.cycle();
  bench.dut_->read_error_i = 0;
  bench.dut_->write_error_i = 1;
  bench.cycle();
  bench.dut_->write_error_i = 0;
  expect_error(bench, 4);
  EXPECT_EQ((bench.dut_->error_o >> 8) & 0xFFU, 2U);
}
TEST(Fetch, QueueOverflow) {
  FetchBench bench(4);
  bench.dut_->queue_error_i = 1;
  bench.cycle();
  bench.dut_->queue_error_i = 0;
  expect_error(bench, 7);
}

}  // namespace
}  // namespace bat::bench
