// SPDX-License-Identifier: Apache-2.0
// Matrices of codes as bit planes, and their exact products (docs/numerics.md section 1.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/bmt/kernels.hpp"
#include "models/bmt/model.hpp"

namespace bat::bmt {

/// Rows of codes of `bits` bits; plane k holds bit k of each code. Padding bits are 0.
struct BitPlanes {
  int rows = 0;
  int length = 0;  ///< codes a row
  int bits = 0;
  std::vector<std::uint64_t> words;  ///< [plane][row][word]

  int row_words() const { return words_for(length); }
  BitRows plane(int k) const;
};

/// Row r of the result is `length` codes from `codes[r * stride + first]`.
BitPlanes pack_planes(std::span<const std::uint8_t> codes, int rows, std::size_t stride,
                      std::size_t first, int length, int bits);

/// Right operand of a product: signed codes (value 2*o - (2^bits - 1)) packed for the kernels.
struct ColumnPlanes {
  int columns = 0;
  int length = 0;
  int bits = 0;
  std::vector<PackedColumns> planes;
  std::vector<std::int32_t> weighted_ones;  ///< [columns]: sum_k 2^k * popcount(plane k)
  // Pruned weights only; bits of pruned inputs are 0 in every plane.
  int group = 0;                      ///< columns of a group; 0: every input enters every sum
  std::vector<std::uint64_t> pruned;  ///< [group][word]: inputs that do not enter
  std::vector<std::int32_t> lengths;  ///< [group]: inputs that do
};

ColumnPlanes make_columns(const BitPlanes& rows);
/// One branch of 1-bit weights, of which `mask` prunes blocks.
ColumnPlanes make_columns(const BitMatrix& weights, int branch, const BlockMask& mask = {});

enum class Signedness { kSigned, kUnsigned };

/// acc[m * b.columns + n] = sum_i value(a_mi) * value(b_ni) over the inputs that column n keeps,
/// exact; `a` is read as `kind`.
std::vector<std::int32_t> plane_product(const BitPlanes& a, Signedness kind, const ColumnPlanes& b);

}  // namespace bat::bmt
