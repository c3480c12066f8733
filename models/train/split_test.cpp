// SPDX-License-Identifier: Apache-2.0
#include "models/train/split.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace bat::train {
namespace {

double largest_difference(std::span<const double> w) {
  const SplitWeight split = split_ternary(w);
  const std::vector<double> first = binary_values(split.first);
  const std::vector<double> second = binary_values(split.second);
  const std::vector<double> wanted = ternary_values(w);
  double most = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    most = std::max(most, std::abs(first[i] + second[i] - wanted[i]));
  }
  return most;
}

TEST(TernarySplit, OutputPreservingTo1em12) {
  std::mt19937_64 generator(1);
  for (const std::size_t n : {12U, 1000U, 147456U}) {
    for (const double mean : {0.0, 0.3}) {
      std::normal_distribution<double> normal(mean, 1.0);
      std::vector<double> w(n);
      for (double& v : w) v = normal(generator);
      EXPECT_LT(largest_difference(w), 1e-12) << n << " elements, mean " << mean;
    }
  }
}

TEST(TernarySplit, LatentWeightsAddUpAndShareTheScale) {
  std::mt19937_64 generator(2);
  std::normal_distribution<double> normal;
  std::vector<double> w(5000);
  for (double& v : w) v = normal(generator);
  const SplitWeight split = split_ternary(w);
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    EXPECT_NEAR(split.first[i] + split.second[i], w[i], 1e-12);
    first += std::abs(split.first[i]);
    second += std::abs(split.second[i]);
  }
  const double n = static_cast<double>(w.size());
  EXPECT_NEAR(first / n, split.scale / 2.0, 1e-12);
  EXPECT_NEAR(second / n, split.scale / 2.0, 1e-12);
}

TEST(TernarySplit, DegenerateTensors) {
  EXPECT_LT(largest_difference(std::vector<double>{1.0, 1.0, -1.0}), 1e-12);  // nothing is zero
  EXPECT_LT(largest_difference(std::vector<double>{0.0, 0.0}), 1e-12);
  EXPECT_LT(largest_difference(std::vector<double>{0.0, 3.0, -3.0, 0.0}), 1e-12);
  EXPECT_TRUE(split_ternary({}).first.empty());
}

}  // namespace
}  // namespace bat::train
