// SPDX-License-Identifier: Apache-2.0
// ROW unit: LayerNorm, embedding, features.
#include <fmt/format.h>

#include "models/bmt/primitives.hpp"
#include "rtl_gen/program/interpreter/machine.hpp"

namespace bat {
namespace {

constexpr int kRowClient = 2;
constexpr int kFeaturePlanes = 8;

std::int16_t low16(std::uint64_t value) { return static_cast<std::int16_t>(value); }

/// Values of a row: all words are full but the last.
int columns_of(const Active& a, const isa::Field& words, const isa::Field& last, int lanes) {
  return (a.field(words) - 1) * lanes + a.field(last);
}

}  // namespace

/// Codes of a row, plane by plane into words; bits beyond the codes are 0.
bool Interpreter::Machine::write_planes(BitMemory& memory, int slice, int base, int stride,
                                        int planes, int words,
                                        std::span<const std::int64_t> codes) {
  for (int plane = 0; plane < planes; ++plane) {
    for (int bit = 0; bit < words * plan_.depth; ++bit) {
      const auto at = static_cast<std::size_t>(bit);
      const std::uint64_t value =
          at < codes.size() ? static_cast<std::uint64_t>(codes[at] >> plane & 1) : 0;
      const int word = base + plane * stride + bit / plan_.depth;
      if (!memory.write(slice, word, bit % plan_.depth, 1, value)) return false;
    }
  }
  return true;
}

/// Leaves `x` of all rows, then the codes of all rows, in `values`.
bool Interpreter::Machine::read_norm(Active& a) {
  const int rt = a.field(isa::kLnRt);
  const int d = a.field(isa::kLnD);
  if (columns_of(a, isa::kLnDw, isa::kLnLastv, plan_.lanes) != d) {
    return fail(a, "dw and lastv do not give d");
  }
  if (!stat_in_range(a, rt)) return false;
  const RingState& l = ring(isa::Ring::kL);
  std::vector<std::int64_t> codes;
  for (int row = 0; row < a.field(isa::kLnRvalid); ++row) {
    const Sum& sums = stat(rt, row);
    if (!sums.known) return fail(a, "sums of the row were never started");
    const bmt::LayerNormStats stats = bmt::layernorm_stats(sums.sum, sums.squares, d);
    for (int j = 0; j < d; ++j) {
      const int lane = j % plan_.lanes;
      const auto y =
          residual(rt).read(row, a.field(isa::kLnResBase) + j / plan_.lanes, 16 * lane, 16);
      if (!y) return fail(a, fmt::format("residual column {} of row {} was never written", j, row));
      const int word = l.at(a.l_position + j / plan_.lanes);
      const auto gain = low16(*l.words.read(0, word, 64 * lane, 16));
      const auto offset = low16(*l.words.read(0, word, 64 * lane + 16, 16));
      const auto q = static_cast<std::int32_t>(*l.words.read(0, word, 64 * lane + 32, 32));
      const std::int64_t n = bmt::layernorm_normalized(stats, d, low16(*y));
      const std::int32_t x = bmt::layernorm_scale(n, gain, offset, a.field(isa::kLnShift));
      a.values.push_back(x);
      codes.push_back(bmt::quantize(x, a.field(isa::kLnQMul), q, a.field(isa::kLnQShift),
                                    a.field(isa::kLnPlanes)));
    }
  }
  a.values.insert(a.values.end(), codes.begin(), codes.end());
  return true;
}

bool Interpreter::Machine::commit_norm(const Active& a) {
  const int rt = a.field(isa::kLnRt);
  const auto d = static_cast<std::size_t>(a.field(isa::kLnD));
  const int rows = a.field(isa::kLnRvalid);
  const std::size_t code_start = d * static_cast<std::size_t>(rows);
  for (int row = 0; row < rows; ++row) {
    const std::size_t first = d * static_cast<std::size_t>(row);
    for (std::size_t j = 0; j < d; ++j) {
      const int column = static_cast<int>(j);
      residual(rt).write(row, a.field(isa::kLnResBase) + column / plan_.lanes,
                         16 * (column % plan_.lanes), 16,
                         static_cast<std::uint16_t>(a.values[first + j]));
    }
    if (row > 0 && a.field(isa::kLnPlanes) > plan_.max_bits) continue;  // planes of row 0 alone
    if (!write_planes(mem_.at(isa::Tap::kXb), row, a.field(isa::kLnXbBase), a.field(isa::kLnXbPs),
                      a.field(isa::kLnPlanes), plan_.kwords(static_cast<int>(d)),
                      std::span(a.values).subspan(code_start + first, d))) {
      return fail(a, "XB word out of range");
    }
  }
  return true;
}

bool Interpreter::Machine::fetch_ids(const Active& a) {
  const int rows = a.field(isa::kEmbedRvalid);
  std::vector<std::uint8_t> bytes(4 * static_cast<std::size_t>(rows));
  const std::uint64_t address = a.job.input + 4 * a.instruction.get(isa::kEmbedInRow);
  if (!axi_read(address, bytes, kRowClient, a.index)) return false;
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    ids_[row] = 0;
    for (std::size_t b = 0; b < 4; ++b) {
      ids_[row] |= std::uint32_t{bytes[4 * row + b]} << (8 * b);
    }
  }
  ids_job_ = a.job_number;
  return true;
}

