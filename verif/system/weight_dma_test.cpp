// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "Vweight_dma.h"
#include "rtl_gen/program/isa.hpp"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

constexpr unsigned kBeatBytes = AXI_W / 8;
constexpr unsigned kGroupBits = std::clamp(AXI_W, TK, TC* TK);
constexpr unsigned kGroups = TC * TK / kGroupBits;
constexpr std::array<unsigned, 4> kWordBytes = {TC * TK / 8, PAR_W / 8, PAR_W / 8, L_W / 8};
constexpr std::array<unsigned, 4> kDepth = {64, 32, 32, 64};
constexpr std::uint32_t kBase = 0x10000;

struct Load {
  unsigned ring;
  std::uint32_t words;
  std::uint32_t beats;
  std::uint32_t address;  ///< beats
  bool restart = false;
};

using Word = std::vector<std::uint8_t>;

class DmaBench {
 public:
  explicit DmaBench(unsigned seed) : random_(seed) {
    dut_->instr_valid_i = 0;
    dut_->rsp_valid_i = 0;
    dut_->req_ready_i = 0;
    dut_->w_free_valid_i = dut_->t_free_valid_i = dut_->p_free_valid_i = dut_->l_free_valid_i = 0;
    dut_->base_i = kBase;
    dut_.reset();
  }

  void make_loads(int count) {
    for (int i = 0; i < count; ++i) {
      Load load;
      load.ring = random_.below(4);
      load.words = 1 + random_.below(kDepth[load.ring] * 2);
      const std::uint32_t bytes = load.words * kWordBytes[load.ring];
      load.beats = (bytes + kBeatBytes - 1) / kBeatBytes;
      if (random_.chance(25)) load.beats += random_.below(4);  // padding behind the last word
      load.address = random_.below(1000);
      add(load);
    }
  }

  void add(const Load& load) {
    loads_.push_back(load);
    for (std::uint32_t w = 0; w < load.words; ++w) {
      const std::uint64_t at =
          kBase + load.address * std::uint64_t{kBeatBytes} + w * kWordBytes[load.ring];
      expected_[load.ring].push_back(bytes_at(at, kWordBytes[load.ring]));
    }
    ++total_;
  }

  void cycle() {
    drive();
    dut_.settle();
    observe();
    dut_.tick();
  }
  bool finished() const { return done_ == total_; }
  int done() const { return done_; }
  bool nothing_left() const {
    return std::all_of(expected_.begin(), expected_.end(), [](const auto& e) { return e.empty(); });
  }
  unsigned response_percent_ = 70;
  unsigned free_percent_ = 30;

