// SPDX-License-Identifier: Apache-2.0
// Structural popcounts of all sizes and pipeline depths against std::popcount.
#include <gtest/gtest.h>

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
    top.clk_i = 0;
    top.eval();
    // A count with s registers shows the operands of s cycles before.
#define VARIANT(index, lanes, stages, name)                                                        \
  if (history.size() > stages) {                                                                   \
    ASSERT_EQ(top.count##index##_o, expected(history[stages], lanes)) << name << " step " << step; \
  }
#include "variants.inc"
#undef VARIANT
    top.clk_i = 1;
    top.eval();
    if (history.size() > 3) history.pop_back();
  }
  top.final();
}

}  // namespace
