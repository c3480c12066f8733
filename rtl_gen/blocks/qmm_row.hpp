// SPDX-License-Identifier: Apache-2.0
// Emitter of `qmm_row`: one row of dot-product units with their shadow accumulators.
#pragma once

#include <string>

#include "rtl_gen/emit/module.hpp"

namespace bat::blocks {

/// Shape of a row; ranges as in docs/architecture.md section 1.
struct QmmRowShape {
  int cols = 8;           ///< TC
  int depth = 32;         ///< TK
  int lanes = 2;          ///< columns that leave the shadow per cycle
  int branches = 1;       ///< BR
  int acc_bits = 20;      ///< AccW
  bool shift = true;      ///< products of several planes: accumulators can double
  bool and_form = false;  ///< units count in AND form; not with pairs
  bool pairs = false;     ///< two columns share an `acc_pair`, a DSP block; acc_bits <= 24
};

/// Module `qmm_row`. Ports: `clk_i`, `acc_valid_i`, `acc_first_i`, `acc_double_i`, `a_i` [TK], for
/// each column c `b<c>_i` [TK] and `preload<c>_i` [AccW], `bit_capture_i`, `tile_bits_o` [TC],
/// `sh_capture_i` [BR], `wt_shift_cols_i`, `sh_acc_o` [BR*Lanes*AccW] (branch-major).
/// `pe` is the interface of rtl/qmm_pe.sv, with `pairs` of rtl/qmm_pe_pair.sv; `name` is that of
/// the module.
/// AND form: `pe` is that of rtl/qmm_pe_and.sv, `ones` that of the emitted `row_ones`.
emit::Module qmm_row(const QmmRowShape& shape, const emit::Interface& pe,
                     const std::string& name = "qmm_row", const emit::Interface* ones = nullptr);

}  // namespace bat::blocks
