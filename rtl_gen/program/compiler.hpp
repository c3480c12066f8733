// SPDX-License-Identifier: Apache-2.0
// Programs: a model image and a sequence length to instructions (docs/architecture.md sections 4,
// 5).
#pragma once

#include <cstdint>
#include <vector>

#include "models/bmt/sample.hpp"
#include "rtl_gen/program/check.hpp"
#include "rtl_gen/program/image.hpp"

namespace bat {

/// JOB_INPUT: one 32-bit word a token (bits 23:0 id, bit 31 segment), or one row of 8-bit features,
/// padded to whole beats, for each token but the first.
struct InputLayout {
  bmt::InputKind kind = bmt::InputKind::kTokens;
  int rows = 0;
  int row_bytes = 0;
  int features = 0;
  std::uint64_t bytes = 0;  ///< whole beats; never 0
};

/// JOB_OUTPUT: `classes` int32 logits.
struct OutputLayout {
  int classes = 0;
  std::uint64_t bytes = 0;  ///< whole beats
};

/// Program for one sequence length.
struct Program {
  int tokens = 0;
  std::uint32_t config_hash = 0;
  std::vector<isa::Instruction> instructions;    ///< the last is END
  std::vector<std::vector<TensorCheck>> checks;  ///< one list an instruction
  InputLayout input;
  OutputLayout output;
  int alignment = 64;

  /// Header and instructions, padded with zeros to `alignment`.
  std::vector<std::uint8_t> bytes() const;
};

/// Schedules and encodes. Errors: a length that does not fit model or configuration; a program
/// that the rings cannot run without deadlock.
Result<Program> compile_program(const Config& config, const Plan& plan, const ModelImage& image,
                                int tokens);

/// Image and program of one length.
struct Compiled {
  ModelImage image;
  Program program;
};

Result<Compiled> compile(const Config& config, const Plan& plan, const bmt::Model& model,
                         int tokens);

/// Bytes for JOB_INPUT. `sample` must be valid for the model and have the program's length.
Result<std::vector<std::uint8_t>> pack_input(const InputLayout& layout, const bmt::Sample& sample);

/// Logits from JOB_OUTPUT; `bytes` has at least `layout.bytes`.
std::vector<std::int32_t> unpack_output(const OutputLayout& layout,
                                        std::span<const std::uint8_t> bytes);

}  // namespace bat
