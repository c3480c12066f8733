// SPDX-License-Identifier: Apache-2.0
// Binary matrix products: population counts of XOR between all rows of two bit matrices.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bat::bmt {

/// View of `rows` bit vectors of `row_words` words each, one after the other.
struct BitRows {
  const std::uint64_t* words = nullptr;
  int rows = 0;
  int row_words = 0;
};

/// Columns interleaved in a panel: the kernels load word w of all of them at once.
inline constexpr int kPanelColumns = 8;

/// Right operand of a product, `words[panel][word][column in panel]`; missing columns are 0.
struct PackedColumns {
  int columns = 0;
  int row_words = 0;
  std::vector<std::uint64_t> words;
};

PackedColumns pack_columns(BitRows rows);

enum class Isa {
  kPortable,
  kAvx2,    ///< nibble table look-ups, byte sums
  kAvx512,  ///< AVX-512 F and VPOPCNTDQ
};

const char* name(Isa isa);

/// True iff this build holds the kernel and the processor can run it.
bool supported(Isa isa);

/// The fastest supported one.
Isa best_isa();

/// out[m * b.columns + n] += scale * popcount(a_m XOR b_n), for all rows m of `a` and columns n of
/// `b`. `a.row_words` must equal `b.row_words`; sums must fit int32.
void xor_popcount(BitRows a, const PackedColumns& b, std::int32_t scale,
                  std::span<std::int32_t> out, Isa isa = best_isa());

}  // namespace bat::bmt