/// Leaves the results of all rows in `values`.
bool Interpreter::Machine::read_embed(Active& a) {
  if (!stat_in_range(a, a.field(isa::kEmbedRt))) return false;
  if (a.get(isa::kEmbedIds) != 0 && !fetch_ids(a)) return false;
  const int columns = columns_of(a, isa::kEmbedDw, isa::kEmbedLastv, plan_.lanes);
  for (int row = 0; row < a.field(isa::kEmbedRvalid); ++row) {
    if (!embed_row(a, row, columns)) return false;
  }
  return true;
}

bool Interpreter::Machine::embed_row(Active& a, int row, int columns) {
  const bool words = a.get(isa::kEmbedKind) != 0;
  const bool have_ids = ids_job_ == a.job_number;
  if (words && !have_ids) return fail(a, "token words were never fetched in this job");
  const std::uint32_t token = have_ids ? ids_[static_cast<std::size_t>(row)] : 0;
  const std::uint64_t position = a.instruction.get(isa::kEmbedN0) +
                                 static_cast<std::uint64_t>(row) +
                                 (token >> 31) * a.instruction.get(isa::kEmbedPosRows);
  const std::uint64_t index = words ? token & 0xFFFFFFU : position;
  const auto beat = static_cast<std::uint64_t>(plan_.axi_bytes);
  const std::uint64_t beats = a.instruction.get(isa::kEmbedNb);
  std::vector<std::uint8_t> bytes(beats * beat);
  if (static_cast<std::size_t>(columns) > bytes.size()) return fail(a, "beats hold too few values");
  const std::uint64_t address =
      model_base_ + (a.instruction.get(isa::kEmbedTable) + index * beats) * beat;
  if (!axi_read(address, bytes, kRowClient, a.index)) return false;
  const BitMemory& memory = residual(a.field(isa::kEmbedRt));
  for (int j = 0; j < columns; ++j) {
    std::int64_t value = static_cast<std::int8_t>(bytes[static_cast<std::size_t>(j)]);
    value *= std::int64_t{1} << a.get(isa::kEmbedEshift);
    if (a.get(isa::kEmbedAdd) != 0) {
      const auto x = memory.read(row, a.field(isa::kEmbedResBase) + j / plan_.lanes,
                                 16 * (j % plan_.lanes), 16);
      if (!x) return fail(a, "residual was never written");
      value = bmt::sat16(low16(*x) + value);
    }
    a.values.push_back(value);
  }
  return true;
}

bool Interpreter::Machine::commit_embed(const Active& a) {
  const int rt = a.field(isa::kEmbedRt);
  const int columns = columns_of(a, isa::kEmbedDw, isa::kEmbedLastv, plan_.lanes);
  std::size_t at = 0;
  for (int row = 0; row < a.field(isa::kEmbedRvalid); ++row) {
    Sum sums{0, 0, true};
    for (int j = 0; j < columns; ++j) {
      const std::int64_t y = a.values[at++];
      if (!residual(rt).write(row, a.field(isa::kEmbedResBase) + j / plan_.lanes,
                              16 * (j % plan_.lanes), 16, static_cast<std::uint16_t>(y))) {
        return fail(a, "residual word out of range");
      }
      sums.sum += y;
      sums.squares += y * y;
    }
    if (a.get(isa::kEmbedStat) != 0) stat(rt, row) = sums;
  }
  return true;
}

/// Leaves the features of all rows in `values`.
bool Interpreter::Machine::read_features(Active& a) {
  const auto count = static_cast<std::size_t>(a.get(isa::kFeatK));
  const std::size_t row_bytes =
      a.instruction.get(isa::kFeatNb) * static_cast<std::size_t>(plan_.axi_bytes);
  if (count > row_bytes) return fail(a, "beats hold too few features");
  for (std::uint64_t row = 0; row < a.instruction.get(isa::kFeatRvalid); ++row) {
    const std::uint64_t n = a.instruction.get(isa::kFeatN0) + row;
    std::vector<std::uint8_t> bytes(row_bytes, 0);
    const std::uint64_t in_row = a.instruction.get(isa::kFeatInRow) + row;
    const std::uint64_t address = a.job.input + (in_row - 1) * row_bytes;
    if (n > 0 && !axi_read(address, bytes, kRowClient, a.index)) return false;
    a.values.insert(a.values.end(), bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return true;
}

bool Interpreter::Machine::commit_features(const Active& a) {
  const auto count = static_cast<std::size_t>(a.get(isa::kFeatK));
  for (int row = 0; row < a.field(isa::kFeatRvalid); ++row) {
    if (!write_planes(mem_.at(isa::Tap::kXb), row, a.field(isa::kFeatXbBase),
                      a.field(isa::kFeatXbPs), kFeaturePlanes, a.field(isa::kFeatKw),
                      std::span(a.values).subspan(count * static_cast<std::size_t>(row), count))) {
      return fail(a, "XB word out of range");
    }
  }
  return true;
}

}  // namespace bat
