// SPDX-License-Identifier: Apache-2.0
// Real affine maps folded into the integer parameters of docs/numerics.md section 2. No float
// network here: numbers in, integers out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::train {

/// *Code* and *Residual add* parameters with floor(scale_j * acc + bias_j) for |acc| <= acc_max.
/// `scale` has one value or one an output, each >= 0 with one > 0; the largest becomes a 15-bit
/// multiplier where 48 bits allow it.
Result<bmt::Requant> fold_affine(std::span<const double> scale, std::span<const double> bias,
                                 std::int64_t acc_max);

/// The same for one or two branches with a scale each, common to all outputs:
/// floor(sum_k scale_k * acc_k + bias_j), scale_k >= 0.
Result<bmt::Requant> fold_branches(std::span<const double> scales, std::span<const double> bias,
                                   std::int64_t acc_max);

/// *Bit* parameters: 1 iff scale_j * acc + bias_j >= 0, scale_j > 0 (one value or one an output).
bmt::Requant fold_bits(std::span<const double> scale, std::span<const double> bias);

/// Gain, offset and shift of a LayerNorm whose result has steps of 2^lsb_log2.
void fold_norm(std::span<const double> gain, std::span<const double> offset, int lsb_log2,
               bmt::LayerNorm& out);

/// Quantization of values with steps of 2^lsb_log2 to signed codes of `bits` bits:
/// floor((x + beta_j) / (2 alpha) + 2^(bits-1)).
Result<bmt::LayerNorm> fold_signed_codes(std::span<const double> beta, double alpha, int bits,
                                         int lsb_log2, bmt::LayerNorm ln);

/// The same with beta = 0 and 2 alpha = 2^step_log2 >= 2^lsb_log2, so that a shift does it.
void fold_shifted_codes(int step_log2, int bits, int lsb_log2, bmt::LayerNorm& ln);

/// Softmax of `unit` times the scores, quantized with step `alpha`, the same for all heads.
Result<bmt::SoftmaxParams> fold_softmax(double unit, double alpha, int heads);

/// The largest k such that `largest` times a safety margin fits int16 in steps of 2^-k.
int residual_fraction_bits(double largest);

}  // namespace bat::train
