// SPDX-License-Identifier: Apache-2.0
// Fake quantization with straight-through gradients. Each function returns, as floats, exactly the
// values that docs/numerics.md section 1.1 gives to the codes; scales stay outside, in the weights
// of the next product, so that products of codes are exact integers.
#pragma once

#include <torch/types.h>

namespace bat::train {

/// Signed codes of `u`, the activation in units of alpha: 2*o - (2^b - 1) with
/// o = clamp(floor(u/2 + 2^(b-1)), 0, 2^b - 1). For one bit: +1 iff u >= 0, else -1.
/// The gradient passes where |u| < 2^b - 1.
torch::Tensor signed_codes(const torch::Tensor& u, int bits);

/// Unsigned codes of `u`: clamp(floor(u + 1/2), 0, 2^b - 1). The gradient passes where
/// 0 < u < 2^b - 1.
torch::Tensor unsigned_codes(const torch::Tensor& u, int bits);

// `mask` of the functions below is as large as the weight: 1 where a weight is kept, 0 where it is
// pruned. Pruned weights are 0, enter no mean and get no gradient. Undefined: nothing is pruned.

/// Signs of W - mean(W) as -1 and +1, and the scale mean(|W|), for each slice of the first
/// dimension of a [slices, out, in] tensor. No gradient.
struct BinaryWeight {
  torch::Tensor sign;   ///< [slices, out, in]; 0 where pruned
  torch::Tensor scale;  ///< [slices, 1, 1]
};
BinaryWeight binary_weight(const torch::Tensor& weight, const torch::Tensor& mask = {});

/// scale * sign; the gradient passes unchanged.
torch::Tensor binarized(const torch::Tensor& weight, const torch::Tensor& mask = {});

/// Ternary weights (TWN): 0 where |W| <= D = 0.7 mean|W|, else the sign times the mean of the other
/// magnitudes, for each slice. `level` is -1, 0, +1. No gradient.
struct TernaryWeight {
  torch::Tensor level;  ///< [slices, out, in]
  torch::Tensor scale;  ///< [slices, 1, 1]
};
TernaryWeight ternary_weight(const torch::Tensor& weight, const torch::Tensor& mask = {});
/// scale * level; the gradient passes unchanged.
torch::Tensor ternarized(const torch::Tensor& weight, const torch::Tensor& mask = {});

/// Weights that are 0 where `mask` says so and nowhere else: sign(W) times the mean magnitude of
/// the kept ones. No gradient.
TernaryWeight masked_weight(const torch::Tensor& weight, const torch::Tensor& mask);
torch::Tensor mask_ternarized(const torch::Tensor& weight, const torch::Tensor& mask);

/// Signs of W itself (no centring) and mean(|W|) for each slice: a branch of a split weight.
BinaryWeight plain_weight(const torch::Tensor& weight);
/// scale * sign of `plain_weight`; the gradient passes unchanged.
torch::Tensor plain_binarized(const torch::Tensor& weight);
/// `scale` ([slices, 1, 1], trained) times the signs of W; the gradient reaches W unchanged.
torch::Tensor scaled_signs(const torch::Tensor& weight, const torch::Tensor& scale);

/// 8-bit weights with one scale s = max|W| / 255: values s * (2*o - 255). No gradient.
struct OddWeight {
  torch::Tensor codes;  ///< o, as floats 0 .. 255
  torch::Tensor scale;  ///< s, no dimensions
};
OddWeight odd_weight(const torch::Tensor& weight);
torch::Tensor odd_quantized(const torch::Tensor& weight);

/// int8 values with a power of two as step: the smallest with max|W| <= 127 * step. No gradient.
struct Int8Grid {
  torch::Tensor values;  ///< -127 .. 127, as floats
  torch::Tensor step;    ///< no dimensions
};
Int8Grid int8_grid(const torch::Tensor& weight);
torch::Tensor int8_quantized(const torch::Tensor& weight);

/// int8 values with a given step (no dimensions): round(W / step) clamped to +-127, times the step.
/// The gradient passes unchanged to W.
torch::Tensor stepped(const torch::Tensor& weight, const torch::Tensor& step);
/// The values of `stepped` without the step.
torch::Tensor step_codes(const torch::Tensor& weight, const torch::Tensor& step);
/// The step that gives the smallest squared error for the elements of `weight`.
torch::Tensor best_step(const torch::Tensor& weight);

/// `x` forward, `factor` times the gradient backward.
torch::Tensor scale_gradient(const torch::Tensor& x, double factor);

}  // namespace bat::train