 private:
  void drive() {
    dut_->instr_valid_i = !loads_.empty();
    if (!loads_.empty()) {
      isa::Instruction instruction;
      instruction.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kLoad));
      instruction.set(isa::kLoadDest, loads_.front().ring);
      instruction.set(isa::kLoadBeats, loads_.front().beats);
      instruction.set(isa::kLoadWords, loads_.front().words);
      instruction.set(isa::kLoadAddr, loads_.front().address);
      instruction.set(isa::kLoadRestart, loads_.front().restart ? 1 : 0);
      put(dut_->instr_i, instruction.words.data(), 32);
    }
    dut_->req_ready_i = random_.chance(50);
    dut_->rsp_valid_i = !beats_.empty() && random_.chance(response_percent_);
    if (dut_->rsp_valid_i) {
      put(dut_->rsp_data_i, bytes_at(beats_.front(), kBeatBytes).data(), kBeatBytes);
    }
    for (unsigned ring = 0; ring < 4; ++ring) free_words(ring);
  }

  void free_words(unsigned ring) {
    const unsigned held = complete_[ring] - tail_[ring];
    freed_[ring] = held != 0 && random_.chance(free_percent_) ? 1 + random_.below(held) : 0;
    const auto set = [&](auto& valid, auto& words) {
      valid = freed_[ring] != 0;
      words = static_cast<SData>(freed_[ring]);
    };
    if (ring == 0) set(dut_->w_free_valid_i, dut_->w_free_words_i);
    if (ring == 1) set(dut_->t_free_valid_i, dut_->t_free_words_i);
    if (ring == 2) set(dut_->p_free_valid_i, dut_->p_free_words_i);
    if (ring == 3) set(dut_->l_free_valid_i, dut_->l_free_words_i);
  }

  void observe() {
    int restarted = -1;
    if (dut_->instr_valid_i && dut_->instr_ready_o) {
      if (loads_.front().restart) restarted = static_cast<int>(loads_.front().ring);
      loads_.pop_front();
    }
    if (dut_->req_valid_o && dut_->req_ready_i) {
      ASSERT_GT(dut_->req_beats_o, 0U);
      for (std::uint32_t i = 0; i < dut_->req_beats_o; ++i) {
        beats_.push_back(dut_->req_addr_o + std::uint64_t{i} * kBeatBytes);
      }
    }
    if (dut_->rsp_valid_i && dut_->rsp_ready_o) beats_.pop_front();
    done_ += dut_->done_o;
    heads();
    if (dut_->wr_valid_o) weight_group();
    if (dut_->t_wr_valid_o) parameter(1, dut_->t_wr_addr_o, dut_->par_wr_data_o);
    if (dut_->p_wr_valid_o) parameter(2, dut_->p_wr_addr_o, dut_->par_wr_data_o);
    if (dut_->l_wr_valid_o) parameter(3, dut_->l_wr_addr_o, dut_->l_wr_data_o);
    for (unsigned ring = 0; ring < 4; ++ring) tail_[ring] += freed_[ring];
    if (restarted >= 0)
      complete_[static_cast<unsigned>(restarted)] = tail_[static_cast<unsigned>(restarted)];
  }

  void heads() {
    const std::array<unsigned, 4> head = {dut_->w_head_o, dut_->t_head_o, dut_->p_head_o,
                                          dut_->l_head_o};
    for (unsigned ring = 0; ring < 4; ++ring) ASSERT_EQ(head[ring], complete_[ring] & 0xFFFFU);
  }

  void weight_group() {
    ASSERT_EQ(dut_->wr_cgrp_o, group_);
    ASSERT_EQ(dut_->wr_addr_o, complete_[0] % kDepth[0]);
    Word part(kGroupBits / 8);
    get(dut_->wr_data_o, part.data(), part.size());
    word_.insert(word_.end(), part.begin(), part.end());
    if (++group_ < kGroups) return;
    group_ = 0;
    complete(0, word_);
    word_.clear();
  }

  template <typename Port>
  void parameter(unsigned ring, unsigned address, const Port& port) {
    ASSERT_EQ(address, complete_[ring] % kDepth[ring]);
    Word word(kWordBytes[ring]);
    get(port, word.data(), word.size());
    complete(ring, word);
  }

  void complete(unsigned ring, const Word& word) {
    ASSERT_LT(complete_[ring] - tail_[ring], kDepth[ring]) << "overflow of ring " << ring;
    ASSERT_FALSE(expected_[ring].empty());
    ASSERT_EQ(word, expected_[ring].front()) << "ring " << ring << " word " << complete_[ring];
    expected_[ring].pop_front();
    ++complete_[ring];
  }

  Bench<Vweight_dma> dut_;
  Random random_;
  std::deque<Load> loads_;
  std::array<std::deque<Word>, 4> expected_;
  std::deque<std::uint64_t> beats_;
  std::array<unsigned, 4> complete_{}, tail_{}, freed_{};
  unsigned group_ = 0;
  Word word_;
  int done_ = 0;
  int total_ = 0;
};

void finish(DmaBench& bench) {
  int cycles = 0;
  while (!bench.finished() && cycles < 2000000 && !::testing::Test::HasFatalFailure()) {
    bench.cycle();
    ++cycles;
  }
  EXPECT_TRUE(bench.finished()) << bench.done() << " done";
  EXPECT_TRUE(bench.nothing_left());
  for (int i = 0; i < 5; ++i) bench.cycle();
}

void run(unsigned seed, unsigned response_percent, unsigned free_percent) {
  DmaBench bench(seed);
  bench.response_percent_ = response_percent;
  bench.free_percent_ = free_percent;
  bench.make_loads(40);
  finish(bench);
}

/// A full ring that nobody frees takes new words when they restart it.
TEST(WeightDma, RestartGivesUpWhatTheRingHolds) {
  DmaBench bench(21);
  bench.free_percent_ = 0;
  for (int round = 0; round < 3; ++round) {
    for (unsigned ring = 1; ring < 4; ++ring) {
      const std::uint32_t beats = (kDepth[ring] * kWordBytes[ring] + kBeatBytes - 1) / kBeatBytes;
      bench.add({ring, kDepth[ring], beats, 10U * ring + static_cast<unsigned>(round), round > 0});
    }
    finish(bench);
  }
}

TEST(WeightDma, RandomLoads) {
  for (unsigned seed = 1; seed <= 3; ++seed) run(seed, 70, 30);
}
TEST(WeightDma, SlowReaders) { run(11, 100, 2); }
TEST(WeightDma, SlowMemory) { run(12, 10, 80); }
TEST(WeightDma, FullSpeed) { run(13, 100, 100); }

}  // namespace
}  // namespace bat::bench
