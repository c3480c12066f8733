// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/check.hpp"

#include <fmt/format.h>

namespace bat {
namespace {

/// A code whose plane `p` is bit `bit` of word `word + p * plane_stride`.
std::optional<std::int32_t> planes(const TensorCheck& check, const BitMemory& memory, int slice,
                                   int word, int bit) {
  std::uint64_t code = 0;
  for (int plane = 0; plane < check.planes; ++plane) {
    const auto value = memory.read(slice, word + plane * check.plane_stride, bit, 1);
    if (!value) return std::nullopt;
    code |= *value << plane;
  }
  return static_cast<std::int32_t>(code);
}

}  // namespace

std::optional<std::int32_t> extract(const TensorCheck& check, const Plan& plan,
                                    const ShadowMemory& shadow, int row, int col) {
  const BitMemory& memory = shadow.at(check.memory);
  const int h = col / check.segment;
  const int c = col % check.segment;
  const int lane = col % plan.lanes;
  const int lane_word = check.base + col / plan.lanes;
  const int segment_word = check.base + h * check.segment_stride;
  switch (check.layout) {
    case Layout::kRow:
      return planes(check, memory, row % plan.rows, segment_word + c / plan.depth, c % plan.depth);
    case Layout::kKeys:
      return planes(check, memory, row % plan.cols,
                    segment_word + row / plan.cols * check.tile_stride + c / plan.depth,
                    c % plan.depth);
    case Layout::kTokens:
      return planes(check, memory, c % plan.cols,
                    segment_word + c / plan.cols * check.tile_stride + row / plan.depth,
                    row % plan.depth);
    case Layout::kValue:
      if (const auto v = memory.read(row % plan.rows, lane_word, 16 * lane, 16)) {
        return static_cast<std::int16_t>(*v);
      }
      return std::nullopt;
    case Layout::kScore:
      if (const auto v =
              memory.read(row % plan.rows, lane_word, plan.score_bits * lane, plan.score_bits)) {
        return 2 * static_cast<std::int32_t>(*v) - check.score_bias;
      }
      return std::nullopt;
    case Layout::kLogit:
      if (const auto v = memory.read(0, lane_word, 32 * lane, 32)) {
        return static_cast<std::int32_t>(*v);
      }
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> compare(const TensorCheck& check, const Plan& plan,
                                   const ShadowMemory& shadow, const GoldenTensor& golden) {
  for (int row = check.row_begin; row < check.row_end; ++row) {
    for (int col = check.col_begin; col < check.col_end; ++col) {
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(golden.cols) +
                      static_cast<std::size_t>(col);
      const std::optional<std::int32_t> value = extract(check, plan, shadow, row, col);
      if (value == golden.values[at]) continue;
      return fmt::format("{}: row {} column {} is {}, golden {}", to_string(check), row, col,
                         value ? std::to_string(*value) : "not written", golden.values[at]);
    }
  }
  return std::nullopt;
}

std::string to_string(const TensorCheck& check) {
  std::string text = bmt::name(check.tensor);
  if (check.layer >= 0) text += fmt::format(" layer {}", check.layer);
  if (check.head >= 0) text += fmt::format(" head {}", check.head);
  return text + fmt::format(" rows {}..{} columns {}..{}", check.row_begin, check.row_end - 1,
                            check.col_begin, check.col_end - 1);
}

}  // namespace bat
