// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/plan/plan.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "rtl_gen/plan/chunk.hpp"

namespace bat {
namespace {

TEST(Plan, EveryNamedConfigurationHasAPlan) {
  for (const std::string& name : config_names()) {
    const Result<Plan> result = plan(load_config(name).value());
    ASSERT_TRUE(result.ok()) << name << ": " << result.error().message;
    EXPECT_TRUE(std::has_single_bit(static_cast<unsigned>(result.value().w_ring_words))) << name;
    if (result.value().resident) continue;
    for (const int depth :
         {result.value().t_ring_words, result.value().p_ring_words, result.value().l_ring_words}) {
      EXPECT_TRUE(std::has_single_bit(static_cast<unsigned>(depth))) << name;
    }
  }
}

TEST(Plan, BaseSizesByHand) {
  const Plan p = plan(load_config("base").value()).value();
  EXPECT_EQ(p.row_tiles, 16);
  EXPECT_EQ(p.act_region, 16 * 48);  // FFN1 rows, 3072 / 64 words
  EXPECT_EQ(p.act_words, 16 * 48 + 8 * 8);
  EXPECT_EQ(p.xb_words, 16 * 12);  // no feature rows
  EXPECT_EQ(p.res_bank_words, 8 * 192);
  EXPECT_EQ(p.k_words, 12 * 16);
  EXPECT_EQ(p.v_words, 12 * 2 * 8);
  EXPECT_EQ(p.z_words, 4 * 24);
  EXPECT_EQ(p.acc_bits, 27);  // 768 * 255^2 = 49,939,200
  EXPECT_EQ(p.score_bits, 7);
  EXPECT_EQ(p.sum_bits, 26);
  EXPECT_EQ(p.root_pace, 1);
  EXPECT_EQ(p.root_cycles, 69);
  EXPECT_EQ(p.square_bits, 41);
  EXPECT_EQ(p.par_bits, 256);
  EXPECT_EQ(p.t_tile_words, 2);
  EXPECT_EQ(p.p_tile_words, 8);
  EXPECT_EQ(p.w_ring_words, 1024);  // a layer has 3456 words
  EXPECT_EQ(p.w_write_bits, 512);
  // Parameters of 12 layers stay on chip: Q, K, V and FFN1 have 72 + 96 tiles of 2 threshold words,
  // a head one more for its scores and 2 tiles for its context; O and FFN2 have 48 tiles of 8 scale
  // words, pooler and classifier 24 and 16; 25 LayerNorms have 192 words.
  EXPECT_TRUE(p.resident);
  EXPECT_EQ(p.t_ring_words, 12 * (168 * 2 + 12 * 5));
  EXPECT_EQ(p.p_ring_words, 12 * 48 * 8 + 40 * 8);
  EXPECT_EQ(p.l_ring_words, 25 * 192);
}

TEST(Plan, ExtremesOfTheArrayHavePlans) {
  for (int rows = 1; rows <= 64; rows *= 2) {
    for (int cols = std::max(rows, 2); cols <= 64; cols *= 2) {
      for (int depth = std::max(cols, 8); depth <= std::min(128, 64 * rows); depth *= 2) {
        for (int lanes = 1; lanes <= std::min(8, cols); lanes *= 2) {
          Config c;
          c.array.rows = rows, c.array.cols = cols, c.array.depth = depth, c.array.lanes = lanes;
          c.features.branches = 2, c.features.act_bits = 8;
          const Result<Plan> result = plan(c);
          EXPECT_TRUE(result.ok()) << result.error().message;
        }
      }
    }
  }
}

TEST(Plan, RefusesWhatInstructionsCannotAddress) {
  Config c;
  c.array.depth = 8;
  c.limits.ffn = 16383;
  const Result<Plan> result = plan(c);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "limits.ffn: gives 2048 words of a feed-forward row, instructions address 1023; "
            "nearest legal value is about 8183");
}

TEST(Plan, RefusesRingsThatCannotHoldOneChunk) {
  Config c;
  c.buffers.weight_ring_words = 16;
  const Result<Plan> result = plan(c);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "buffers.weight_ring_words: the ring has 16 words, the limits need 32; nearest legal "
            "value is 32");
}

TEST(Plan, RefusesSumsThatHalfADspBlockCannotHold) {
  Config c;
  c.features.feature_rows = false;
  c.limits.hidden = 768;  // the classifier of row 0 needs 27 bits, the others 17
  c.array.dsp_rows = 7;
  EXPECT_TRUE(plan(c).ok());
  c.array.dsp_rows = 8;
  const Result<Plan> all = plan(c);
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().message,
            "array.dsp_rows: is 8, but accumulators of these rows have 27 bits and half a DSP "
            "block has 24; nearest legal value is 7");
  c.features.feature_rows = true;
  c.limits.features = 1024;
  const Result<Plan> patches = plan(c);
  ASSERT_FALSE(patches.ok());
  EXPECT_NE(patches.error().message.find("nearest legal value is 0"), std::string::npos);
  c.array.dsp_rows = 0;
  const Plan without = plan(c).value();
  EXPECT_TRUE(check_dsp_rows(c, without).ok());
  c.array.dsp_rows = 9;
  EXPECT_EQ(check_dsp_rows(c, without).error().message,
            "array.dsp_rows: is 9, must be at most array.rows (8)");
}

TEST(Chunk, TwoChunksFitAndChunksAreEven) {
  Plan p;
  p.w_ring_words = 64, p.t_ring_words = 64, p.p_ring_words = 64;
  EXPECT_EQ(chunk_tiles(p, {10, 1}, {4, 0, 0}), 5);   // 8 would fit twice; 5 + 5 is even
  EXPECT_EQ(chunk_tiles(p, {10, 4}, {4, 0, 0}), 8);   // 8 + 2
  EXPECT_EQ(chunk_tiles(p, {10, 4}, {16, 0, 0}), 4);  // one granule, alone in the ring
  EXPECT_EQ(chunk_tiles(p, {3, 4}, {16, 0, 0}), 3);   // a whole matrix below a granule
  EXPECT_EQ(chunk_tiles(p, {10, 4}, {17, 0, 0}), std::nullopt);
  EXPECT_EQ(chunk_tiles(p, {10, 1}, {1, 0, 16}), 2);  // parameters decide
}

}  // namespace
}  // namespace bat
