// SPDX-License-Identifier: Apache-2.0
#include "models/train/fold.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/bmt/primitives.hpp"

namespace bat::train {
namespace {

TEST(Fold, AffineIsTheFloorOfTheRealMap) {
  const std::vector<double> scale = {0.0173, 0.3, 0.0002};
  const std::vector<double> bias = {-3.71, 12.25, 0.5};
  const Result<bmt::Requant> rq = fold_affine(scale, bias, 2000);
  ASSERT_TRUE(rq.ok());
  for (std::int64_t acc = -2000; acc <= 2000; ++acc) {
    for (int j = 0; j < 3; ++j) {
      const auto i = static_cast<std::size_t>(j);
      const double real = scale[i] * static_cast<double>(acc) + bias[i];
      const std::int64_t got =
          bmt::affine_sum(rq.value(), j, std::span(&acc, 1)) >> rq.value().shift;
      // The multiplier has 15 bits for the largest scale: off by half a unit of 2^-shift at most.
      const double slack = std::ldexp(0.5 * 2001.0, -rq.value().shift) + 1e-9;
      EXPECT_GE(static_cast<double>(got), std::floor(real - slack));
      EXPECT_LE(static_cast<double>(got), std::floor(real + slack));
    }
  }
}

TEST(Fold, AffineRefusesWhatDoesNotFit) {
  EXPECT_FALSE(fold_affine(std::vector<double>{40000.0}, std::vector<double>{0.0}, 10).ok());
  EXPECT_FALSE(fold_affine(std::vector<double>{1.0}, std::vector<double>{1e15}, 10).ok());
}

TEST(Fold, BitsCompareAsTheRealMapDoes) {
  const std::vector<double> bias = {0.0, 0.35, -0.25, 1e9, -1e9};
  const bmt::Requant rq = fold_bits(std::vector<double>{0.1}, bias);
  for (std::int64_t acc = -200; acc <= 200; ++acc) {
    EXPECT_EQ(bmt::bit(acc, rq.threshold[0]), acc >= 0 ? 1 : 0);
    EXPECT_EQ(bmt::bit(acc, rq.threshold[3]), 1);
    EXPECT_EQ(bmt::bit(acc, rq.threshold[4]), 0);
  }
  EXPECT_EQ(bmt::bit(-3, rq.threshold[1]), 1);
  EXPECT_EQ(bmt::bit(-4, rq.threshold[1]), 0);
  EXPECT_EQ(bmt::bit(3, rq.threshold[2]), 1);
  EXPECT_EQ(bmt::bit(2, rq.threshold[2]), 0);
}

TEST(Fold, NormalizationFollowsTheRealOne) {
  constexpr int kWidth = 96;
  constexpr int kLsb = -11;
  std::mt19937_64 generator(7);
  const auto uniform = [&] { return static_cast<double>(generator() % 20001) / 10000.0 - 1.0; };
  std::vector<double> gain(kWidth), offset(kWidth);
  for (int j = 0; j < kWidth; ++j) {
    gain[static_cast<std::size_t>(j)] = 1.0 + 0.5 * uniform();
    offset[static_cast<std::size_t>(j)] = uniform();
  }
  bmt::LayerNorm ln;
  fold_norm(gain, offset, kLsb, ln);
  std::vector<std::int32_t> y(kWidth), x(kWidth);
  for (std::int32_t& v : y) v = static_cast<std::int32_t>(generator() % 20001) - 10000;
  bmt::layernorm_row(ln, y, x);
  double mean = 0.0;
  double square = 0.0;
  for (const std::int32_t v : y) mean += v / double{kWidth};
  for (const std::int32_t v : y) square += (v - mean) * (v - mean) / kWidth;
  for (std::size_t j = 0; j < kWidth; ++j) {
    const double real = (y[j] - mean) / std::sqrt(square) * gain[j] + offset[j];
    // n has 10 fraction bits and is cut, not rounded; the gain is at most 1.5.
    EXPECT_NEAR(std::ldexp(x[j], kLsb), real, 1.5 * std::ldexp(1.0, -10) + 0.001);
  }
}

TEST(Fold, SignedCodesOfANormalizedRow) {
  constexpr int kLsb = -10;
  const std::vector<double> beta = {0.0, 0.2, -0.7};
  for (const int bits : {1, 2, 4, 8}) {
    const double alpha = bits == 1 ? 0.8 : 1.6 / (1 << bits);
    const Result<bmt::LayerNorm> ln = fold_signed_codes(beta, alpha, bits, kLsb, {});
    ASSERT_TRUE(ln.ok());
    for (std::int32_t x = -3000; x <= 3000; x += 7) {
      for (std::size_t j = 0; j < beta.size(); ++j) {
        const double u =
            (std::ldexp(x, kLsb) + beta[j]) / (2.0 * alpha) + std::ldexp(1.0, bits - 1);
        if (std::abs(u - std::round(u)) < 1e-3)
          continue;  // a tie within the multiplier's precision
        const double code =
            std::clamp(std::floor(u), 0.0, static_cast<double>(bmt::max_code(bits)));
        EXPECT_EQ(
            bmt::quantize(x, ln.value().q_mul, ln.value().q_offset[j], ln.value().q_shift, bits),
            static_cast<std::int32_t>(code));
      }
    }
  }
}

TEST(Fold, ShiftedCodes) {
  bmt::LayerNorm ln;
  ln.gain.resize(1);
  fold_shifted_codes(-4, 8, -11, ln);
  EXPECT_EQ(ln.q_mul, 1);
  EXPECT_EQ(bmt::quantize(0, 1, ln.q_offset[0], ln.q_shift, 8), 128);
  EXPECT_EQ(bmt::quantize(-1, 1, ln.q_offset[0], ln.q_shift, 8), 127);
  EXPECT_EQ(bmt::quantize(32767, 1, ln.q_offset[0], ln.q_shift, 8), 255);
  EXPECT_EQ(bmt::quantize(-32768, 1, ln.q_offset[0], ln.q_shift, 8), 0);
}

TEST(Fold, SoftmaxCodesFollowTheRealOnes) {
  constexpr double kUnit = 0.11;
  constexpr double kAlpha = 0.013;
  const Result<bmt::SoftmaxParams> params = fold_softmax(kUnit, kAlpha, 2);
  ASSERT_TRUE(params.ok());
  std::mt19937_64 generator(3);
  std::vector<std::int32_t> scores(50), codes(50);
  for (std::int32_t& s : scores) s = static_cast<std::int32_t>(generator() % 65) - 32;
  bmt::softmax_codes(params.value(), 1, scores, 4, codes);
  double sum = 0.0;
  for (const std::int32_t s : scores) sum += std::exp(kUnit * s);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double code = std::min(15.0, std::exp(kUnit * scores[i]) / sum / kAlpha);
    EXPECT_NEAR(codes[i], code, 0.5 + 0.04 * code);
  }
}

TEST(Fold, ResidualStepLeavesRoom) {
  const int k = residual_fraction_bits(7.3);
  EXPECT_LE(7.3 * 1.5, std::ldexp(32767.0, -k));
  EXPECT_GT(7.3 * 1.5, std::ldexp(32767.0, -k - 1));
}

}  // namespace
}  // namespace bat::train
