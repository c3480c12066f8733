// SPDX-License-Identifier: Apache-2.0
// The primitives of docs/numerics.md section 2 as pure functions on integers. They assume
// parameters within the ranges that `validate` checks; `>>` on negative values is arithmetic
// (C++20).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "models/bmt/model.hpp"

namespace bat::bmt {

/// True iff `value` is representable in `bits` bits, two's complement.
constexpr bool fits_signed(std::int64_t value, int bits) {
  const std::int64_t bound = std::int64_t{1} << (bits - 1);
  return value >= -bound && value < bound;
}

constexpr std::int32_t sat16(std::int64_t v) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, -32768, 32767));
}

constexpr std::int32_t sat32(std::int64_t v) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, INT32_MIN, INT32_MAX));
}

/// Largest code of `bits` bits: 2^bits - 1.
constexpr int max_code(int bits) { return (1 << bits) - 1; }

/// clamp(v, 0, 2^bits - 1)
constexpr std::int32_t clamp_code(std::int64_t v, int bits) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, 0, max_code(bits)));
}

/// Value of a signed code: 2*o - (2^bits - 1).
constexpr int signed_value(int code, int bits) { return 2 * code - max_code(bits); }

/// *Bit*: 1 iff acc >= T; T = -32768 means always, 32767 never.
constexpr std::int32_t bit(std::int64_t acc, std::int16_t threshold) {
  return acc >= threshold ? 1 : 0;
}

/// The sum before the shift: sum_br mul_br * acc_br + offset, for output channel `j`.
/// `acc` holds one accumulator a branch. The result must fit 48 bits signed.
std::int64_t affine_sum(const Requant& rq, int j, std::span<const std::int64_t> acc);

/// *Code*: clamp(affine_sum >> shift, 0, 2^bits - 1).
constexpr std::int32_t code(std::int64_t affine, int shift, int bits) {
  return clamp_code(affine >> shift, bits);
}

/// *Residual add*: sat16(x + (affine_sum >> shift)).
constexpr std::int32_t residual_add(std::int32_t x, std::int64_t affine, int shift) {
  return sat16(x + (affine >> shift));
}

/// *Bit* or *Code*, whichever `rq` holds; a bit form has one branch. `bits` is ignored for a bit.
std::int32_t requantize(const Requant& rq, int j, std::span<const std::int64_t> acc, int bits);

/// floor(sqrt(v)), digit by digit.
std::uint32_t isqrt(std::uint64_t v);

/// Sums and reciprocal of one LayerNorm row. `rec` is 0 iff the variance is 0.
struct LayerNormStats {
  std::int64_t sum = 0;       ///< S
  std::int64_t variance = 0;  ///< V = D*Q - S^2
  int p = 0;                  ///< 4^p <= V < 4^(p+1)
  std::int64_t root = 0;      ///< floor(sqrt(m))
  std::int64_t rec = 0;       ///< floor(2^31 / root)
};

LayerNormStats layernorm_stats(std::span<const std::int32_t> y);
/// Same from the exact sums S = sum y_j and Q = sum y_j^2 of a row of `d` values.
LayerNormStats layernorm_stats(std::int64_t sum, std::int64_t sum_of_squares, int d);

/// n_j = ((D*y_j - S) * rec) >> (p + 6), or 0 for a constant row. 10 fraction bits.
std::int64_t layernorm_normalized(const LayerNormStats& stats, int d, std::int32_t y);

/// x_j = sat16(((n * gain + 2^(shift-1)) >> shift) + offset)
std::int32_t layernorm_scale(std::int64_t n, std::int16_t gain, std::int16_t offset, int shift);

/// Whole row: `x` and `y` have D values each and may be the same memory.
void layernorm_row(const LayerNorm& ln, std::span<const std::int32_t> y, std::span<std::int32_t> x);

/// clamp((x * q_mul + q_offset) >> q_shift, 0, 2^bits - 1)
std::int32_t quantize(std::int32_t x, std::int32_t q_mul, std::int32_t q_offset, int q_shift,
                      int bits);

/// *Quantization of a normalized row*: `codes` and `x` have D values each.
void quantize_row(const LayerNorm& ln, std::span<const std::int32_t> x, int bits,
                  std::span<std::int32_t> codes);

/// M[k] = floor(2^15 * 2^(-k/32) + 1/2), docs/numerics.md section 6.
inline constexpr std::array<std::uint16_t, 32> kExpTable = {
    32768, 32066, 31379, 30706, 30048, 29405, 28774, 28158, 27554, 26964, 26386,
    25821, 25268, 24726, 24196, 23678, 23170, 22674, 22188, 21713, 21247, 20792,
    20347, 19911, 19484, 19066, 18658, 18258, 17867, 17484, 17109, 16743};

/// t = min(511, (distance * idx_mul) >> idx_shift), distance = max s - s >= 0.
std::int32_t softmax_index(std::int64_t distance, std::int32_t idx_mul, int idx_shift);

/// E = M[t mod 32] >> (t div 32)
std::int32_t softmax_exp(std::int32_t t);

/// R = floor(prob_mul * 2^20 / sum E)
std::int64_t softmax_reciprocal(std::int32_t prob_mul, std::int64_t sum);

/// o = clamp((E * R + 2^(prob_shift-1)) >> prob_shift, 0, 2^bits - 1)
std::int32_t softmax_code(std::int32_t e, std::int64_t r, int prob_shift, int bits);

/// *Softmax to codes* of one row of `scores` for `head`; `codes` has as many values.
void softmax_codes(const SoftmaxParams& params, int head, std::span<const std::int32_t> scores,
                   int bits, std::span<std::int32_t> codes);

/// Token embedding: sat16((word + pos) << e)
constexpr std::int32_t embed_token(std::int8_t word, std::int8_t pos, int e) {
  return sat16(static_cast<std::int64_t>(word + pos) * (std::int64_t{1} << e));
}

/// Feature embedding: sat16((pos << e) + v); the class token has v = 0.
constexpr std::int32_t embed_feature(std::int8_t pos, int e, std::int64_t v) {
  return sat16(static_cast<std::int64_t>(pos) * (std::int64_t{1} << e) + v);
}

}  // namespace bat::bmt
