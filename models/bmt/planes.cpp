// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/planes.hpp"

#include <algorithm>
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

std::size_t group_of(const ColumnPlanes& b, std::size_t column) {
  return b.group == 0 ? 0 : column / static_cast<std::size_t>(b.group);
}

/// Counted mismatches of pruned inputs in row `row`, for each group: their weight bits are 0, so
/// that each set activation bit is one, in every plane of `b`.
void pruned_mismatches(const BitPlanes& a, const ColumnPlanes& b, int row,
                       std::span<std::int32_t> counts) {
  const auto words = static_cast<std::size_t>(a.row_words());
  std::fill(counts.begin(), counts.end(), 0);
  for (int k = 0; k < a.bits; ++k) {
    const std::uint64_t* bits = a.plane(k).words + static_cast<std::size_t>(row) * words;
    for (std::size_t g = 0; g < counts.size(); ++g) {
      std::int32_t count = 0;
      for (std::size_t w = 0; w < words; ++w) {
        count += std::popcount(bits[w] & b.pruned[g * words + w]);
      }
      counts[g] += (count << k) * static_cast<std::int32_t>(max_code(b.bits));
    }
  }
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
  ColumnPlanes columns;
  columns.columns = rows.rows;
  columns.length = rows.length;
  columns.bits = rows.bits;
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

namespace {

/// Tells `columns` what `mask` prunes.
void prune(ColumnPlanes& columns, const BlockMask& mask) {
  const auto words = static_cast<std::size_t>(words_for(columns.length));
  columns.group = mask.cut.group;
  columns.pruned.assign(static_cast<std::size_t>(mask.groups) * words, 0);
  for (int g = 0; g < mask.groups; ++g) {
    std::uint64_t* row = &columns.pruned[static_cast<std::size_t>(g) * words];
    for (int i = 0; i < columns.length; ++i) {
      const bool kept = mask.keeps(g, i / mask.cut.block);
      row[i / 64] |= std::uint64_t{!kept} << (i % 64);
    }
    columns.lengths.push_back(mask.kept_inputs(g, columns.length));
  }
}

}  // namespace

ColumnPlanes make_columns(const BitMatrix& weights, int branch, const BlockMask& mask) {
  const std::size_t size =
      static_cast<std::size_t>(weights.out) * static_cast<std::size_t>(weights.row_words());
  const auto begin = weights.words.begin() + static_cast<std::ptrdiff_t>(size) * branch;
  ColumnPlanes columns = make_columns(
      BitPlanes{weights.out, weights.in, 1, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
  if (!mask.empty()) prune(columns, mask);
  return columns;
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
  std::vector<std::int32_t> base(columns);
  for (std::size_t n = 0; n < columns; ++n) {
    const std::int32_t length = b.group == 0 ? b.length : b.lengths[group_of(b, n)];
    base[n] = max_code(a.bits) * (both_signed ? max_code(b.bits) * length : b.weighted_ones[n]);
  }
  std::vector<std::int32_t> outside(std::max<std::size_t>(1, b.lengths.size()), 0);
  for (int row = 0; row < a.rows; ++row) {
    if (b.group > 0) pruned_mismatches(a, b, row, outside);
    const std::size_t at = static_cast<std::size_t>(row) * columns;
    for (std::size_t n = 0; n < columns; ++n) {
      acc[at + n] = base[n] - factor * (acc[at + n] - outside[group_of(b, n)]);
    }
  }
  return acc;
}

}  // namespace bat::bmt
