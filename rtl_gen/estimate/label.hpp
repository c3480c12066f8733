// SPDX-License-Identifier: Apache-2.0
// What each instruction of a program works on, for people.
#pragma once

#include <string>
#include <vector>

#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/compiler.hpp"

namespace bat {

struct Label {
  std::string
      what;  ///< tensor, matrix or table: "ffn1", "position", "weights of ffn1"; may be empty
  int sentence = -1;  ///< of a program with several; -1: the only one, or all
  int layer = -1;     ///< -1 outside the encoder
  int head = -1;      ///< of scores and probabilities
  int row_tile = -1;  ///< -1: no single one
  int col_begin = 0;  ///< columns of the tensor; none if col_end = 0
  int col_end = 0;

  /// "QMM ffn1 L3 rt2 0..255", "QMM ffn1 s1 L3 rt2 0..255"
  std::string text(isa::Op op) const;
};

/// One label an instruction. A LOAD is named after the instruction that first uses its words.
std::vector<Label> label_instructions(const Plan& plan, const Program& program);

}  // namespace bat
