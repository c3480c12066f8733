// SPDX-License-Identifier: Apache-2.0
// Character tables of the tokenizer, all sorted by code point.
#pragma once

#include <cstdint>
#include <span>

namespace bat::io::unicode {

/// first .. last, inclusive.
struct Range {
  std::uint32_t first, last;
};

/// Every `stride`-th code point of first .. last becomes itself plus `delta`.
struct LowerRun {
  std::uint32_t first, last;
  std::uint32_t stride;
  std::int32_t delta;
};

/// Full canonical decomposition without its nonspacing marks; unused places are 0.
struct Decomposition {
  std::uint32_t from;
  std::uint32_t to[3];
};

/// Cc, Cf, Co, Cs and U+FFFD, without tab, line feed, carriage return.
std::span<const Range> other();
/// Zs, Zl, Zp, tab, line feed, carriage return.
std::span<const Range> space();
/// P* and the ASCII symbols that BERT counts as punctuation.
std::span<const Range> punctuation();
/// Mn.
std::span<const Range> nonspacing_mark();
/// Simple lower case of code points without a decomposition.
std::span<const LowerRun> lower_runs();
/// All decompositions except those of Hangul syllables.
std::span<const Decomposition> decompositions();

}  // namespace bat::io::unicode
