// SPDX-License-Identifier: Apache-2.0
// Where regions of golden tensors lie in the memories of the accelerator at the completion of an
// instruction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/bmt/golden.hpp"
#include "rtl_gen/program/bit_memory.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat {

/// How element (row n, column j) of a tensor is found. `w = base + ...` is a word, TR, TC, TK and
/// Lanes are those of the plan; columns of a segment (a head) start a word:
/// h = j div segment, c = j mod segment.
enum class Layout : std::uint8_t {
  kRow,  ///< slice n mod TR, w = base + plane*plane_stride + h*segment_stride + c div TK, bit c mod
         ///< TK
  kValue,   ///< slice n mod TR, w = base + j div Lanes, 16 bits at 16*(j mod Lanes), signed
  kScore,   ///< slice n mod TR, w = base + j div Lanes, ScoreW bits at ScoreW*(j mod Lanes); the
            ///< tensor element is 2 * bits - score_bias
  kKeys,    ///< slice n mod TC, w = base + h*segment_stride + (n div TC)*tile_stride
            ///< + plane*plane_stride + c div TK, bit c mod TK
  kTokens,  ///< slice c mod TC, w = base + h*segment_stride + (c div TC)*tile_stride
            ///< + plane*plane_stride + n div TK, bit n mod TK
  kLogit,   ///< slice 0, w = base + j div Lanes, 32 bits at 32*(j mod Lanes), signed
};

/// Rows and columns of one tensor that an instruction has completed.
struct TensorCheck {
  bmt::TensorId tensor = bmt::TensorId::kLogits;
  int sentence = 0;  ///< of the program
  int layer = -1;    ///< as in bmt::Tap
  int head = -1;
  int row_begin = 0, row_end = 0;  ///< within one row tile, but for kKeys and kTokens too
  int col_begin = 0, col_end = 0;
  isa::Tap memory = isa::Tap::kNone;
  Layout layout = Layout::kRow;
  int base = 0;
  int planes = 1;
  int plane_stride = 0;
  int segment = 1;
  int segment_stride = 0;
  int tile_stride = 0;
  int score_bias = 0;
};

/// The element as a golden tap gives it, from shadows of the memories; nothing if a bit of it was
/// never written.
std::optional<std::int32_t> extract(const TensorCheck& check, const Plan& plan,
                                    const ShadowMemory& shadow, int row, int col);

/// One golden tensor as a Tap receives it.
struct GoldenTensor {
  int rows = 0;
  int cols = 0;
  std::vector<std::int32_t> values;
};

/// Compares the region of `check` with `golden`; returns a message naming tensor, layer, head and
/// the first differing element, or nothing when all agree.
std::optional<std::string> compare(const TensorCheck& check, const Plan& plan,
                                   const ShadowMemory& shadow, const GoldenTensor& golden);

/// "q layer 1 rows 0..7 columns 0..31"
std::string to_string(const TensorCheck& check);

}  // namespace bat
