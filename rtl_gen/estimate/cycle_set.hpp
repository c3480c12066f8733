// SPDX-License-Identifier: Apache-2.0
// A set of clock cycles, for the counters of a unit.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace bat::cycle_model {

class CycleSet {
 public:
  /// Cycles that end at the edges `first` .. `last`; nothing if last < first.
  void add(std::int64_t first, std::int64_t last) {
    first = std::max<std::int64_t>(first, 0);
    if (last < first) return;
    if (const auto words = static_cast<std::size_t>(last / kBits) + 1; words_.size() < words) {
      words_.resize(std::max(words, 2 * words_.size()));
    }
    for (std::int64_t at = first; at <= last; at = (at / kBits + 1) * kBits) {
      const std::int64_t end = std::min(last, at / kBits * kBits + kBits - 1);
      words_[static_cast<std::size_t>(at / kBits)] |= mask(end % kBits) & ~(mask(at % kBits) >> 1);
    }
  }
  /// Cycles up to edge `last` that are in this set and not in `other`.
  std::int64_t count_without(const CycleSet& other, std::int64_t last) const {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::int64_t begin = static_cast<std::int64_t>(i) * kBits;
      if (begin > last) break;
      std::uint64_t word = words_[i] & mask(std::min<std::int64_t>(last - begin, kBits - 1));
      if (i < other.words_.size()) word &= ~other.words_[i];
      count += std::popcount(word);
    }
    return count;
  }

 private:
  static constexpr std::int64_t kBits = 64;
  /// Bits 0 .. last.
  static std::uint64_t mask(std::int64_t last) {
    return ~std::uint64_t{0} >> static_cast<unsigned>(kBits - 1 - last);
  }

  std::vector<std::uint64_t> words_;
};

}  // namespace bat::cycle_model
