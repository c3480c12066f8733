// SPDX-License-Identifier: Apache-2.0
// Cycle formulas that the headers of ln_control, smx_unit and drain_control state; the planner
// relies on them.
#include <gtest/gtest.h>

#include <algorithm>

#include "verif/rows/rows_bench.hpp"

namespace bat::rows {
namespace {

constexpr Pace kNoWaits{.tile_write = 0};

/// Cycles from the one after acceptance to the one that reports completion of the last of `count`
/// pieces of work.
long cycles_until_done(Bench& bench, int count) {
  const long start = bench.cycles();
  while (count > 0 && bench.cycles() - start < 100000) {
    bench.cycle(kNoWaits);
    count -= static_cast<int>(bench.take_done().size());
  }
  return bench.cycles() - start - 1;
}

int beats(int length, int planes) {
  const int words = ceil_div(length, kTk);
  return (words - 1) * std::max(kWordBeats, planes) + kWordBeats;
}

TEST(RowsTiming, LayerNorm) {
  constexpr int kPace = std::clamp(32 / kTr, 1, 16);
  for (const int instructions : {1, 2, 5}) {
    Bench bench(1);
    const int dw = ceil_div(kMaxD, kLanes);
    for (int i = 0; i < dw; ++i) bench.push_l(std::vector<std::uint32_t>(kLanes * 2));
    for (int i = 0; i < dw; ++i) bench.cycle(kNoWaits);
    for (int i = 0; i < instructions; ++i) {
      RowJob job;
      job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kLn));
      job.instr.set(isa::kLnRt, static_cast<std::uint64_t>(i % 2));
      job.instr.set(isa::kLnDw, static_cast<std::uint64_t>(dw));
      job.instr.set(isa::kLnLastv, 1);
      job.instr.set(isa::kLnD, kMaxD);
      job.instr.set(isa::kLnShift, 1);
      job.instr.set(isa::kLnPlanes, kMaxBits);
      bench.push_row(job);
    }
    const long roots = 6 + 38 + (kTr - 1) * kPace + (kPace > 1 ? kPace : 0);
    const long pass = beats(kMaxD, kMaxBits) + 12 + kMaxBits;
    EXPECT_EQ(cycles_until_done(bench, instructions),
              roots + pass + (instructions - 1) * std::max(roots, pass + 2));
  }
}

TEST(RowsTiming, Softmax) {
  if (!kSoftmax) GTEST_SKIP();
  const int keys = kScoreDepth * kLanes;
  const long first = ceil_div(keys, kLanes);
  const long second = beats(keys, kMaxBits);
  Bench bench(1);
  RowJob job;
  job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kSmx));
  job.instr.set(isa::kSmxN, static_cast<std::uint64_t>(keys));
  job.instr.set(isa::kSmxProbShift, 1);
  job.instr.set(isa::kSmxOb, kMaxBits);
  bench.push_smx(job);
  EXPECT_EQ(cycles_until_done(bench, 1), first + second + 38 + kMaxBits);
  for (int i = 0; i < 10; ++i) bench.push_smx(job);
  const long ten = cycles_until_done(bench, 10);
  for (int i = 0; i < 20; ++i) bench.push_smx(job);
  const long each = (cycles_until_done(bench, 20) - ten) / 10;
  EXPECT_LE(each, std::max(first + 31, first + second + 18 + kMaxBits));
}

TEST(RowsTiming, TilesBackToBack) {
  Bench bench(1);
  constexpr int kCount = 7;
  for (int i = 0; i < kCount; ++i) {
    Tile tile;
    tile.out = static_cast<int>(isa::Out::kRes);
    tile.acc.assign(static_cast<std::size_t>(kTr * kBr * kTc), 0);
    tile.zz.assign(kTc, 0);
    tile.bcast = true;
    tile.p_addr = bench.push_p(std::vector<std::uint32_t>(kLanes * 2 * kBr));
    bench.push_tile(tile);
  }
  // The first word of the P ring arrives in the first cycle, every tile's before it.
  EXPECT_EQ(cycles_until_done(bench, kCount), kCount * kBeats - 1 + 9);
}

}  // namespace
}  // namespace bat::rows
