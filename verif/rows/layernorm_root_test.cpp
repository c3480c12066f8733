// SPDX-License-Identifier: Apache-2.0
// layernorm_root against the golden model: V = 0, 1, powers of four and their neighbours, extreme
// and random rows.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>

#include "Vlayernorm_root_bench.h"
#include "models/bmt/primitives.hpp"
#include "verilated.h"

namespace bat::rows {
namespace {

class Root : public ::testing::Test {
 protected:
  Root() : context_(std::make_unique<VerilatedContext>()) {
    top_ = std::make_unique<Vlayernorm_root_bench>(context_.get());
    top_->clk_i = 0;
    top_->start_i = 0;
    top_->rst_ni = 1;
    top_->eval();
    top_->rst_ni = 0;
    tick();
    top_->rst_ni = 1;
    top_->eval();
  }
  ~Root() override { top_->final(); }

  void tick() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  void check(std::int64_t sum, std::int64_t square, int d) {
    top_->d_i = static_cast<unsigned short>(d);
    top_->sum_i = static_cast<std::uint64_t>(sum);
    top_->sq_i = static_cast<std::uint64_t>(square);
    top_->start_i = 1;
    tick();
    top_->start_i = 0;
    int cycles = 1;
    while (!top_->done_o) {
      tick();
      ASSERT_LT(++cycles, 200);
    }
    const bmt::LayerNormStats stats = bmt::layernorm_stats(sum, square, d);
    ASSERT_EQ(top_->rec_o, stats.variance == 0 ? 0 : stats.rec)
        << "S " << sum << " Q " << square << " D " << d;
    if (stats.variance != 0) {
      ASSERT_EQ(top_->shift_o, stats.p + 6) << "S " << sum << " Q " << square << " D " << d;
    }
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vlayernorm_root_bench> top_;
};

TEST_F(Root, SmallAndPowersOfFour) {
  for (std::int64_t v = 0; v < 300; ++v) check(0, v, 1);
  for (int p = 0; p <= 20; ++p) {
    for (int delta = -2; delta <= 2; ++delta)
      check(0, (std::int64_t{1} << (2 * p)) + (p > 0 ? delta : 0), 1);
  }
  // V = D*Q - S^2 with D = 4096 reaches the largest exponents; S = 1 gives the values just below.
  for (int p = 6; p <= 26; ++p) {
    const std::int64_t q = std::int64_t{1} << (2 * p - 12);
    check(0, q, 4096);
    check(1, q, 4096);
    check(0, q + 1, 4096);
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
  for (int i = 0; i < 4000; ++i) {
    const int d = static_cast<int>(rng() % 4096 + 1);
    const int bits = static_cast<int>(rng() % 16);
    std::int64_t sum = 0;
    std::int64_t square = 0;
    for (int j = 0; j < d; ++j) {
      const auto y =
          static_cast<std::int64_t>(rng() % (std::uint64_t{2} << bits)) - (std::int64_t{1} << bits);
      sum += y;
      square += y * y;
    }
    check(sum, square, d);
  }
}

}  // namespace
}  // namespace bat::rows
