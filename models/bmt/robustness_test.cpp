// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/robustness.hpp"

#include <gtest/gtest.h>

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
      differing(flip_weight_bits(model, 0.0, 1).layers[0].f1.weight, model.layers[0].f1.weight), 0);
  const Model flipped = flip_weight_bits(model, 0.01, 1);
  const int bits = differing(flipped.layers[0].f1.weight, model.layers[0].f1.weight);
  EXPECT_NEAR(bits, 655, 100);  // four deviations of a binomial
  EXPECT_TRUE(validate(flipped).ok());
  const Model again = flip_weight_bits(model, 0.01, 1);
  EXPECT_EQ(again.layers[0].f2.weight.words, flipped.layers[0].f2.weight.words);
  const Model other = flip_weight_bits(model, 0.01, 2);
  EXPECT_NE(other.layers[0].f2.weight.words, flipped.layers[0].f2.weight.words);
  const Model all = flip_weight_bits(model, 1.0, 2);
  EXPECT_EQ(differing(all.layers[0].f1.weight, model.layers[0].f1.weight), 128 * 512);
}

TEST(BitFlips, PrunedWeightsStay) {
  RandomModelSpec spec;
  spec.pruning = {8, 8};
  const Model flipped = flip_weight_bits(random_model(spec, 4), 0.5, 1);
  EXPECT_TRUE(validate(flipped).ok()) << validate(flipped).error().message;
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
