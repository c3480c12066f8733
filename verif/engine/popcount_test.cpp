// SPDX-License-Identifier: Apache-2.0
// Structural popcounts of all sizes and pipeline depths against std::popcount.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <random>

#include "Vpopcount_bench.h"
#include "verilated.h"

namespace {

using Lanes = std::array<std::uint64_t, 2>;

int expected(const Lanes& match, int lanes) {
  if (lanes <= 64) {
    const std::uint64_t mask = lanes == 64 ? ~0ULL : (1ULL << lanes) - 1;
    return std::popcount(match[0] & mask);
  }
  return std::popcount(match[0]) + std::popcount(match[1]);
}

std::uint64_t low(std::uint64_t word, int lanes) {
  return lanes >= 64 ? word : word & ((1ULL << std::max(lanes, 0)) - 1);
}

/// popcount(a) + 2 popcount(NAND(a, b)).
int expected_and(const Lanes& a, const Lanes& b, int lanes) {
  int count = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const int here = lanes - 64 * static_cast<int>(i);
    count += std::popcount(low(a[i], here)) + 2 * std::popcount(low(~(a[i] & b[i]), here));
  }
  return count;
}

/// Corners, one lane off, sparse, dense and uniform operands in turn.
Lanes matches(int step, std::mt19937_64& rng) {
  if (step == 0) return {0, 0};
  if (step == 1) return {~0ULL, ~0ULL};
  const int lane = step % 128;
  Lanes one{};
  one[static_cast<std::size_t>(lane / 64)] = 1ULL << (lane % 64);
  switch (step % 5) {
    case 0:
      return one;
    case 1:
      return {~one[0], ~one[1]};
    case 2:
      return {rng() & rng() & rng(), rng() & rng() & rng()};
    case 3:
      return {rng() | rng() | rng(), rng() | rng() | rng()};
    default:
      return {rng(), rng()};
  }
}

TEST(Popcount, StructuresMatch) {
  VerilatedContext context;
  Vpopcount_bench top(&context);
  std::mt19937_64 rng(1);
  std::deque<Lanes> history;  // newest first
  std::deque<std::array<Lanes, 2>> operands;
  for (int step = 0; step < 20000; ++step) {
    const Lanes match = matches(step, rng);
    const Lanes a = {rng(), rng()};
    for (std::size_t i = 0; i < 4; ++i) {
      const auto word = [&](const Lanes& value) {
        return static_cast<EData>(value[i / 2] >> (32 * (i % 2)));
      };
      top.a_i[i] = word(a);
      top.b_i[i] = ~(word(a) ^ word(match));
    }
    history.push_front(match);
    operands.push_front({a, {~(a[0] ^ match[0]), ~(a[1] ^ match[1])}});
    top.clk_i = 0;
    top.eval();
    // A count with s registers shows the operands of s cycles before.
#define VARIANT(index, lanes, stages, name)                                                        \
  if (history.size() > stages) {                                                                   \
    ASSERT_EQ(top.count##index##_o, expected(history[stages], lanes)) << name << " step " << step; \
  }
#define AND_VARIANT(index, lanes, stages, name)                                                    \
  if (operands.size() > stages) {                                                                  \
    ASSERT_EQ(top.count##index##_o, expected_and(operands[stages][0], operands[stages][1], lanes)) \
        << name << " step " << step;                                                               \
  }
#include "variants.inc"
#undef VARIANT
#undef AND_VARIANT
    top.clk_i = 1;
    top.eval();
    if (history.size() > 3) history.pop_back();
    if (operands.size() > 3) operands.pop_back();
  }
  top.final();
}

}  // namespace
