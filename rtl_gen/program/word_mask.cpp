// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/word_mask.hpp"

#include <algorithm>

namespace bat {
namespace {

constexpr int kGrains[] = {1, 2, 4};

/// Field QmmGrain: 0 none, else log2 + 1.
int grain_code(int grain) { return grain == 4 ? 3 : grain; }
int grain_of_code(int code) { return code == 3 ? 4 : code; }

/// The mask at one grain, if words of a bit agree.
std::optional<WordMask> at_grain(const std::vector<bool>& kept, int grain) {
  WordMask mask{0, grain, 0};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const std::size_t first = i - i % static_cast<std::size_t>(grain);
    if (kept[i] != kept[first]) return std::nullopt;
    if (!kept[i]) continue;
    ++mask.words;
    mask.bits |= std::uint64_t{1} << (first / static_cast<std::size_t>(grain));
  }
  return mask;
}

}  // namespace

int mask_bits(isa::Out out) {
  return isa::kQmmMask.width + (out == isa::Out::kRes ? isa::kQmmMaskHigh.width : 0);
}

int mask_reach(isa::Out out) { return mask_bits(out) * *std::rbegin(kGrains); }

std::optional<WordMask> word_mask(const std::vector<bool>& kept, isa::Out out) {
  const int words = static_cast<int>(kept.size());
  if (std::all_of(kept.begin(), kept.end(), [](bool k) { return k; })) {
    return WordMask{words, 0, 0};
  }
  for (const int grain : kGrains) {
    if (words > grain * mask_bits(out)) continue;
    return at_grain(kept, grain);
  }
  return std::nullopt;
}

void set_mask(isa::Instruction& instruction, const WordMask& mask) {
  instruction.set(isa::kQmmGrain, static_cast<std::uint64_t>(grain_code(mask.grain)));
  instruction.set(isa::kQmmMask, mask.bits);
  instruction.set(isa::kQmmMaskHigh, mask.bits >> isa::kQmmMask.width);
}

std::vector<int> walked_words(const isa::Instruction& instruction) {
  const int kw = static_cast<int>(instruction.get(isa::kQmmKw));
  const int grain = grain_of_code(static_cast<int>(instruction.get(isa::kQmmGrain)));
  std::vector<int> places;
  if (grain == 0) {
    for (int i = 0; i < kw; ++i) places.push_back(i);
    return places;
  }
  const auto out = static_cast<isa::Out>(instruction.get(isa::kQmmOut));
  std::uint64_t bits = instruction.get(isa::kQmmMask);
  if (out == isa::Out::kRes) bits |= instruction.get(isa::kQmmMaskHigh) << isa::kQmmMask.width;
  for (int bit = 0; bit < mask_bits(out); ++bit) {
    for (int i = 0; i < grain && (bits >> bit & 1) != 0; ++i) {
      if (static_cast<int>(places.size()) == kw) return places;
      places.push_back(bit * grain + i);
    }
  }
  return places;
}

}  // namespace bat
