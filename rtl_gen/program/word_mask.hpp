// SPDX-License-Identifier: Apache-2.0
// Operand words that a QMM walks (docs/architecture.md section 5, "Masks").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rtl_gen/program/isa.hpp"

namespace bat {

/// Most bits of a mask: products into the residual have room for more.
int mask_bits(isa::Out out);
/// Most operand words that masks of an output kind can tell apart, at the coarsest grain.
int mask_reach(isa::Out out);

/// The kept ones among the words of a row of operand A.
struct WordMask {
  int words = 0;           ///< kept: field kw
  int grain = 0;           ///< words of a mask bit: 1, 2, 4; 0: no mask, all are kept
  std::uint64_t bits = 0;  ///< least significant bit: the first `grain` words

  bool operator==(const WordMask&) const = default;
};

/// The mask at the finest grain that has room; nothing where even the coarsest has none or words of
/// one bit differ.
std::optional<WordMask> word_mask(const std::vector<bool>& kept, isa::Out out);

/// Sets the mask of an instruction, before the fields of its destination: these share bits with the
/// part of a mask that only products into the residual have.
void set_mask(isa::Instruction& instruction, const WordMask& mask);

/// Places of the operand words that a QMM walks, from `a_base` on: kw of them, or fewer if its mask
/// has too few bits.
std::vector<int> walked_words(const isa::Instruction& instruction);

}  // namespace bat
