// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "Vstore_unit.h"
#include "rtl_gen/program/isa.hpp"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

constexpr unsigned kBytes = AXI_W / 8;
constexpr unsigned kMaxBurst = 16;
constexpr unsigned kLogits = 256;

class StoreBench {
 public:
  explicit StoreBench(unsigned seed) : random_(seed) {
    dut_->halt_i = 0;
    dut_->instr_valid_i = 0;
    dut_->lg_we_i = 0;
    dut_->m_axi_awready_i = dut_->m_axi_wready_i = dut_->m_axi_bvalid_i = 0;
    dut_->m_axi_bresp_i = 0;
    dut_.reset();
    fill();
  }

  /// Runs one instruction; false if it has not completed after many cycles.
  bool execute(isa::Op op, unsigned count, std::uint32_t base, std::uint32_t offset) {
    isa::Instruction instruction;
    instruction.set(isa::kOp, static_cast<std::uint64_t>(op));
    instruction.set(isa::kStoreCount, count);
    instruction.set(isa::kStoreOutOff, offset);
    put(dut_->instr_i, instruction.words.data(), 32);
    dut_->base_i = base;
    dut_->instr_valid_i = 1;
    for (int i = 0; i < 40000; ++i) {
      dut_.settle();
      const bool accepted = dut_->instr_valid_i && dut_->instr_ready_o;
      cycle();
      if (accepted) dut_->instr_valid_i = 0;
      dut_.settle();
      if (dut_->done_o) return true;
    }
    return false;
  }

  void cycle() {
    dut_->m_axi_awready_i = random_.chance(50);
    dut_->m_axi_wready_i = random_.chance(60);
    if (awaiting_response_ && random_.chance(30)) response_ = true;
    dut_->m_axi_bvalid_i = response_;
    dut_->m_axi_bresp_i = bursts_done_ == error_burst_ ? 2 : 0;
    dut_.settle();
    observe();
    dut_.tick();
  }

  Bench<Vstore_unit> dut_;
  Random random_;
  std::vector<std::uint32_t> logits_;
  std::map<std::uint64_t, std::uint8_t> memory_;
  int bursts_done_ = 0;
  int error_burst_ = -1;
  int errors_ = 0;
  bool awaiting_response_ = false;

 private:
  void fill() {
    for (unsigned i = 0; i < kLogits; i += LANES) {
      std::vector<std::uint32_t> word(LANES);
      for (auto& value : word) value = random_.word();
      logits_.insert(logits_.end(), word.begin(), word.end());
      dut_->lg_we_i = static_cast<CData>((1U << LANES) - 1U);
      dut_->lg_addr_i = static_cast<SData>(i);
      put(dut_->lg_data_i, word.data(), LANES * 4);
      dut_.settle();
      dut_.tick();
    }
    dut_->lg_we_i = 0;
  }

  void observe() {
    if (aw_held_) {
      ASSERT_TRUE(dut_->m_axi_awvalid_o);
    }
    aw_held_ = dut_->m_axi_awvalid_o && !dut_->m_axi_awready_i;
    if (dut_->m_axi_awvalid_o && dut_->m_axi_awready_i) start_burst();
    if (w_held_) {
      std::vector<std::uint8_t> data(kBytes);
      get(dut_->m_axi_wdata_o, data.data(), kBytes);
      ASSERT_TRUE(dut_->m_axi_wvalid_o);
      ASSERT_EQ(data, held_data_);
    }
    w_held_ = dut_->m_axi_wvalid_o && !dut_->m_axi_wready_i;
    if (dut_->m_axi_wvalid_o) take_beat();
    errors_ += dut_->error_valid_o;
    if (response_ && dut_->m_axi_bready_o) {
      response_ = false;
      awaiting_response_ = false;
      ++bursts_done_;
    }
  }

