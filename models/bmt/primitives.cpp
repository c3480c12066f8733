// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/primitives.hpp"

#include <bit>
#include <cstddef>

namespace bat::bmt {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

}  // namespace

std::int64_t affine_sum(const Requant& rq, int j, std::span<const std::int64_t> acc) {
  const int outputs = static_cast<int>(rq.offset.size());
  std::int64_t sum = rq.offset[index(j)];
  for (int br = 0; br < rq.branches; ++br) {
    sum += static_cast<std::int64_t>(rq.mul[index(br * outputs + j)]) * acc[index(br)];
  }
  return sum;
}

std::int32_t requantize(const Requant& rq, int j, std::span<const std::int64_t> acc, int bits) {
  if (rq.is_bit()) return bit(acc[0], rq.threshold[index(j)]);
  return code(affine_sum(rq, j, acc), rq.shift, bits);
}

std::uint32_t isqrt(std::uint64_t v) {
  std::uint64_t root = 0;
  std::uint64_t rest = v;
  // One result bit a step, from the largest power of four not above v.
  for (std::uint64_t one = std::uint64_t{1} << 62; one != 0; one >>= 2) {
    if (rest >= root + one) {
      rest -= root + one;
      root = (root >> 1) + one;
    } else {
      root >>= 1;
    }
  }
  return static_cast<std::uint32_t>(root);
}

LayerNormStats layernorm_stats(std::int64_t sum, std::int64_t sum_of_squares, int d) {
  LayerNormStats stats;
  stats.sum = sum;
  stats.variance = d * sum_of_squares - sum * sum;
  if (stats.variance == 0) return stats;
  const auto variance = static_cast<std::uint64_t>(stats.variance);
  stats.p = (static_cast<int>(std::bit_width(variance)) - 1) / 2;
  const std::uint64_t m =
      stats.p >= 15 ? variance >> (2 * stats.p - 30) : variance << (30 - 2 * stats.p);
  stats.root = isqrt(m);
  stats.rec = (std::int64_t{1} << 31) / stats.root;
  return stats;
}

LayerNormStats layernorm_stats(std::span<const std::int32_t> y) {
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  for (const std::int32_t v : y) {
    sum += v;
    squares += static_cast<std::int64_t>(v) * v;
  }
  return layernorm_stats(sum, squares, static_cast<int>(y.size()));
}

std::int64_t layernorm_normalized(const LayerNormStats& stats, int d, std::int32_t y) {
  if (stats.variance == 0) return 0;
  return ((static_cast<std::int64_t>(d) * y - stats.sum) * stats.rec) >> (stats.p + 6);
}

std::int32_t layernorm_scale(std::int64_t n, std::int16_t gain, std::int16_t offset, int shift) {
  return sat16(((n * gain + (std::int64_t{1} << (shift - 1))) >> shift) + offset);
}

void layernorm_row(const LayerNorm& ln, std::span<const std::int32_t> y,
                   std::span<std::int32_t> x) {
  const LayerNormStats stats = layernorm_stats(y);
  const int d = static_cast<int>(y.size());
  for (std::size_t j = 0; j < y.size(); ++j) {
    x[j] =
        layernorm_scale(layernorm_normalized(stats, d, y[j]), ln.gain[j], ln.offset[j], ln.shift);
  }
}

std::int32_t quantize(std::int32_t x, std::int32_t q_mul, std::int32_t q_offset, int q_shift,
                      int bits) {
  const std::int64_t v = static_cast<std::int64_t>(x) * q_mul + q_offset;
  return clamp_code(v >> q_shift, bits);
}

void quantize_row(const LayerNorm& ln, std::span<const std::int32_t> x, int bits,
                  std::span<std::int32_t> codes) {
  for (std::size_t j = 0; j < x.size(); ++j) {
    codes[j] = quantize(x[j], ln.q_mul, ln.q_offset[j], ln.q_shift, bits);
  }
}

std::int32_t softmax_index(std::int64_t distance, std::int32_t idx_mul, int idx_shift) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(511, (distance * idx_mul) >> idx_shift));
}

std::int32_t softmax_exp(std::int32_t t) { return kExpTable[index(t % 32)] >> (t / 32); }

std::int64_t softmax_reciprocal(std::int32_t prob_mul, std::int64_t sum) {
  return (static_cast<std::int64_t>(prob_mul) << 20) / sum;
}

std::int32_t softmax_code(std::int32_t e, std::int64_t r, int prob_shift, int bits) {
  return clamp_code((e * r + (std::int64_t{1} << (prob_shift - 1))) >> prob_shift, bits);
}

void softmax_codes(const SoftmaxParams& params, int head, std::span<const std::int32_t> scores,
                   int bits, std::span<std::int32_t> codes) {
  const std::int64_t peak = *std::max_element(scores.begin(), scores.end());
  std::int64_t sum = 0;
  for (std::size_t n = 0; n < scores.size(); ++n) {
    const std::int32_t t =
        softmax_index(peak - scores[n], params.idx_mul[index(head)], params.idx_shift);
    codes[n] = softmax_exp(t);
    sum += codes[n];
  }
  const std::int64_t r = softmax_reciprocal(params.prob_mul[index(head)], sum);
  for (std::int32_t& c : codes) c = softmax_code(c, r, params.prob_shift, bits);
}

}  // namespace bat::bmt
