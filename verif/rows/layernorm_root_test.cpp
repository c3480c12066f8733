// SPDX-License-Identifier: Apache-2.0
// layernorm_root against the golden model: V = 0, 1, powers of four and their neighbours, extreme
// and random rows, a whole row tile at a time; its latency; the sums at home afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "Vlayernorm_root_bench.h"
#include "models/bmt/primitives.hpp"
#include "verilated.h"

namespace bat::rows {
namespace {

constexpr int kTr = BENCH_TR;
constexpr int kMaxD = BENCH_MAX_D;
constexpr int kPace = std::clamp(32 / kTr, 1, 16);
constexpr int kLatency = 38 + (kTr - 1) * kPace + (kPace > 1 ? kPace : 0);

class Root : public ::testing::Test {
 protected:
  struct Row {
    std::int64_t sum = 0;
    std::int64_t square = 0;
  };

  Root() : context_(std::make_unique<VerilatedContext>()) {
    top_ = std::make_unique<Vlayernorm_root_bench>(context_.get());
    top_->clk_i = 0;
    top_->start_i = 0;
    top_->load_i = 0;
    top_->rst_ni = 1;
    top_->eval();
    top_->rst_ni = 0;
    tick();
    top_->rst_ni = 1;
    top_->eval();
  }
  ~Root() override {
    while (!rows_.empty()) check(rows_.back().sum, rows_.back().square, d_);  // fills the tile
    top_->final();
  }

  void tick() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  /// One row; the rows of a tile have one D and are checked when the tile is full.
  void check(std::int64_t sum, std::int64_t square, int d) {
    if (d > kMaxD) return;
    while (!rows_.empty() && d != d_) check(rows_.back().sum, rows_.back().square, d_);
    d_ = d;
    rows_.push_back({sum, square});
    if (rows_.size() == kTr) run();
  }

  void run() {
    top_->d_i = static_cast<unsigned short>(d_);
    top_->load_i = 1;
    for (int r = 0; r < kTr; ++r) {
      const Row& row = rows_[static_cast<std::size_t>(r)];
      top_->row_i = static_cast<unsigned char>(r);
      top_->sum_i = static_cast<std::uint64_t>(row.sum);
      top_->sq_i = static_cast<std::uint64_t>(row.square);
      tick();
    }
    top_->load_i = 0;
    top_->start_i = 1;
    top_->eval();
    int cycles = 0;
    for (; !top_->done_o && cycles < 1000; ++cycles) {
      tick();
      top_->start_i = 0;
      top_->eval();
    }
    EXPECT_EQ(cycles, kLatency);
    tick();
    for (int r = 0; r < kTr; ++r) expect(r, rows_[static_cast<std::size_t>(r)]);
    rows_.clear();
  }

  void expect(int r, const Row& row) {
    constexpr int kLog = std::bit_width(static_cast<unsigned>(kMaxD - 1));
    top_->row_i = static_cast<unsigned char>(r);
    top_->eval();
    const bmt::LayerNormStats stats = bmt::layernorm_stats(row.sum, row.square, d_);
    const auto text = ::testing::Message()
                      << "row " << r << " S " << row.sum << " Q " << row.square << " D " << d_;
    ASSERT_EQ(top_->rec_o, stats.variance == 0 ? 0 : stats.rec) << text;
    if (stats.variance != 0) {
      ASSERT_EQ(top_->shift_o, stats.p) << text;
    }
    ASSERT_EQ(top_->sum_o, static_cast<std::uint64_t>(row.sum) & ((1ULL << (16 + kLog)) - 1))
        << text;
    ASSERT_EQ(top_->sq_o, static_cast<std::uint64_t>(row.square)) << text;
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vlayernorm_root_bench> top_;
  int d_ = 1;
  std::vector<Row> rows_;
};

TEST_F(Root, SmallAndPowersOfFour) {
  for (std::int64_t v = 0; v < 300; ++v) check(0, v, 1);
  for (int p = 0; p <= 14; ++p) {
    for (int delta = -2; delta <= 2; ++delta)
      check(0, (std::int64_t{1} << (2 * p)) + (p > 0 ? delta : 0), 1);
  }
  // V = D*Q - S^2 reaches the largest exponents with the largest D; S = 1 gives the values just
  // below.
  int log = 0;
  while ((2 << log) <= kMaxD) ++log;
  for (int p = (log + 1) / 2; p <= log + 14; ++p) {
    const std::int64_t q = std::int64_t{1} << (2 * p - log);
    check(0, q, 1 << log);
    check(1, q, 1 << log);
    check(0, q + 1, 1 << log);
  }
}

TEST_F(Root, ExtremeRows) {
  for (const int d : {1, 2, 3, 63, 64, 100, 768, 4095, 4096}) {
    for (const std::int64_t low : {-32768, -1, 0, 32766}) {
      for (const int ones : {0, 1, d / 2, d}) {
        const std::int64_t high = 32767;
        check(ones * high + (d - ones) * low, ones * high * high + (d - ones) * low * low, d);
      }
    }
  }
}

TEST_F(Root, RandomRows) {
  std::mt19937_64 rng(7);
  for (int i = 0; i < 300; ++i) {
    const int d = static_cast<int>(rng() % kMaxD + 1);
    for (int r = 0; r < std::min(kTr, 16); ++r) {
      const int bits = static_cast<int>(rng() % 16);
      std::int64_t sum = 0;
      std::int64_t square = 0;
      for (int j = 0; j < d; ++j) {
        const auto y = static_cast<std::int64_t>(rng() % (std::uint64_t{2} << bits)) -
                       (std::int64_t{1} << bits);
        sum += y;
        square += y * y;
      }
      check(sum, square, d);
    }
  }
}

}  // namespace
}  // namespace bat::rows
