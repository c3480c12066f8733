// SPDX-License-Identifier: Apache-2.0
// A popcount, a row of dot-product units or an array of such rows by itself, in any shape and
// structure: its area, and its place on a real FPGA.
#pragma once

#include <string>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/place.hpp"
#include "synth/report.hpp"
#include "synth/synthesize.hpp"

namespace bat::synth {

/// A leaf to measure.
struct LeafShape {
  Popcount structure = Popcount::kFlat;
  int lanes = 64;         ///< bits of a dot product a cycle, 1 .. 1024
  int stages = 0;         ///< pipeline registers in the popcount, 0 .. 2
  int cols = 0;           ///< 0: the popcount alone; otherwise a row of so many units, 2 .. 64
  int rows = 1;           ///< rows that share the operands and preloads of the columns, 1 .. 64
  int acc_bits = 12;      ///< of a row: accumulator bits
  bool shift = true;      ///< of a row: accumulators can double, for products of several planes
  bool dsp = false;       ///< of a row: accumulators are pairs in DSP blocks, acc_bits at most 24
  int drain = 1;          ///< of a row: columns that leave the shadow a cycle
  bool and_form = false;  ///< lanes AND: structure flat or fa_tree, no dsp; a popcount takes the
                          ///< ones of its row as an input, a row counts them

  /// Binary multiply-accumulates a cycle.
  int macs() const { return lanes * (cols > 0 ? cols * rows : 1); }
};

/// Writes the SystemVerilog of a leaf below `dir` and names it.
Result<Sources> leaf_sources(const LeafShape& shape, const std::filesystem::path& dir);

/// Maps the leaf. Errors as `synthesize_sources`.
Result<SynthReport> synthesize_leaf(const LeafShape& shape, Target target,
                                    const SynthOptions& options);

/// Places and routes the leaf (`options.unit` empty: all of it). Errors as `place`.
Result<PlaceReport> place_leaf(const LeafShape& shape, const Device& device,
                               const PlaceOptions& options);

}  // namespace bat::synth
