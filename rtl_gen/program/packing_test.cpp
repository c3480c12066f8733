// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/packing.hpp"

#include <gtest/gtest.h>

namespace bat {
namespace {

Plan small_plan() {
  Plan p;
  p.cols = 2;
  p.depth = 8;
  p.lanes = 1;
  p.branches = 2;
  p.par_bits = 128;
  p.l_bits = 64;
  return p;
}

TEST(Packing, BitStringIsLeastSignificantFirst) {
  BitString bits;
  bits.append(0b101, 3);
  bits.append(0xFFFF'FFFF'FFFF'FFFF, 64);
  EXPECT_EQ(bits.size(), 67);
  bits.pad(72);
  const std::vector<std::uint8_t> expected{0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07};
  EXPECT_EQ(bits.bytes(), expected);
}

TEST(Packing, HeadsStartTilesAndWords) {
  const Plan p = small_plan();
  const Mapping map{6, 3, 20, 10};  // two heads of 3 columns; inputs in two heads of 10
  EXPECT_EQ(map.tiles(p), 4);
  EXPECT_EQ(map.words(p), 4);
  EXPECT_EQ(map.output(p, 1, 0), 2);
  EXPECT_EQ(map.output(p, 1, 1), -1);
  EXPECT_EQ(map.output(p, 2, 0), 3);
  EXPECT_EQ(map.word_inputs(p, 1), (std::array<int, 2>{8, 2}));
  EXPECT_EQ(map.word_inputs(p, 2), (std::array<int, 2>{10, 8}));
}

TEST(Packing, TileIsBranchMajorWithOnesAsPadding) {
  const Plan p = small_plan();
  bmt::BitMatrix w(2, 3, 10);
  w.set_bit(0, 2, 0, true);
  w.set_bit(1, 2, 9, true);
  BitString bits;
  append_tile(bits, p, {3, 3, 10, 10}, w, 1, {true, true});  // output 2 and a padding column
  const std::vector<std::uint8_t> expected{0x01, 0xFF, 0xFC, 0xFF, 0x00, 0xFF, 0xFE, 0xFF};
  EXPECT_EQ(bits.bytes(), expected);
}

TEST(Packing, CodeTileIsPlaneMajor) {
  const Plan p = small_plan();
  bmt::CodeMatrix w(2, 1);
  w.codes = {0x01, 0x82};
  BitString bits;
  append_tile(bits, p, {2, 2, 1, 1}, w, 0);
  const std::vector<std::uint8_t> bytes = bits.bytes();
  ASSERT_EQ(bytes.size(), 16U);
  EXPECT_EQ(bytes[0], 0xFF);  // plane 0 of output 0: 1, padding 1
  EXPECT_EQ(bytes[1], 0xFE);  // plane 0 of output 1: 0
  EXPECT_EQ(bytes[2], 0xFE);
  EXPECT_EQ(bytes[3], 0xFF);
  EXPECT_EQ(bytes[15], 0xFF);  // plane 7 of output 1
  EXPECT_EQ(bytes[14], 0xFE);
}

TEST(Packing, FoldedThresholdGivesTheSameBit) {
  for (const int inner : {1, 2, 7, 8, 16383}) {
    for (const int t : {-32768, -16384, -8, -7, -1, 0, 1, 2, 7, 16383, 32767}) {
      const int folded = fold_bit_threshold(t, inner);
      ASSERT_GE(folded, -32768);
      ASSERT_LE(folded, 32767);
      for (const int x : {0, 1, inner / 2, inner / 2 + 1, inner}) {
        EXPECT_EQ(2 * x - inner >= t, x >= folded) << inner << " " << t << " " << x;
      }
    }
  }
}

TEST(Packing, RecordsOfTwoBranches) {
  const Plan p = small_plan();
  bmt::Requant rq;
  rq.branches = 2;
  rq.mul = {3, 5};
  rq.offset = {-1};
  BitString bits;
  append_records(bits, p, {fold_signed(rq, 0, {10, 10})});
  const std::vector<std::uint8_t> bytes = bits.bytes();
  ASSERT_EQ(bytes.size(), 16U);
  EXPECT_EQ(bytes[0], 6);
  EXPECT_EQ(bytes[2], 10);
  EXPECT_EQ(bytes[4], 0xAF);  // -1 - 3*10 - 5*10 = -81
  EXPECT_EQ(bytes[9], 0xFF);
  EXPECT_EQ(bytes[10], 0);
}

}  // namespace
}  // namespace bat
