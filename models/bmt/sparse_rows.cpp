// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/sparse_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace bat::bmt {
namespace {

constexpr int kPlainBlock = 64;  ///< inputs of a block without a mask

/// Inputs [first, end) that stand or fall together.
struct Block {
  int first = 0;
  int end = 0;
  int size() const { return end - first; }
};

/// Kept blocks of the row of `output`, ascending.
std::vector<Block> kept_blocks(const BlockMask& mask, int in, int output) {
  const int size = mask.empty() ? kPlainBlock : mask.cut.block;
  std::vector<Block> blocks;
  for (int first = 0; first < in; first += size) {
    if (mask.keeps_input(output, first)) blocks.push_back({first, std::min(in, first + size)});
  }
  return blocks;
}

int width_of(int largest) { return std::bit_width(static_cast<unsigned>(largest)); }

class BitWriter {
 public:
  void put(unsigned value, int width) {
    for (int b = 0; b < width; ++b, ++bits_) {
      if (bits_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | (value >> b & 1U) << (bits_ % 8));
    }
  }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t bits_ = 0;
};

/// Reads what BitWriter wrote; beyond the end it gives 0 and remembers.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  unsigned get(int width) {
    unsigned value = 0;
    for (int b = 0; b < width; ++b, ++bits_) {
      if (bits_ / 8 >= bytes_.size()) continue;
      value |= (static_cast<unsigned>(bytes_[bits_ / 8]) >> (bits_ % 8) & 1U) << b;
    }
    return value;
  }
  bool beyond() const { return bits_ > 8 * bytes_.size(); }
  std::size_t bytes_used() const { return (bits_ + 7) / 8; }
  /// Whether all bits behind the last one read are 0.
  bool rest_is_zero() {
    while (bits_ < 8 * bytes_.size()) {
      if (get(1) != 0) return false;
    }
    return true;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t bits_ = 0;
};

bool is_zero(const BitMatrix& m, int o, int i) { return m.bit(0, o, i) != m.bit(1, o, i); }

std::vector<std::uint8_t> bitmap_row(const BitMatrix& m, int o, const std::vector<Block>& blocks) {
  BitWriter out;
  for (const Block& b : blocks) {
    for (int i = b.first; i < b.end; ++i) out.put(is_zero(m, o, i) ? 0 : 1, 1);
  }
  for (const Block& b : blocks) {
    for (int i = b.first; i < b.end; ++i) {
      if (!is_zero(m, o, i)) out.put(m.bit(0, o, i) ? 1 : 0, 1);
    }
  }
  return out.take();
}

std::vector<std::uint8_t> index_row(const BitMatrix& m, int o, const std::vector<Block>& blocks) {
  BitWriter out;
  for (const Block& b : blocks) {
    int count = 0;
    for (int i = b.first; i < b.end; ++i) count += is_zero(m, o, i) ? 0 : 1;
    out.put(static_cast<unsigned>(count), width_of(b.size()));
    for (int i = b.first; i < b.end; ++i) {
      if (is_zero(m, o, i)) continue;
      out.put(static_cast<unsigned>(i - b.first), width_of(b.size() - 1));
      out.put(m.bit(0, o, i) ? 1 : 0, 1);
    }
  }
  return out.take();
}

/// Fills rows of a matrix whose weights are all 0 where kept.
class RowReader {
 public:
  RowReader(BitMatrix& matrix, int output) : m_(matrix), o_(output) {}

  void bitmap(BitReader& in, const std::vector<Block>& blocks) {
    std::vector<int> places;
    for (const Block& b : blocks) {
      for (int i = b.first; i < b.end; ++i) {
        if (in.get(1) != 0) places.push_back(i);
      }
    }
    for (const int i : places) weight(i, in.get(1) != 0);
  }