  void start_burst() {
    address_ = dut_->m_axi_awaddr_o;
    beats_ = dut_->m_axi_awlen_o + 1U;
    ASSERT_LE(beats_, kMaxBurst);
    ASSERT_EQ(address_ % kBytes, 0U);
    ASSERT_EQ(address_ / 4096, (address_ + beats_ * kBytes - 1) / 4096);
  }

  void take_beat() {
    held_data_.resize(kBytes);
    get(dut_->m_axi_wdata_o, held_data_.data(), kBytes);
    if (!dut_->m_axi_wready_i) return;
    std::vector<std::uint8_t> strobe((kBytes + 7) / 8);
    get(dut_->m_axi_wstrb_o, strobe.data(), strobe.size());
    for (unsigned i = 0; i < kBytes; ++i) {
      if ((strobe[i / 8] >> (i % 8)) & 1U) memory_[address_ + i] = held_data_[i];
    }
    address_ += kBytes;
    ASSERT_GT(beats_, 0U);
    --beats_;
    ASSERT_EQ(dut_->m_axi_wlast_o, beats_ == 0);
    awaiting_response_ = beats_ == 0;
  }

  bool aw_held_ = false;
  bool w_held_ = false;
  bool response_ = false;
  std::uint64_t address_ = 0;
  unsigned beats_ = 0;
  std::vector<std::uint8_t> held_data_;
};

TEST(StoreUnit, WritesExactlyTheLogits) {
  StoreBench bench(5);
  for (int trial = 0; trial < 60; ++trial) {
    const unsigned count = 1 + bench.random_.below(trial % 4 == 0 ? kLogits : 12);
    const std::uint32_t base =
        4096U * (1 + bench.random_.below(100)) - 64U * bench.random_.below(3);
    const std::uint32_t offset = bench.random_.below(40);
    bench.memory_.clear();
    ASSERT_TRUE(bench.execute(isa::Op::kStore, count, base, offset));
    ASSERT_EQ(bench.memory_.size(), count * 4U);
    for (unsigned i = 0; i < count * 4; ++i) {
      const auto byte = bench.memory_.find(base + offset * 4 + i);
      ASSERT_NE(byte, bench.memory_.end());
      ASSERT_EQ(byte->second, (bench.logits_[i / 4] >> (8 * (i % 4))) & 0xFFU);
    }
    ASSERT_TRUE(bench.dut_->idle_o);
  }
}

TEST(StoreUnit, EndAndEmptyStore) {
  StoreBench bench(6);
  EXPECT_TRUE(bench.execute(isa::Op::kEnd, 0, 0, 0));
  EXPECT_TRUE(bench.dut_->job_done_o);
  EXPECT_TRUE(bench.execute(isa::Op::kStore, 0, 4096, 0));
  EXPECT_FALSE(bench.dut_->job_done_o);
  EXPECT_TRUE(bench.memory_.empty());
}

TEST(StoreUnit, ErrorStopsAfterTheBurst) {
  StoreBench bench(7);
  bench.error_burst_ = 0;
  EXPECT_FALSE(bench.execute(isa::Op::kStore, kLogits, 4096, 0));
  EXPECT_EQ(bench.errors_, 1);
  EXPECT_EQ(bench.bursts_done_, 1);
  EXPECT_TRUE(bench.dut_->idle_o);
}

TEST(StoreUnit, HaltLetsTheBurstEnd) {
  StoreBench bench(8);
  isa::Instruction instruction;
  instruction.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kStore));
  instruction.set(isa::kStoreCount, kLogits);
  put(bench.dut_->instr_i, instruction.words.data(), 32);
  bench.dut_->instr_valid_i = 1;
  bench.cycle();
  bench.dut_->instr_valid_i = 0;
  for (int i = 0; i < 20; ++i) bench.cycle();
  bench.dut_->halt_i = 1;
  for (int i = 0; i < 3000; ++i) bench.cycle();
  EXPECT_TRUE(bench.dut_->idle_o);
  EXPECT_LE(bench.bursts_done_, 1);
  EXPECT_FALSE(bench.awaiting_response_);
}

}  // namespace
}  // namespace bat::bench
