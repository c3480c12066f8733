// SPDX-License-Identifier: Apache-2.0
// Expected values were computed once, with unbounded integers, from the text of docs/numerics.md.
#include "models/bmt/primitives.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "models/bmt/width_guard.hpp"

namespace bat::bmt {
namespace {

struct LayerNormCase {
  std::vector<std::int32_t> y;
  std::vector<std::int16_t> gain, offset;
  int shift;
  std::int64_t variance;
  int p;
  std::int64_t rec;
  std::vector<std::int32_t> x;
};

TEST(Primitives, LayerNormVectors) {
  const LayerNormCase cases[] = {
      {{5, 5, 5, 5},
       {9677, -12996, 18982, -26440},
       {-2407, 1389, -2229, -5},
       1,
       0,
       0,
       0,
       {-2407, 1389, -2229, -5}},
      {{0, 1}, {-4628, -27854}, {-2296, 552}, 31, 1, 0, 65536, {-2296, 552}},
      {{32767, -32768}, {-23612, -1224}, {-2257, 1514}, 31, 4294836225, 15, 32768, {-2257, 1514}},
      {{1, -2, 3, -4, 5},
       {-25021, -16542, -3508, -24660, 19225},
       {-2594, -1189, -2619, 1560, -1910},
       13,
       266,
       4,
       64293,
       {-2976, 461, -2941, 5910, 1331}},
      {{100, 2000, -3000, 32767, -32768, 7, 0},
       {22169, -13861, -17329, 7665, -9080, -19261, -8144},
       {50, -2202, 1487, 2833, -2486, 1623, -2512},
       9,
       15122197898,
       16,
       34926,
       {613, -5559, 7173, 31532, 31263, 1360, -2623}},
      {{-7}, {32298}, {2573}, 31, 0, 0, 0, {2573}},
  };
  for (const LayerNormCase& c : cases) {
    const LayerNormStats stats = layernorm_stats(c.y);
    EXPECT_EQ(stats.variance, c.variance);
    EXPECT_EQ(stats.p, c.p);
    EXPECT_EQ(stats.rec, c.rec);
    LayerNorm ln;
    ln.gain = c.gain;
    ln.offset = c.offset;
    ln.shift = c.shift;
    std::vector<std::int32_t> x(c.y.size());
    layernorm_row(ln, c.y, x);
    EXPECT_EQ(x, c.x);
  }
}

TEST(Primitives, NormalizedFitsEighteenBits) {
  // One channel against all others is the row with the largest n_j.
  for (const int d : {2, 3, 64, 768, 4095, 4096}) {
    for (const std::int32_t peak : {-32768, 32767, 1}) {
      std::vector<std::int32_t> y(static_cast<std::size_t>(d), peak == 1 ? 0 : -1 - peak);
      y.back() = peak;
      const LayerNormStats stats = layernorm_stats(y);
      for (const std::int32_t v : {y.front(), y.back()}) {
        const std::int64_t n = layernorm_normalized(stats, d, v);
        EXPECT_LT(std::abs(n), 1024 * std::sqrt(d) + 32);
        EXPECT_TRUE(fits_signed(n, 18));
      }
    }
  }
}

TEST(Primitives, SquareRootIsExact) {
  std::mt19937_64 rng(1);
  const auto check = [](std::uint64_t v) {
    const std::uint64_t root = isqrt(v);
    EXPECT_LE(root * root, v);
    EXPECT_TRUE(root == 0xFFFFFFFFU || (root + 1) * (root + 1) > v) << v;
  };
  for (std::uint64_t r = 0; r < 70000; ++r) {
    check(r * r);
    if (r > 0) check(r * r - 1);
  }
  for (int i = 0; i < 10000; ++i) check(rng() >> (rng() % 64));
  check(~std::uint64_t{0});
}

struct SoftmaxCase {
  std::vector<std::int32_t> scores;
  std::int32_t idx_mul;
  int idx_shift;
  std::int32_t prob_mul;
  int prob_shift, bits;
  std::vector<std::int32_t> codes;
};

TEST(Primitives, SoftmaxVectors) {
  const SoftmaxCase cases[] = {
      {{0}, 65535, 0, 65535, 21, 1, {1}},
      {{3, -5, 7, 7}, 32, 0, 40000, 33, 1, {0, 0, 1, 1}},
      {{300, -500, 720, 0, 100}, 5000, 12, 65535, 33, 4, {0, 0, 8, 0, 0}},
      {{-10, -10, -10}, 0, 31, 1, 1, 8, {255, 255, 255}},
      {{100000, -100000, 99990}, 65535, 10, 50000, 29, 8, {98, 0, 0}},
  };
  for (const SoftmaxCase& c : cases) {
    const SoftmaxParams params{{c.idx_mul}, c.idx_shift, {c.prob_mul}, c.prob_shift};
    std::vector<std::int32_t> codes(c.scores.size());
    softmax_codes(params, 0, c.scores, c.bits, codes);
    EXPECT_EQ(codes, c.codes);
  }
}

TEST(Primitives, ExpTableFollowsItsFormula) {
  for (std::size_t k = 0; k < kExpTable.size(); ++k) {
    EXPECT_EQ(kExpTable[k], std::floor(32768 * std::exp2(-static_cast<double>(k) / 32) + 0.5));
  }
}

TEST(Primitives, BitAndCodeAtTheirLimits) {
  EXPECT_EQ(bit(-16383, -32768), 1);
  EXPECT_EQ(bit(16383, 32767), 0);
  EXPECT_EQ(bit(5, 5), 1);
  EXPECT_EQ(bit(4, 5), 0);
  EXPECT_EQ(code(-1, 0, 4), 0);
  EXPECT_EQ(code(-1, 4, 4), 0);
  EXPECT_EQ(code(16 * 7 + 15, 4, 4), 7);
  EXPECT_EQ(code(16 * 16, 4, 4), 15);
  EXPECT_EQ(residual_add(32767, 1, 0), 32767);
  EXPECT_EQ(residual_add(-32768, -1, 20), -32768);
  EXPECT_EQ(residual_add(10, -1, 20), 9);  // rounds toward minus infinity
  EXPECT_EQ(quantize(-32768, 32767, INT32_MIN, 0, 8), 0);
  EXPECT_EQ(quantize(7, 1, 1 - 7, 0, 1), 1);
  EXPECT_EQ(quantize(6, 1, 1 - 7, 0, 1), 0);
  EXPECT_EQ(embed_token(-128, -128, 7), -32768);
  EXPECT_EQ(embed_feature(127, 7, 1 << 20), 32767);
}

TEST(Primitives, TwoBranchesAddUp) {
  const Requant rq{{}, 2, {3, 0, 5, 32767}, {100, -7}, 2};
  const std::int64_t acc[] = {-10, 4};
  EXPECT_EQ(affine_sum(rq, 0, acc), 3 * -10 + 5 * 4 + 100);
  EXPECT_EQ(affine_sum(rq, 1, acc), 32767 * 4 - 7);
  EXPECT_EQ(requantize(rq, 0, acc, 8), 90 >> 2);
}

TEST(WidthGuard, KeepsTheFirstViolation) {
  WidthGuard guard;
  EXPECT_EQ(guard.check((std::int64_t{1} << 47) - 1, 48, "sum"), (std::int64_t{1} << 47) - 1);
  EXPECT_TRUE(guard.ok());
  guard.set_layer(3);
  guard.check(-131073, 18, "n_j");
  guard.check(1 << 20, 18, "later");
  EXPECT_FALSE(guard.ok());
  EXPECT_EQ(guard.error().message, "overflow: layers.3 n_j is -131073, more than 18 bits signed");
}

}  // namespace
}  // namespace bat::bmt
