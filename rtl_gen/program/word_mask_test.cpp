// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/word_mask.hpp"

#include <gtest/gtest.h>

#include <random>

namespace bat {
namespace {

/// An instruction whose destination fields hold nothing but ones where they may.
isa::Instruction instruction(const WordMask& mask, isa::Out out) {
  isa::Instruction i;
  i.set(isa::kQmmOut, static_cast<std::uint64_t>(out));
  i.set(isa::kQmmKw, static_cast<std::uint64_t>(mask.words));
  set_mask(i, mask);
  if (out == isa::Out::kRes) {
    i.set(isa::kQmmResBase, 0xFFFF);
    i.set(isa::kQmmSkip0, 1);
  } else {
    i.set(isa::kQmmDPs, 0xFFF);
    i.set(isa::kQmmDTg, 0x3F);
    i.set(isa::kQmmFill, 1);
  }
  return i;
}

std::vector<int> places(const std::vector<bool>& kept) {
  std::vector<int> list;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i]) list.push_back(static_cast<int>(i));
  }
  return list;
}

TEST(WordMask, WalkIsWhatWasKept) {
  std::mt19937_64 random(5);
  for (const isa::Out out : {isa::Out::kBit, isa::Out::kCode, isa::Out::kRes}) {
    for (int words = 1; words <= mask_reach(out); ++words) {
      const int grain = words <= mask_bits(out) ? 1 : words <= 2 * mask_bits(out) ? 2 : 4;
      std::vector<bool> kept;
      for (int i = 0; i < words; ++i) {
        kept.push_back(i % grain == 0 ? random() % 2 == 0 : kept.back());
      }
      if (places(kept).empty()) kept.back() = kept[kept.size() - 1U] = true;
      const auto mask = word_mask(kept, out);
      if (!mask) continue;  // the repair above split a bit
      EXPECT_EQ(walked_words(instruction(*mask, out)), places(kept)) << words;
    }
  }
}

TEST(WordMask, DenseRowsOfAnyLength) {
  const auto mask = word_mask(std::vector<bool>(1023, true), isa::Out::kBit);
  ASSERT_TRUE(mask);
  EXPECT_EQ(mask->grain, 0);
  EXPECT_EQ(walked_words(instruction(*mask, isa::Out::kBit)).size(), 1023U);
}

TEST(WordMask, RefusesWhatHasNoRoom) {
  std::vector<bool> kept(static_cast<std::size_t>(mask_bits(isa::Out::kBit) + 1), true);
  kept[2] = false;  // at two words a bit, 2 and 3 differ
  EXPECT_FALSE(word_mask(kept, isa::Out::kBit));
  EXPECT_TRUE(word_mask(kept, isa::Out::kRes));
  kept[3] = false;
  EXPECT_TRUE(word_mask(kept, isa::Out::kBit));
  kept.assign(static_cast<std::size_t>(mask_reach(isa::Out::kRes) + 1), true);
  kept.front() = false;
  EXPECT_FALSE(word_mask(kept, isa::Out::kRes));
}

TEST(WordMask, ShortMaskShows) {
  isa::Instruction i = instruction({2, 1, 0b101}, isa::Out::kBit);
  i.set(isa::kQmmKw, 3);
  EXPECT_EQ(walked_words(i).size(), 2U);
}

}  // namespace
}  // namespace bat
