// SPDX-License-Identifier: Apache-2.0
// What storing weights of which a share is 0 costs, and from which share on it pays
// (docs/pruning.md, "Break-even").
#pragma once

namespace bat::bmt {

enum class SparseCost {
  kEntropy,  ///< no code is shorter: entropy of "0 or not", and a sign for each that is not 0
  kBitmap,   ///< a bit a weight, a sign for each that is not 0
  kIndex,    ///< a count a block; place and sign for each weight that is not 0
  kPlaces,   ///< the same without counts, where every block keeps equally many
};

/// Mean bits a weight where a share `zeros` (0 .. 1) of the weights is 0, in blocks of `block` >= 1
/// inputs. Two branches cost 2 bits, weights without zeros 1.
double sparse_bits(SparseCost cost, double zeros, int block);

/// Least share of zeros from which on the cost is at most `bits` a weight, to 1e-9; above 1 if none
/// is. Costs fall in `zeros` from 1/3 on, where the search begins; 1/3 means "everywhere".
double break_even(SparseCost cost, double bits, int block);

}  // namespace bat::bmt
