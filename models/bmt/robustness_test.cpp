// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/robustness.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "models/bmt/random_model.hpp"

namespace bat::bmt {
namespace {

int differing(const BitMatrix& a, const BitMatrix& b) {
  int bits = 0;
  for (std::size_t i = 0; i < a.words.size(); ++i) bits += std::popcount(a.words[i] ^ b.words[i]);
  return bits;
}

TEST(BitFlips, RateAndSeed) {
  RandomModelSpec spec;
  spec.hidden = 128;
  spec.ffn = 512;
  const Model model = random_model(spec, 3);
  EXPECT_EQ(
      differing(flip_weight_bits(model, {0.0}, 1).layers[0].f1.weight, model.layers[0].f1.weight),
      0);
  const Model flipped = flip_weight_bits(model, {0.01}, 1);
  const int bits = differing(flipped.layers[0].f1.weight, model.layers[0].f1.weight);
  EXPECT_NEAR(bits, 655, 100);  // four deviations of a binomial
  EXPECT_TRUE(validate(flipped).ok());
  const Model again = flip_weight_bits(model, {0.01}, 1);
  EXPECT_EQ(again.layers[0].f2.weight.words, flipped.layers[0].f2.weight.words);
  const Model other = flip_weight_bits(model, {0.01}, 2);
  EXPECT_NE(other.layers[0].f2.weight.words, flipped.layers[0].f2.weight.words);
  const Model all = flip_weight_bits(model, {1.0}, 2);
  EXPECT_EQ(differing(all.layers[0].f1.weight, model.layers[0].f1.weight), 128 * 512);
}

TEST(BitFlips, PrunedWeightsStay) {
  RandomModelSpec spec;
  spec.pruning = {8, 8};
  const Model flipped = flip_weight_bits(random_model(spec, 4), {0.5}, 1);
  EXPECT_TRUE(validate(flipped).ok()) << validate(flipped).error().message;
}

TEST(BitFlips, AMajorityOfThreeLeavesFew) {
  RandomModelSpec spec;
  spec.hidden = 256;
  spec.ffn = 1024;
  const Model model = random_model(spec, 3);
  const auto wrong = [&](double rate, Protection protection) {
    const Model flipped = flip_weight_bits(model, {rate, protection}, 1);
    return differing(flipped.layers[0].f1.weight, model.layers[0].f1.weight) / (256.0 * 1024.0);
  };
  EXPECT_NEAR(wrong(0.03, Protection::kMajority), 0.002646, 0.0004);  // 3 p^2 - 2 p^3
  EXPECT_NEAR(wrong(0.03, Protection::kNone), 0.03, 0.0015);
  EXPECT_EQ(wrong(1.0, Protection::kMajority), 1.0);
}

TEST(BitFlips, ParityLeavesWordsWithAnEvenNumber) {
  RandomModelSpec spec;
  spec.hidden = 40;  // words of 32 and of 8
  spec.ffn = 4000;
  const Model model = random_model(spec, 3);
  const BitMatrix& right = model.layers[0].f1.weight;
  constexpr double kRate = 0.05;
  const Model flipped = flip_weight_bits(model, {kRate, Protection::kParity, 32}, 1);
  const BitMatrix& now = flipped.layers[0].f1.weight;
  std::array<int, 34> words{};  // of 32 bits, by flips
  for (int o = 0; o < right.out; ++o) {
    int flips = 0;
    for (int i = 0; i < 32; ++i) flips += now.bit(0, o, i) != right.bit(0, o, i) ? 1 : 0;
    ++words[static_cast<std::size_t>(flips)];
  }
  // Flips of 33 bits, the last of which is the parity bit: k = 1 with it is 2 and stays.
  const auto share = [](int n, int k) {
    return std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0)) *
           std::pow(kRate, k) * std::pow(1 - kRate, n - k);
  };
  EXPECT_NEAR(words[1] / 4000.0, share(32, 1) * kRate, 0.01);
  EXPECT_NEAR(words[2] / 4000.0, share(32, 2) * (1 - kRate), 0.025);
  EXPECT_NEAR(words[3] / 4000.0, share(32, 3) * kRate, 0.01);
}

// What the accelerator folded from the right weights stays: sums with unsigned inputs change by
// X(a, w') - X(a, w), and so do the sums of the golden model.
TEST(BitFlips, FoldedCountsStay) {
  for (const int branches : {1, 2}) {
    for (const int bits : {1, 4}) {
      RandomModelSpec spec;
      spec.branches = branches;
      spec.act_bits = bits;
      spec.input = InputKind::kFeatures;
      const Model model = random_model(spec, 5);
      const Model flipped = flip_weight_bits(model, {0.2}, 3);
      const Requant& now = flipped.layers[0].f2.out;
      const Requant& right = model.layers[0].f2.out;
      const std::int64_t largest = (1 << bits) - 1;
      for (int o = 0; o < model.hidden; ++o) {
        const auto at = static_cast<std::size_t>(o);
        std::int64_t expected = right.offset[at];
        for (int br = 0; br < branches; ++br) {
          int zeros = 0;
          for (int i = 0; i < model.ffn(0); ++i) {
            zeros += flipped.layers[0].f2.weight.bit(br, o, i) ? 0 : 1;
            zeros -= model.layers[0].f2.weight.bit(br, o, i) ? 0 : 1;
          }
          expected += largest * zeros * right.mul[static_cast<std::size_t>(br * model.hidden + o)];
        }
        ASSERT_EQ(now.offset[at], expected);
      }
      EXPECT_NE(now.offset, right.offset);
      EXPECT_NE(flipped.patch_out.offset, model.patch_out.offset);
      EXPECT_EQ(flipped.layers[0].o.out.offset, model.layers[0].o.out.offset);
    }
  }
}

TEST(Noise, DeviationFollowsTheRow) {
  std::vector<std::int32_t> x(20000, 1000);
  std::fill(x.begin() + 10000, x.end(), 100);
  GaussianNoise(0.1, 7).apply(10000, x);
  const auto deviation = [&](std::size_t first, double mean) {
    double squares = 0.0;
    for (std::size_t i = first; i < first + 10000; ++i) squares += std::pow(x[i] - mean, 2);
    return std::sqrt(squares / 10000);
  };
  EXPECT_NEAR(deviation(0, 1000), 100.0, 4.0);
  EXPECT_NEAR(deviation(10000, 100), 10.0, 0.4);
}

TEST(Noise, ReachesTheLogits) {
  const Model model = random_model({}, 5);
  const GoldenModel golden(model);
  const Sample sample = random_sample(model, 12, 1);
  const auto clean = golden.logits(sample);
  GaussianNoise none(0.0, 1);
  GaussianNoise loud(0.5, 1);
  EXPECT_EQ(golden.logits(sample, nullptr, &none).value(), clean.value());
  EXPECT_NE(golden.logits(sample, nullptr, &loud).value(), clean.value());
}

}  // namespace
}  // namespace bat::bmt
