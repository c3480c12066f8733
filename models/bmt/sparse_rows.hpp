// SPDX-License-Identifier: Apache-2.0
// Compact storage of matrices whose weights are -1, 0 or +1 (docs/numerics.md, section 4.1).
//
// In memory such a matrix is two branches of bits: (1, 1) is +1, (0, 0) is -1 and (1, 0) is 0,
// where the branches cancel. In a file its rows may be packed, each into whole bytes, all rows into
// as many as the longest one needs, bits least significant first:
//   bitmap  for each kept input 1 where the weight is not 0; then for each of these 1 for +1
//   index   for each kept block the number of weights that are not 0 (bit_width(L) bits, L its
//           inputs), then for each of them, ascending, its place (bit_width(L - 1) bits) and its
//           sign. Blocks are those of the mask, of 64 inputs without one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

enum class SparseForm { kBitmap, kIndex };
inline constexpr SparseForm kSparseForms[] = {SparseForm::kBitmap, SparseForm::kIndex};

/// "bitmap", "index": what follows the name of a packed tensor.
std::string_view to_string(SparseForm form);

/// Rows of a matrix in a packed form.
struct SparseRows {
  SparseForm form = SparseForm::kBitmap;
  int out = 0;
  std::uint64_t row_bytes = 0;
  std::vector<std::uint8_t> bytes;  ///< out x row_bytes
};

/// Nothing if the matrix has not two branches or a kept weight is (0, 1), which no form can say.
std::optional<SparseRows> pack_rows(const BitMatrix& matrix, const BlockMask& mask,
                                    SparseForm form);

/// The smallest form, if it is smaller than the two branches as they are.
std::optional<SparseRows> smallest_rows(const BitMatrix& matrix, const BlockMask& mask);

/// Errors name the row and the rule: a row that ends early, too many weights in a block, places out
/// of order or outside of the block, bits behind the end, rows longer than any needs.
Result<BitMatrix> unpack_rows(const SparseRows& rows, int in, const BlockMask& mask);

}  // namespace bat::bmt
