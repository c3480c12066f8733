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

/// Signs of W - mean(W) as -1 and +1, and the scale mean(|W|), for each slice of the first
/// dimension of a [slices, out, in] tensor. No gradient.
struct BinaryWeight {
  torch::Tensor sign;   ///< [slices, out, in]
  torch::Tensor scale;  ///< [slices, 1, 1]
};
BinaryWeight binary_weight(const torch::Tensor& weight);

/// scale * sign; the gradient passes unchanged.
torch::Tensor binarized(const torch::Tensor& weight);

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

/// `x` forward, `factor` times the gradient backward.
torch::Tensor scale_gradient(const torch::Tensor& x, double factor);

}  // namespace bat::train
