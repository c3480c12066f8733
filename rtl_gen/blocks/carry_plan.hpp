// SPDX-License-Identifier: Apache-2.0
// How columns of equally weighted bits are summed on carry chains of 6-input tables with as few
// tables as possible.
//
// A chain climbs from a column upwards. Its atoms take bits and leave one sum bit a column passed;
// the carry goes on to the next atom, or leaves the chain as a bit of the next column:
//
//   kSix    up to six bits of weight w, in two slots (w, 2w): removes 4 bits, 3 if it is the lowest
//   kFour   up to four bits of weight w and one of weight 2w, in two slots: removes 3
//   kTwo    two bits in one slot, an adder bit: removes 1
//   kOne    one bit or none, passes the carry: removes 1 or 0 with the carry
#pragma once

#include <vector>

namespace bat::blocks {

enum class AtomKind { kSix, kFour, kTwo, kOne };

struct PlannedAtom {
  AtomKind kind = AtomKind::kTwo;
  int low = 0;   ///< bits taken of its column
  int high = 0;  ///< bits taken of the column above (kFour)
};

struct PlannedChain {
  int column = 0;
  bool carry_in = false;  ///< a bit of `column` enters as carry
  std::vector<PlannedAtom> atoms;
};

/// Chains, in an order that can be carried out, after which every column of `heights` holds at most
/// one bit. A carry out of the last column is always 0 and needs no column. The result has close to
/// the fewest tables for columns up to about eight bits high; taller ones are first brought down by
/// chains of kSix atoms. Deterministic.
std::vector<PlannedChain> plan_chains(const std::vector<int>& heights);

}  // namespace bat::blocks
