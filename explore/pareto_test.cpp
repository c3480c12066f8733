// SPDX-License-Identifier: Apache-2.0
#include "explore/pareto.hpp"

#include <gtest/gtest.h>

#include <random>

namespace bat::explore {
namespace {

TEST(Pareto, EqualsComparingAllPairs) {
  std::mt19937 generator(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t dimensions = 2 + generator() % 4;
    std::vector<Vector> vectors(1 + generator() % 120);
    // Few values, so that many are equal.
    for (Vector& v : vectors) {
      for (std::size_t d = 0; d < dimensions; ++d) v[d] = static_cast<double>(generator() % 7);
    }
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < vectors.size(); ++i) {
      bool lost = false;
      for (const Vector& other : vectors) lost = lost || dominates(other, vectors[i], dimensions);
      if (!lost) expected.push_back(i);
    }
    EXPECT_EQ(pareto_front(vectors, dimensions), expected);
    std::vector<Vector> front;
    for (const std::uint32_t i : expected) front.push_back(vectors[i]);
    const auto lost = dominated_by(front, vectors, dimensions);
    std::vector<std::uint32_t> left;
    for (std::uint32_t i = 0; i < lost.size(); ++i) {
      if (lost[i] == 0) left.push_back(i);
    }
    EXPECT_EQ(left, expected);
  }
}

TEST(Pareto, EqualVectorsStay) {
  const std::vector<Vector> vectors{{1, 2}, {1, 2}, {2, 2}, {0, 3}};
  EXPECT_EQ(pareto_front(vectors, 2), (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_TRUE(pareto_front({}, 2).empty());
}

}  // namespace
}  // namespace bat::explore
