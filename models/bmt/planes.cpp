// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/planes.hpp"

#include <bit>
#include <cstring>

#include "models/bmt/primitives.hpp"

namespace bat::bmt {
namespace {

std::size_t plane_words(const BitPlanes& p) {
  return static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.row_words());
}

/// Bit k of eight codes, the first code in bit 0.
std::uint64_t gather_bits(const std::uint8_t* codes, int k) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t eight = 0;
  std::memcpy(&eight, codes, 8);
  return ((eight >> k & 0x0101010101010101U) * 0x0102040810204080U) >> 56;
}

void pack_row(std::span<const std::uint8_t> codes, int k, std::uint64_t* words) {
  std::size_t i = 0;
  for (; i + 8 <= codes.size(); i += 8) words[i / 64] |= gather_bits(&codes[i], k) << (i % 64);
  for (; i < codes.size(); ++i) {
    words[i / 64] |= static_cast<std::uint64_t>(codes[i] >> k & 1) << (i % 64);
  }
}

std::int32_t ones(std::span<const std::uint64_t> words) {
  std::int32_t count = 0;
  for (const std::uint64_t w : words) count += std::popcount(w);
  return count;
}

}  // namespace

BitRows BitPlanes::plane(int k) const {
  return {words.data() + plane_words(*this) * static_cast<std::size_t>(k), rows, row_words()};
}

BitPlanes pack_planes(std::span<const std::uint8_t> codes, int rows, std::size_t stride,
                      std::size_t first, int length, int bits) {
  BitPlanes planes{rows, length, bits, {}};
  planes.words.assign(plane_words(planes) * static_cast<std::size_t>(bits), 0);
  std::uint64_t* to = planes.words.data();
  for (int k = 0; k < bits; ++k) {
    for (int r = 0; r < rows; ++r) {
      const std::size_t start = static_cast<std::size_t>(r) * stride + first;
      pack_row(codes.subspan(start, static_cast<std::size_t>(length)), k, to);
      to += planes.row_words();
    }
  }
  return planes;
}

ColumnPlanes make_columns(const BitPlanes& rows) {
  ColumnPlanes columns{rows.rows, rows.length, rows.bits, {}, {}};
  columns.weighted_ones.assign(static_cast<std::size_t>(rows.rows), 0);
  const auto words = static_cast<std::size_t>(rows.row_words());
  for (int k = 0; k < rows.bits; ++k) {
    const BitRows plane = rows.plane(k);
    columns.planes.push_back(pack_columns(plane));
    for (std::size_t n = 0; n < columns.weighted_ones.size(); ++n) {
      columns.weighted_ones[n] += ones({plane.words + n * words, words}) << k;
    }
  }
  return columns;
}

ColumnPlanes make_columns(const BitMatrix& weights, int branch) {
  const std::size_t size =
      static_cast<std::size_t>(weights.out) * static_cast<std::size_t>(weights.row_words());
  const auto begin = weights.words.begin() + static_cast<std::ptrdiff_t>(size) * branch;
  return make_columns(
      BitPlanes{weights.out, weights.in, 1, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
}

std::vector<std::int32_t> plane_product(const BitPlanes& a, Signedness kind,
                                        const ColumnPlanes& b) {
  const auto columns = static_cast<std::size_t>(b.columns);
  std::vector<std::int32_t> acc(static_cast<std::size_t>(a.rows) * columns, 0);
  for (int i = 0; i < a.bits; ++i) {
    for (int j = 0; j < b.bits; ++j) {
      xor_popcount(a.plane(i), b.planes[static_cast<std::size_t>(j)], 1 << (i + j), acc);
    }
  }
  // With D = K - X mismatches of a plane pair: 2X - K = K - 2D, and X - Z(w) = popcount(w) - D.
  const bool both_signed = kind == Signedness::kSigned;
  const std::int32_t factor = both_signed ? 2 : 1;
  const std::int32_t full = max_code(a.bits) * max_code(b.bits) * b.length;
  std::vector<std::int32_t> base(columns, full);
  if (!both_signed) {
    for (std::size_t n = 0; n < columns; ++n) base[n] = max_code(a.bits) * b.weighted_ones[n];
  }
  for (std::size_t row = 0; row < acc.size(); row += columns) {
    for (std::size_t n = 0; n < columns; ++n) acc[row + n] = base[n] - factor * acc[row + n];
  }
  return acc;
}

}  // namespace bat::bmt
