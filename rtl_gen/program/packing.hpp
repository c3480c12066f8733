// SPDX-License-Identifier: Apache-2.0
// Weights and parameters as ring words (docs/architecture.md sections 2 and 3). A sequence of ring
// words is a string of bits, least significant first: words follow each other without gaps, because
// every word width is a power of two.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/bmt/model.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat {

/// A growing string of bits.
class BitString {
 public:
  /// Appends the low `count` bits of `value`, 0 .. 64.
  void append(std::uint64_t value, int count);
  /// Appends zeros up to the next multiple of `bits`.
  void pad(std::int64_t bits);

  std::int64_t size() const { return size_; }
  /// Whole bytes; a last partial byte is filled with zeros.
  std::vector<std::uint8_t> bytes() const;

 private:
  std::vector<std::uint64_t> chunks_;
  std::int64_t size_ = 0;
};

/// Which outputs are the columns of a tile and which inputs are the bits of a word. `segment` is a
/// head: its columns start a tile, its inputs a word; plain matrices have one segment.
struct Mapping {
  int outputs = 0;
  int output_segment = 0;  ///< outputs of a segment
  int inputs = 0;
  int input_segment = 0;  ///< inputs of a segment

  int tiles(const Plan& plan) const;
  int words(const Plan& plan) const;
  /// Output of column `c` of tile `tile`, -1 for padding.
  int output(const Plan& plan, int tile, int c) const;
  /// First input of word `word` and how many inputs it holds.
  std::array<int, 2> word_inputs(const Plan& plan, int word) const;
};

/// Operand words that a tile keeps; nothing is empty here, a dense matrix keeps all.
std::vector<bool> kept_words(const Plan& plan, const Mapping& map, const bmt::BlockMask& mask,
                             int tile);
/// Appends the W words that `kept` names of one tile of a 1-bit matrix; padding bits are 1.
void append_tile(BitString& out, const Plan& plan, const Mapping& map, const bmt::BitMatrix& weight,
                 int tile, const std::vector<bool>& kept);
/// Appends the W words of one tile of an 8-bit matrix, plane by plane; padding bits are 1.
void append_tile(BitString& out, const Plan& plan, const Mapping& map,
                 const bmt::CodeMatrix& weight, int tile);

/// Bit tiles with signed input: ceil((T + K) / 2), K the inner length.
int fold_bit_threshold(int threshold, int inner);

/// Scale and offset of a column as the lanes apply them to raw accumulators.
struct LaneRecord {
  std::array<std::int64_t, 2> mul{};  ///< unsigned, 16 bits
  std::int64_t offset = 0;            ///< 48 bits, signed
};

/// Signed by signed planes: acc = 2*r - bias[branch].
LaneRecord fold_signed(const bmt::Requant& rq, int output, std::array<std::int64_t, 2> bias);
/// Unsigned by static signed planes: acc = r - bias[branch].
LaneRecord fold_unsigned(const bmt::Requant& rq, int output, std::array<std::int64_t, 2> bias);
/// Zero bits of a weight row among the inputs that are kept.
std::int64_t count_zeros(const bmt::Linear& linear, int branch, int output);

/// T words of one tile: `thresholds[c]` for column c.
void append_thresholds(BitString& out, const Plan& plan, const std::vector<int>& thresholds);
/// P words of one tile: `records[c]` for column c; a single record for `bcast`.
void append_records(BitString& out, const Plan& plan, const std::vector<LaneRecord>& records);
/// L words of a LayerNorm.
void append_norm(BitString& out, const Plan& plan, const bmt::LayerNorm& norm);

}  // namespace bat