  void index(BitReader& in, const std::vector<Block>& blocks) {
    for (const Block& b : blocks) {
      const int count = static_cast<int>(in.get(width_of(b.size())));
      if (count > b.size()) {
        return fail(fmt::format("a block of {} inputs holds {} weights", b.size(), count));
      }
      int last = -1;
      for (int k = 0; k < count; ++k) {
        const int place = static_cast<int>(in.get(width_of(b.size() - 1)));
        if (in.beyond()) return fail("ends early");
        if (place >= b.size()) {
          return fail(fmt::format("place {} is outside of its block of {}", place, b.size()));
        }
        if (place <= last) {
          return fail(fmt::format("place {} does not come behind place {}", place, last));
        }
        weight(b.first + place, in.get(1) != 0);
        last = place;
      }
    }
  }

  const std::string& error() const { return error_; }

 private:
  void weight(int input, bool plus) {
    m_.set_bit(0, o_, input, plus);
    m_.set_bit(1, o_, input, plus);
  }
  void fail(std::string rule) { error_ = std::move(rule); }

  BitMatrix& m_;
  int o_;
  std::string error_;
};

}  // namespace

std::string_view to_string(SparseForm form) {
  return form == SparseForm::kBitmap ? "bitmap" : "index";
}

std::optional<SparseRows> pack_rows(const BitMatrix& matrix, const BlockMask& mask,
                                    SparseForm form) {
  if (matrix.branches != 2) return std::nullopt;
  SparseRows rows{form, matrix.out, 0, {}};
  std::vector<std::vector<std::uint8_t>> packed;
  for (int o = 0; o < matrix.out; ++o) {
    const std::vector<Block> blocks = kept_blocks(mask, matrix.in, o);
    for (const Block& b : blocks) {
      for (int i = b.first; i < b.end; ++i) {
        if (!matrix.bit(0, o, i) && matrix.bit(1, o, i)) return std::nullopt;
      }
    }
    packed.push_back(form == SparseForm::kBitmap ? bitmap_row(matrix, o, blocks)
                                                 : index_row(matrix, o, blocks));
    rows.row_bytes = std::max<std::uint64_t>(rows.row_bytes, packed.back().size());
  }
  for (std::vector<std::uint8_t>& row : packed) {
    row.resize(rows.row_bytes);
    rows.bytes.insert(rows.bytes.end(), row.begin(), row.end());
  }
  return rows;
}

std::optional<SparseRows> smallest_rows(const BitMatrix& matrix, const BlockMask& mask) {
  const auto dense = static_cast<std::size_t>(matrix.branches) *
                     static_cast<std::size_t>(matrix.out) *
                     static_cast<std::size_t>((matrix.in + 7) / 8);
  std::optional<SparseRows> best;
  for (const SparseForm form : kSparseForms) {
    auto rows = pack_rows(matrix, mask, form);
    if (!rows) return std::nullopt;
    if (rows->bytes.size() < (best ? best->bytes.size() : dense)) best = std::move(rows);
  }
  return best;
}

Result<BitMatrix> unpack_rows(const SparseRows& rows, int in, const BlockMask& mask) {
  const auto failed = [](int row, std::string_view rule) {
    return Error{fmt::format("row {}: {}", row, rule)};
  };
  BitMatrix matrix(2, rows.out, in);
  std::size_t longest = 0;
  for (int o = 0; o < rows.out; ++o) {
    const std::vector<Block> blocks = kept_blocks(mask, in, o);
    for (const Block& b : blocks) {
      for (int i = b.first; i < b.end; ++i) matrix.set_bit(0, o, i, true);
    }
    BitReader bits(std::span(rows.bytes)
                       .subspan(static_cast<std::size_t>(o) * rows.row_bytes, rows.row_bytes));
    RowReader row(matrix, o);
    rows.form == SparseForm::kBitmap ? row.bitmap(bits, blocks) : row.index(bits, blocks);
    if (!row.error().empty()) return failed(o, row.error());
    if (bits.beyond()) return failed(o, "ends early");
    longest = std::max(longest, bits.bytes_used());
    if (!bits.rest_is_zero()) return failed(o, "has bits behind its end");
  }
  if (longest != rows.row_bytes) {
    return Error{fmt::format("rows have {} bytes, the longest needs {}", rows.row_bytes, longest)};
  }
  return matrix;
}

}  // namespace bat::bmt
