// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/sparse_cost.hpp"

#include <bit>
#include <cmath>

namespace bat::bmt {
namespace {

double entropy(double share) {
  if (share <= 0.0 || share >= 1.0) return 0.0;
  return -share * std::log2(share) - (1.0 - share) * std::log2(1.0 - share);
}

}  // namespace

double sparse_bits(SparseCost cost, double zeros, int block) {
  const double rest = 1.0 - zeros;
  const int count_bits = std::bit_width(static_cast<unsigned>(block));
  const int place_bits = std::bit_width(static_cast<unsigned>(block - 1));
  switch (cost) {
    case SparseCost::kEntropy:
      return entropy(zeros) + rest;
    case SparseCost::kBitmap:
      return 1.0 + rest;
    case SparseCost::kIndex:
      return static_cast<double>(count_bits) / block + rest * (place_bits + 1);
    case SparseCost::kPlaces:
      break;
  }
  return rest * (place_bits + 1);
}

double break_even(SparseCost cost, double bits, int block) {
  double low = 1.0 / 3.0;  // the entropy of three equal kinds of weights is the largest
  double high = 1.0;
  if (sparse_bits(cost, low, block) <= bits) return low;
  if (sparse_bits(cost, high, block) > bits) return 2.0;
  while (high - low > 1e-10) {
    const double middle = (low + high) / 2.0;
    (sparse_bits(cost, middle, block) <= bits ? high : low) = middle;
  }
  return high;
}

}  // namespace bat::bmt
