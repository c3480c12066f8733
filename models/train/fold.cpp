// SPDX-License-Identifier: Apache-2.0
#include "models/train/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bat::train {
namespace {

constexpr int kMaxShift = 47;
constexpr double kMaxMul = 32767.0;
constexpr double kMaxSum = 140737488355327.0;  // 2^47 - 1

/// Room left in the int16 residual stream above the largest value seen.
constexpr double kResidualMargin = 1.5;

double pick(std::span<const double> values, std::size_t j) {
  return values.size() == 1 ? values[0] : values[j];
}

double largest(std::span<const double> values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

}  // namespace

namespace {

/// The largest shift that keeps multipliers within 15 bits and sums within 48, -1 if there is none.
int affine_shift(double top, double reach) {
  int shift = kMaxShift;
  while (shift >= 0 &&
         (std::ldexp(top, shift) > kMaxMul || std::ldexp(reach, shift) > kMaxSum - 2.0 * kMaxMul)) {
    --shift;
  }
  return shift;
}

std::int32_t multiplier(double scale, int shift) {
  return static_cast<std::int32_t>(std::lround(std::ldexp(scale, shift)));
}

Error beyond(double top, double reach) {
  return Error{fmt::format("export: scale {} or result {} is beyond 15 and 48 bits", top, reach)};
}

}  // namespace

Result<bmt::Requant> fold_affine(std::span<const double> scale, std::span<const double> bias,
                                 std::int64_t acc_max) {
  const double top = largest(scale);
  const double reach = top * static_cast<double>(acc_max) + largest(bias);
  bmt::Requant out;
  out.shift = affine_shift(top, reach);
  if (out.shift < 0) return beyond(top, reach);
  for (std::size_t j = 0; j < bias.size(); ++j) {
    out.mul.push_back(multiplier(pick(scale, j), out.shift));
    out.offset.push_back(std::llround(std::ldexp(bias[j], out.shift)));
  }
  return out;
}

Result<bmt::Requant> fold_branches(std::span<const double> scales, std::span<const double> bias,
                                   std::int64_t acc_max) {
  const double top = largest(scales);
  const double sum = std::accumulate(scales.begin(), scales.end(), 0.0);
  const double reach = sum * static_cast<double>(acc_max) + largest(bias);
  bmt::Requant out;
  out.branches = static_cast<int>(scales.size());
  out.shift = affine_shift(top, reach);
  if (out.shift < 0) return beyond(top, reach);
  for (const double scale : scales) {
    out.mul.insert(out.mul.end(), bias.size(), multiplier(scale, out.shift));
  }
  for (const double b : bias) out.offset.push_back(std::llround(std::ldexp(b, out.shift)));
  return out;
}

bmt::Requant fold_bits(std::span<const double> scale, std::span<const double> bias) {
  bmt::Requant out;
  for (std::size_t j = 0; j < bias.size(); ++j) {
    const double threshold = std::ceil(-bias[j] / pick(scale, j));
    out.threshold.push_back(static_cast<std::int16_t>(std::clamp(threshold, -32768.0, 32767.0)));
  }
  return out;
}

void fold_norm(std::span<const double> gain, std::span<const double> offset, int lsb_log2,
               bmt::LayerNorm& out) {
  // x / lsb = n * gain / (2^10 * lsb) + offset / lsb, n with 10 fraction bits
  const int fixed = -10 - lsb_log2;
  const double top = std::max(largest(gain), 1e-30);
  out.shift = 31;
  while (out.shift > 1 && std::ldexp(top, out.shift + fixed) > kMaxMul) --out.shift;
  const auto to_int16 = [](double v) {
    return static_cast<std::int16_t>(std::clamp(std::floor(v + 0.5), -32768.0, 32767.0));
  };
  out.gain.clear();
  out.offset.clear();
  for (std::size_t j = 0; j < gain.size(); ++j) {
    out.gain.push_back(to_int16(std::ldexp(gain[j], out.shift + fixed)));
    out.offset.push_back(to_int16(std::ldexp(offset[j], -lsb_log2)));
  }
}

Result<bmt::LayerNorm> fold_signed_codes(std::span<const double> beta, double alpha, int bits,
                                         int lsb_log2, bmt::LayerNorm ln) {
  ln.q_offset.clear();
  if (bits == 1) {
    ln.q_mul = 1;
    ln.q_shift = 0;
    for (const double b : beta) {
      const double bound = std::clamp(std::ceil(std::ldexp(-b, -lsb_log2)), -40000.0, 40000.0);
      ln.q_offset.push_back(1 - static_cast<std::int32_t>(bound));
    }
    return ln;
  }
  const double scale = std::ldexp(1.0, lsb_log2) / (2.0 * alpha);
  const double middle = std::ldexp(1.0, bits - 1);
  const double reach = largest(beta) / (2.0 * alpha) + middle;
  ln.q_shift = 31;
  while (ln.q_shift > 0 && (std::ldexp(scale, ln.q_shift) > kMaxMul ||
                            std::ldexp(reach, ln.q_shift) > 2147483000.0)) {
    --ln.q_shift;
  }
  ln.q_mul = static_cast<std::int32_t>(std::lround(std::ldexp(scale, ln.q_shift)));
  if (ln.q_mul < 1 || ln.q_mul > 32767) {
    return Error{fmt::format("export: code step {} has no 15-bit multiplier", 2.0 * alpha)};
  }
  for (const double b : beta) {
    const double offset = std::ldexp(b / (2.0 * alpha) + middle, ln.q_shift);
    ln.q_offset.push_back(static_cast<std::int32_t>(std::llround(offset)));
  }
  return ln;
}

void fold_shifted_codes(int step_log2, int bits, int lsb_log2, bmt::LayerNorm& ln) {
  ln.q_mul = 1;
  ln.q_shift = step_log2 - lsb_log2;
  ln.q_offset.assign(ln.gain.size(), std::int32_t{1} << (bits - 1 + ln.q_shift));
}

Result<bmt::SoftmaxParams> fold_softmax(double unit, double alpha, int heads) {
  // p is proportional to 2^(-t/32) with t = (max - s) * unit * log2(e) * 32
  const double index = unit * 32.0 / std::log(2.0);
  const double inverse = 1.0 / alpha;
  bmt::SoftmaxParams out;
  out.idx_shift = 31;
  while (out.idx_shift > 0 && std::ldexp(index, out.idx_shift) > 65535.0) --out.idx_shift;
  out.prob_shift = 47;
  while (out.prob_shift > 1 && std::ldexp(inverse, out.prob_shift - 20) > 65535.0) --out.prob_shift;
  const auto idx_mul = static_cast<std::int32_t>(std::lround(std::ldexp(index, out.idx_shift)));
  const auto prob_mul =
      static_cast<std::int32_t>(std::lround(std::ldexp(inverse, out.prob_shift - 20)));
  if (idx_mul > 65535 || prob_mul < 1 || prob_mul > 65535) {
    return Error{fmt::format("export: softmax scale {} or step {} is out of range", unit, alpha)};
  }
  out.idx_mul.assign(static_cast<std::size_t>(heads), idx_mul);
  out.prob_mul.assign(static_cast<std::size_t>(heads), prob_mul);
  return out;
}

int residual_fraction_bits(double most) {
  const double value = std::max(most, 1e-6) * kResidualMargin;
  return static_cast<int>(std::floor(std::log2(kMaxMul / value)));
}

}  // namespace bat::train
