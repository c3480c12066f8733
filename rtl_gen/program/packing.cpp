// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/packing.hpp"

#include <algorithm>
#include <bit>

namespace bat {
namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr std::uint64_t low_mask(int count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// Bits [first, first + count) of a weight row, count <= 64.
std::uint64_t row_bits(std::span<const std::uint64_t> row, int first, int count) {
  const auto word = index(first / 64);
  const int shift = first % 64;
  std::uint64_t value = row[word] >> shift;
  if (shift + count > 64) value |= row[word + 1] << (64 - shift);
  return value & low_mask(count);
}

std::uint64_t plane_bits(const bmt::CodeMatrix& weight, int output, int plane, int first,
                         int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= std::uint64_t{(weight.code(output, first + i) >> plane) & 1U} << i;
  }
  return value;
}

/// Appends `depth` bits: `count` real ones from `bits(first, n)`, then ones.
template <typename Bits>
void append_word(BitString& out, int depth, int first, int count, Bits bits) {
  for (int done = 0; done < depth; done += 64) {
    const int width = std::min(64, depth - done);
    const int real = std::clamp(count - done, 0, width);
    const std::uint64_t value = real > 0 ? bits(first + done, real) : 0;
    out.append(value | ~low_mask(real), width);
  }
}

/// One operand word of every column.
template <typename Bits>
void append_columns(BitString& out, const Plan& plan, const Mapping& map, int tile, int word,
                    Bits bits) {
  const auto [first, count] = map.word_inputs(plan, word);
  for (int c = 0; c < plan.cols; ++c) {
    const int output = map.output(plan, tile, c);
    append_word(out, plan.depth, first, output < 0 ? 0 : count,
                [&](int from, int n) { return bits(output, from, n); });
  }
}

}  // namespace

void BitString::append(std::uint64_t value, int count) {
  if (count == 0) return;
  value &= low_mask(count);
  const int shift = static_cast<int>(size_ % 64);
  if (shift == 0) chunks_.push_back(0);
  chunks_.back() |= value << shift;
  if (shift + count > 64) chunks_.push_back(value >> (64 - shift));
  size_ += count;
}

void BitString::pad(std::int64_t bits) {
  while (size_ % bits != 0) {
    append(0, static_cast<int>(std::min<std::int64_t>(64, bits - size_ % bits)));
  }
}

std::vector<std::uint8_t> BitString::bytes() const {
  std::vector<std::uint8_t> result(index((size_ + 7) / 8));
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<std::uint8_t>(chunks_[i / 8] >> (8 * (i % 8)));
  }
  return result;
}

int Mapping::tiles(const Plan& plan) const {
  return outputs / output_segment * plan.col_tiles(output_segment);
}

int Mapping::words(const Plan& plan) const {
  return inputs / input_segment * plan.kwords(input_segment);
}

int Mapping::output(const Plan& plan, int tile, int c) const {
  const int segment_tiles = plan.col_tiles(output_segment);
  const int j = tile % segment_tiles * plan.cols + c;
  return j < output_segment ? tile / segment_tiles * output_segment + j : -1;
}

std::array<int, 2> Mapping::word_inputs(const Plan& plan, int word) const {
  const int segment_words = plan.kwords(input_segment);
  const int within = word % segment_words * plan.depth;
  return {word / segment_words * input_segment + within,
          std::min(plan.depth, input_segment - within)};
}

std::vector<bool> kept_words(const Plan& plan, const Mapping& map, const bmt::BlockMask& mask,
                             int tile) {
  std::vector<bool> kept;
  for (int word = 0; word < map.words(plan); ++word) {
    // Columns of a tile and inputs of a word agree; the first ones are there.
    kept.push_back(
        mask.keeps_input(map.output(plan, tile, 0), map.word_inputs(plan, word).front()));
  }
  return kept;
}

void append_tile(BitString& out, const Plan& plan, const Mapping& map, const bmt::BitMatrix& weight,
                 int tile, const std::vector<bool>& kept) {
  for (int branch = 0; branch < weight.branches; ++branch) {
    for (int word = 0; word < map.words(plan); ++word) {
      if (!kept[index(word)]) continue;
      append_columns(out, plan, map, tile, word, [&](int output, int first, int count) {
        return row_bits(weight.row(branch, output), first, count);
      });
    }
  }
}

void append_tile(BitString& out, const Plan& plan, const Mapping& map,
                 const bmt::CodeMatrix& weight, int tile) {
  for (int plane = 0; plane < 8; ++plane) {
    for (int word = 0; word < map.words(plan); ++word) {
      append_columns(out, plan, map, tile, word, [&](int output, int first, int count) {
        return plane_bits(weight, output, plane, first, count);
      });
    }
  }
}

int fold_bit_threshold(int threshold, int inner) {
  // >> floors, so this is the ceiling of the half also for negative sums.
  return (threshold + inner + 1) >> 1;
}

LaneRecord fold_signed(const bmt::Requant& rq, int output, std::array<std::int64_t, 2> bias) {
  LaneRecord record{{}, rq.offset[index(output)]};
  const int outputs = static_cast<int>(rq.offset.size());
  for (int br = 0; br < rq.branches; ++br) {
    const std::int64_t mul = rq.mul[index(br * outputs + output)];
    record.mul[index(br)] = 2 * mul;
    record.offset -= mul * bias[index(br)];
  }
  return record;
}

LaneRecord fold_unsigned(const bmt::Requant& rq, int output, std::array<std::int64_t, 2> bias) {
  LaneRecord record{{}, rq.offset[index(output)]};
  const int outputs = static_cast<int>(rq.offset.size());
  for (int br = 0; br < rq.branches; ++br) {
    const std::int64_t mul = rq.mul[index(br * outputs + output)];
    record.mul[index(br)] = mul;
    record.offset -= mul * bias[index(br)];
  }
  return record;
}

std::int64_t count_zeros(const bmt::Linear& linear, int branch, int output) {
  std::int64_t ones = 0;  // none of them in a pruned block
  for (const std::uint64_t word : linear.weight.row(branch, output)) ones += std::popcount(word);
  return linear.inner(output) - ones;
}

void append_thresholds(BitString& out, const Plan& plan, const std::vector<int>& thresholds) {
  for (const int t : thresholds) out.append(static_cast<std::uint64_t>(t), 16);
  out.pad(plan.par_bits);
}

void append_records(BitString& out, const Plan& plan, const std::vector<LaneRecord>& records) {
  for (const LaneRecord& r : records) {
    for (int br = 0; br < plan.branches; ++br) {
      out.append(static_cast<std::uint64_t>(r.mul[index(br)]), 16);
    }
    out.append(static_cast<std::uint64_t>(r.offset), 48);
    if (plan.branches == 2) out.append(0, 48);
  }
  out.pad(plan.par_bits);
}

void append_norm(BitString& out, const Plan& plan, const bmt::LayerNorm& norm) {
  for (std::size_t j = 0; j < norm.gain.size(); ++j) {
    out.append(static_cast<std::uint16_t>(norm.gain[j]), 16);
    out.append(static_cast<std::uint16_t>(norm.offset[j]), 16);
    out.append(static_cast<std::uint32_t>(norm.q_offset[j]), 32);
  }
  out.pad(plan.l_bits);
}

}  // namespace bat
