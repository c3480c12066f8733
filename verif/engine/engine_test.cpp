// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "engine_bench.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat::engine {
namespace {

int pick(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng() % static_cast<std::uint64_t>(high - low + 1));
}
bool one_in(Rng& rng, int n) { return pick(rng, 1, n) == 1; }

/// Mostly few planes, sometimes up to 8.
int random_planes(Rng& rng) { return one_in(rng, 3) ? pick(rng, 1, 8) : pick(rng, 1, 2); }

void random_ring_use(Qmm& q, Rng& rng) {
  q.bcast = one_in(rng, 3);
  q.t_free = one_in(rng, 2);
  const int words = q.bcast != 0 ? 1 : q.nct * kTileWords;
  q.t_off = q.bit() ? pick(rng, 0, kTRing - words) : pick(rng, 0, 500);
  const int weights = q.nct * q.br * q.pb * q.kw;
  q.w_free = q.b_src == 0 && !one_in(rng, 4);
  if (q.w_free == 0) q.b_base = pick(rng, 0, kWRing - weights);
}

void random_destination(Qmm& q, Rng& rng) {
  // An instruction must not read what it writes: tiles overlap.
  do {
    q.d_mem = pick(rng, 0, 2);
  } while ((q.a_src == 0 && q.d_mem == 0) || (q.b_src != 0 && q.d_mem == q.b_src));
  q.d_ps = pick(rng, 0, 3);
  q.d_seg = pick(rng, 0, 6);
  q.run = pick(rng, 1, q.nct + 1);
  q.d_base = pick(rng, 0, 7);
  const int groups = (q.d_mem == 1 ? kCols : kDepth) / kRows;
  q.d_tg = pick(rng, 0, std::min(groups, 64) - 1);
  q.fill = one_in(rng, 2);
  q.z_cnt = q.d_mem == (kAndLanes ? 1 : 2) && q.z_use == 0 && one_in(rng, 2);
  q.z_first = one_in(rng, 2);
}

/// A mask of enough bits for kw words; the last bit's words need not all be there.
void random_mask(Qmm& q, Rng& rng) {
  q.grain = 1 << pick(rng, 0, 2);
  const int room = isa::kQmmMask.width + (q.out == 2 ? isa::kQmmMaskHigh.width : 0);
  const int set = (q.kw + q.grain - 1) / q.grain;
  const int most = std::min(room, (kActWords - q.grain) / (q.grain * q.pa));
  const int bits = pick(rng, set, std::max(set, most));
  while (std::popcount(q.mask) < set) q.mask |= std::uint64_t{1} << pick(rng, 0, bits - 1);
}

Qmm random_instruction(Rng& rng) {
  Qmm q;
  static constexpr int kOuts[] = {0, 0, 0, 0, 0, 1, 1, 2, 3, 4};
  q.out = kOuts[pick(rng, 0, 9)];
  q.a_src = pick(rng, 0, 1);
  q.b_src = pick(rng, 0, 2);
  if (!q.bit()) {
    q.pa = random_planes(rng);
    q.pb = random_planes(rng);
    q.br = pick(rng, 1, kBranches);
  }
  q.kw = one_in(rng, 3) ? pick(rng, 1, 6) : pick(rng, 1, 2);
  q.nct = pick(rng, 1, 5);
  const int limit = std::min(kWRing, kOperandWords);
  while (q.nct * q.br * q.pb * q.kw > limit) (q.nct > 1 ? q.nct : q.kw) -= 1;
  if (kPruning && q.out <= 2 && one_in(rng, 2)) random_mask(q, rng);
  const int row = q.places().back() + 1;
  q.a_ps = pick(rng, 0, (kActWords - row) / q.pa);
  q.a_base = pick(rng, 0, kActWords - row - (q.pa - 1) * q.a_ps);
  q.rvalid = pick(rng, 1, kRows);
  q.cvalid = pick(rng, 1, kCols);
  q.shift = pick(rng, 0, 47);
  q.ob = pick(rng, 1, 8);
  // Counts of the AND form are steps apart, in the bits of a mask.
  q.z_use = one_in(rng, 3) && !(kAndLanes && q.grain != 0);
  q.z_step = pick(rng, 1, (kZeroWords - 1) / q.nct);
  q.z_base = pick(rng, 0, kZeroWords - 1 - (q.nct - 1) * (q.z_use != 0 ? q.z_step : 1));
  random_ring_use(q, rng);
  if (q.writes_tiles()) random_destination(q, rng);
  q.res_base = pick(rng, 0, 60000);
  q.rt = pick(rng, 0, 1023);
  q.stat_first = one_in(rng, 2);
  q.skip0 = one_in(rng, 2);
  q.slot = pick(rng, 0, 3);
  q.s_base = one_in(rng, 2) ? 0 : pick(rng, 1, 4000);
  q.l_base = pick(rng, 0, 1000);
  return q;
}

