// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/kernels.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <random>

namespace bat::bmt {
namespace {

struct Shape {
  int rows, columns, words;
};

std::vector<std::uint64_t> random_words(int rows, int words, std::mt19937_64& rng) {
  std::vector<std::uint64_t> data(static_cast<std::size_t>(rows) * static_cast<std::size_t>(words));
  for (std::uint64_t& w : data) w = rng() % 8 == 0 ? ~std::uint64_t{0} : rng();
  return data;
}

/// Adds to non-zero outputs, to see that the kernels accumulate.
std::vector<std::int32_t> expected(BitRows a, BitRows b, std::int32_t scale) {
  std::vector<std::int32_t> out;
  for (int m = 0; m < a.rows; ++m) {
    for (int n = 0; n < b.rows; ++n) {
      std::int32_t count = 0;
      for (int w = 0; w < a.row_words; ++w) {
        count += std::popcount(a.words[m * a.row_words + w] ^ b.words[n * b.row_words + w]);
      }
      out.push_back(m - n + scale * count);
    }
  }
  return out;
}

class Kernels : public testing::TestWithParam<Isa> {};

TEST_P(Kernels, MatchPlainLoops) {
  if (!supported(GetParam())) GTEST_SKIP() << "this processor lacks " << name(GetParam());
  std::mt19937_64 rng(1);
  // Row and column remainders of the register blocks, and more words than one byte sum can count.
  for (const Shape s : {Shape{1, 1, 1},
                        {2, 3, 1},
                        {3, 7, 2},
                        {4, 8, 1},
                        {5, 9, 3},
                        {7, 31, 12},
                        {8, 32, 12},
                        {9, 33, 31},
                        {4, 40, 32},
                        {6, 41, 63},
                        {5, 71, 257}}) {
    const auto a_words = random_words(s.rows, s.words, rng);
    const auto b_words = random_words(s.columns, s.words, rng);
    const BitRows a{a_words.data(), s.rows, s.words};
    const BitRows b{b_words.data(), s.columns, s.words};
    for (const std::int32_t scale : {1, 64, -3}) {
      std::vector<std::int32_t> out;
      for (int m = 0; m < s.rows; ++m) {
        for (int n = 0; n < s.columns; ++n) out.push_back(m - n);
      }
      xor_popcount(a, pack_columns(b), scale, out, GetParam());
      EXPECT_EQ(out, expected(a, b, scale)) << s.rows << "x" << s.columns << "x" << s.words;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Kernels, testing::Values(Isa::kPortable, Isa::kAvx2, Isa::kAvx512),
                         [](const auto& param) { return std::string(name(param.param)); });

}  // namespace
}  // namespace bat::bmt
