// SPDX-License-Identifier: Apache-2.0
// Ternary weight splitting in closed form (BinaryBERT): a ternary weight as the sum of two binary
// ones. All arithmetic in double.
#pragma once

#include <span>
#include <vector>

namespace bat::train {

/// Latent weights w = first + second whose binarizations mean|w_k| * sign(w_k) add up to the
/// ternarization of w: 0 where |w| <= 0.7 mean|w|, else the sign times `scale`.
struct SplitWeight {
  std::vector<double> first;
  std::vector<double> second;
  double scale = 0.0;  ///< alpha of the ternary weight; each branch has half of it
};

/// Splits one tensor. With I = {|w| > D}, Z the rest, n elements:
///   b = (scale * n - sum|w|) / (2 |Z|)
///   on I: first = a w, second = (1 - a) w
///   on Z: first = w + b, second = -b where w > 0, else first = b, second = w - b
///   a = (sum_I |w| + sum_Z |second| - sum_Z |first|) / (2 sum_I |w|)
SplitWeight split_ternary(std::span<const double> weight);

/// The ternarization itself: -scale, 0 or +scale.
std::vector<double> ternary_values(std::span<const double> weight);

/// mean|w| * sign(w), sign(0) = +1.
std::vector<double> binary_values(std::span<const double> weight);

}  // namespace bat::train
