// SPDX-License-Identifier: Apache-2.0
// Programs: a model image and the lengths of one or more sentences to instructions
// (docs/architecture.md sections 4, 5).
#pragma once

#include <cstdint>
#include <vector>

#include "models/bmt/sample.hpp"
#include "rtl_gen/program/check.hpp"
#include "rtl_gen/program/image.hpp"

namespace bat {

/// JOB_INPUT: one 32-bit word a token (bits 23:0 id, bit 31 segment), or one row of 8-bit features,
/// padded to whole beats, for each token but the first. Sentence behind sentence.
struct InputLayout {
  bmt::InputKind kind = bmt::InputKind::kTokens;
  std::vector<int> rows;  ///< of each sentence
  int row_bytes = 0;
  int features = 0;
  std::uint64_t bytes = 0;  ///< whole beats; never 0
};

/// JOB_OUTPUT: for each sentence `classes` int32 logits.
struct OutputLayout {
  int sentences = 1;
  int classes = 0;
  int words() const { return sentences * classes; }
  std::uint64_t bytes = 0;  ///< whole beats
};

/// Program for sentences of given lengths, which share each weight that is loaded.
struct Program {
  std::vector<int> lengths;
  std::uint32_t config_hash = 0;
  std::vector<isa::Instruction> instructions;    ///< the last is END
  std::vector<std::vector<TensorCheck>> checks;  ///< one list an instruction
  InputLayout input;
  OutputLayout output;
  int alignment = 64;

  /// Header and instructions, padded with zeros to `alignment`.
  std::vector<std::uint8_t> bytes() const;
};

/// Where thresholds, scales and LayerNorm records stay on chip (`Plan::resident`): whether a
/// program loads them, or finds them as a program of the same image left them. Elsewhere there is
/// no difference.
enum class Parameters { kLoad, kKeep };

/// Schedules and encodes. Errors: lengths that do not fit model or configuration; a program that
/// the rings cannot run without deadlock.
Result<Program> compile_program(const Config& config, const Plan& plan, const ModelImage& image,
                                std::span<const int> lengths,
                                Parameters parameters = Parameters::kLoad);
/// For one sentence.
Result<Program> compile_program(const Config& config, const Plan& plan, const ModelImage& image,
                                int tokens);
/// Whether sentences of these lengths fit one program; the error says what they need.
Status check_lengths(const Config& config, const Plan& plan, const ModelImage& image,
                     std::span<const int> lengths);

/// Image and program of one length.
struct Compiled {
  ModelImage image;
  Program program;
};

Result<Compiled> compile(const Config& config, const Plan& plan, const bmt::Model& model,
                         int tokens);

/// Bytes for JOB_INPUT. `samples` must be valid for the model and have the program's lengths.
Result<std::vector<std::uint8_t>> pack_input(const InputLayout& layout,
                                             std::span<const bmt::Sample> samples);

/// Logits of a sentence from JOB_OUTPUT; `bytes` has at least `layout.bytes`.
std::vector<std::int32_t> unpack_output(const OutputLayout& layout, int sentence,
                                        std::span<const std::uint8_t> bytes);

}  // namespace bat