std::vector<Qmm> random_program(Rng& rng, int length) {
  std::vector<Qmm> program;
  for (int i = 0; i < length; ++i) program.push_back(random_instruction(rng));
  return program;
}

class EngineRandom : public testing::TestWithParam<int> {};

TEST_P(EngineRandom, MatchesReference) {
  const int seed = GetParam();
  Bench bench(static_cast<std::uint64_t>(seed));
  static constexpr Pace kPaces[] = {
      {}, {50, 0, 0, 0}, {0, 60, 0, 30}, {0, 0, 60, 60}, {30, 30, 30, 30}, {0, 5, 5, 90}};
  for (const Pace& pace : kPaces) {
    ASSERT_TRUE(bench.run(random_program(bench.rng(), 60), pace)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EngineRandom, testing::Range(0, 12));

/// Many tiles of few words: column constants and completion under the greatest load.
TEST(Engine, ShortTiles) {
  Bench bench(100);
  std::vector<Qmm> program = random_program(bench.rng(), 400);
  for (Qmm& q : program) {
    q.kw = 1;
    q.pa = q.pb = 1;
    q.grain = 0;
    q.a_base = std::min(q.a_base, kActWords - 1);
    q.b_base = std::min(q.b_base, kOperandWords - q.nct * q.br);
  }
  ASSERT_TRUE(bench.run(program, {}));
}

Qmm bit_instruction() {
  Qmm q;
  q.a_src = 1;
  q.b_src = 1;
  q.kw = 8;
  q.nct = 5;
  q.run = 5;
  q.rvalid = kRows;
  q.cvalid = kCols;
  q.d_mem = 2;
  q.d_seg = 1;
  return q;
}

/// Bit tiles follow each other without a gap, inside an instruction and across instructions.
TEST(Engine, NoGapsBetweenBitTiles) {
  Bench bench(200);
  std::vector<Qmm> program(10, bit_instruction());
  for (Qmm& q : program) q.t_free = 1;
  Pace pace;
  pace.hazards = false;
  ASSERT_TRUE(bench.run(program, pace));
  const Counts& counts = bench.counts();
  EXPECT_EQ(counts.busy, 10 * 5 * 8);
  EXPECT_EQ(counts.last_busy - counts.first_busy + 1, counts.busy);
}

/// A walk along a mask takes a step a cycle, wherever the set bits are.
TEST(Engine, NoGapsInMaskedWalks) {
  if (!kPruning) GTEST_SKIP() << "no masks in this shape";
  Bench bench(203);
  std::vector<Qmm> program(10, bit_instruction());
  for (std::size_t i = 0; i < program.size(); ++i) {
    program[i].t_free = 1;
    program[i].grain = 1 << (i % 3);
    program[i].mask = i % 2 == 0 ? 0x00205409 | 0x3F00 : 0x0000A5FF;
    program[i].a_base = 0;
  }
  Pace pace;
  pace.hazards = false;
  ASSERT_TRUE(bench.run(program, pace));
  const Counts& counts = bench.counts();
  EXPECT_EQ(counts.busy, 10 * 5 * 8);
  EXPECT_EQ(counts.last_busy - counts.first_busy + 1, counts.busy);
}

/// With a broadcast threshold even tiles of one step run without a gap.
TEST(Engine, NoGapsBetweenSingleSteps) {
  Bench bench(201);
  std::vector<Qmm> program(3, bit_instruction());
  for (Qmm& q : program) {
    q.kw = 1;
    q.nct = 40;
    q.run = 40;
    q.bcast = 1;
    q.d_seg = 0;
  }
  Pace pace;
  pace.hazards = false;
  ASSERT_TRUE(bench.run(program, pace));
  const Counts& counts = bench.counts();
  EXPECT_EQ(counts.last_busy - counts.first_busy + 1, counts.busy);
}

/// Wide tiles cost their steps or their drain beats, whatever is longer, as long as that is not
/// less than the way from issue to sum and back to a free shadow.
TEST(Engine, WideTilesOverlapTheDrain) {
  for (const int kw : {1, kBeats, kBeats + 1, kBeats + 5}) {
    Bench bench(202);
    Qmm q = bit_instruction();
    q.out = 3;
    q.kw = kw;
    q.nct = std::min(40, kOperandWords / kw);
    q.run = q.nct;
    ASSERT_TRUE(bench.run({q}, {}));
    const Counts& counts = bench.counts();
    const long tile = std::max({kw, kBeats, (6 + kPopStages) / 2 + 1});
    EXPECT_LE(counts.last_busy - counts.first_busy + 1, (q.nct + 1) * tile + 4 + kPopStages) << kw;
    if (kw > (6 + kPopStages) / 2 + 1 && kw >= kBeats) {
      EXPECT_EQ(counts.stalled, 0) << kw;
    }
  }
}

}  // namespace
}  // namespace bat::engine
