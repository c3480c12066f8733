// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rtl_gen/program/assemble.hpp"
#include "rtl_gen/program/schedule.hpp"

namespace bat {
namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

void append_u32(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

InputLayout input_layout(const Plan& plan, const ModelImage& image, std::span<const int> lengths) {
  InputLayout layout;
  const auto beat = static_cast<std::uint64_t>(plan.axi_bytes);
  layout.kind = image.input;
  const bool tokens = image.input == bmt::InputKind::kTokens;
  std::uint64_t rows = 0;
  for (const int length : lengths) {
    layout.rows.push_back(tokens ? length : length - 1);
    rows += static_cast<std::uint64_t>(layout.rows.back());
  }
  if (tokens) {
    layout.row_bytes = 4;
  } else {
    layout.features = image.features;
    layout.row_bytes = static_cast<int>(round_up(static_cast<std::uint64_t>(image.features), beat));
  }
  const std::uint64_t bytes = rows * static_cast<std::uint64_t>(layout.row_bytes);
  layout.bytes = std::max(beat, round_up(bytes, beat));
  return layout;
}

Status check_length(const Config& config, const ModelImage& image, int tokens) {
  const int limit = std::min(config.limits.tokens, image.max_tokens);
  if (tokens >= 1 && tokens <= limit) return Ok{};
  return Error{
      fmt::format("program: a sequence of {} tokens; the model has {} positions, "
                  "limits.tokens is {}; nearest legal value is {}",
                  tokens, image.max_tokens, config.limits.tokens, std::clamp(tokens, 1, limit))};
}

OutputLayout output_layout(const Plan& plan, const ModelImage& image, std::size_t sentences) {
  OutputLayout layout{static_cast<int>(sentences), image.classes, 0};
  layout.bytes = round_up(static_cast<std::uint64_t>(layout.words()) * 4,
                          static_cast<std::uint64_t>(plan.axi_bytes));
  return layout;
}

void append_words(std::vector<std::uint8_t>& bytes, const bmt::Sample& sample) {
  for (std::size_t n = 0; n < sample.ids.size(); ++n) {
    const std::uint32_t segment = sample.segments.empty() ? 0U : sample.segments[n];
    append_u32(bytes, sample.ids[n] | segment << 31);
  }
}

void append_features(std::vector<std::uint8_t>& bytes, const InputLayout& layout,
                     const bmt::Sample& sample) {
  const auto row_bytes = static_cast<std::size_t>(layout.row_bytes);
  const auto count = static_cast<std::size_t>(layout.features);
  for (std::size_t at = 0; at + count <= sample.features.size(); at += count) {
    const auto row = sample.features.begin() + static_cast<std::ptrdiff_t>(at);
    bytes.insert(bytes.end(), row, row + static_cast<std::ptrdiff_t>(count));
    bytes.resize(round_up(bytes.size(), row_bytes), 0);
  }
}

std::string list(std::span<const int> lengths) {
  std::string text;
  for (const int length : lengths) text += fmt::format("{}{}", text.empty() ? "" : ", ", length);
  return text;
}

}  // namespace

Status check_lengths(const Config& config, const Plan& plan, const ModelImage& image,
                     std::span<const int> lengths) {
  struct Need {
    const char* what;
    int value;
    int limit;
  };
  int rows = 0;
  int keys = 0;
  int words = 0;
  for (const int tokens : lengths) {
    if (Status status = check_length(config, image, tokens); !status) return status;
    rows += plan.row_tiles_for(tokens);
    keys += plan.col_tiles(tokens);
    words += plan.kwords(tokens);
  }
  const int count = static_cast<int>(lengths.size());
  const int planes = image.pooler ? 0 : 8 * count * plan.kwords(image.hidden);
  const std::array needs{Need{"sentences", count, plan.sentences},
                         Need{"row tiles", rows, plan.row_tiles},
                         Need{"key tiles", keys, plan.col_tiles(config.limits.tokens)},
                         Need{"words of values", words, plan.kwords(config.limits.tokens)},
                         Need{"words of codes for the classifier", planes, plan.xb_codes}};
  if (lengths.empty()) return Error{"program: no sentence"};
  for (const Need& need : needs) {
    if (need.value <= need.limit) continue;
    return Error{fmt::format(
        "program: sentences of {} tokens need {} {}, the configuration has {}: fewer or shorter "
        "ones, or raise limits.sentences or limits.tokens",
        list(lengths), need.value, need.what, need.limit)};
  }
  return Ok{};
}

std::vector<std::uint8_t> Program::bytes() const {
  std::vector<std::uint8_t> out;
  out.reserve(32 * (instructions.size() + 1));
  append_u32(out, isa::kProgramMagic);
  append_u32(out, isa::kIsaVersion);
  append_u32(out, config_hash);
  append_u32(out, static_cast<std::uint32_t>(instructions.size()));
  out.resize(isa::kInstrBits / 8, 0);
  for (const isa::Instruction& i : instructions) {
    for (const std::uint32_t word : i.words) append_u32(out, word);
  }
  out.resize(round_up(out.size(), static_cast<std::uint64_t>(alignment)), 0);
  return out;
}

Result<Program> compile_program(const Config& config, const Plan& plan, const ModelImage& image,
                                int tokens) {
  return compile_program(config, plan, image, std::span(&tokens, 1));
}

Result<Program> compile_program(const Config& config, const Plan& plan, const ModelImage& image,
                                std::span<const int> lengths, Parameters parameters) {
  if (Status status = check_lengths(config, plan, image, lengths); !status) return status.error();
  Result<Assembled> assembled = assemble(plan, make_schedule(plan, image, lengths), parameters);
  if (!assembled) return assembled.error();
  Program program;
  program.lengths.assign(lengths.begin(), lengths.end());
  program.config_hash = config_hash32(config);
  program.instructions = std::move(assembled.value().instructions);
  program.checks = std::move(assembled.value().checks);
  program.input = input_layout(plan, image, lengths);
  program.output = output_layout(plan, image, lengths.size());
  program.alignment = memory_alignment(plan);
  return program;
}

Result<Compiled> compile(const Config& config, const Plan& plan, const bmt::Model& model,
                         int tokens) {
  Result<ModelImage> image = build_image(config, plan, model);
  if (!image) return image.error();
  Result<Program> program = compile_program(config, plan, image.value(), tokens);
  if (!program) return program.error();
  return Compiled{std::move(image).value(), std::move(program).value()};
}

Result<std::vector<std::uint8_t>> pack_input(const InputLayout& layout,
                                             std::span<const bmt::Sample> samples) {
  std::vector<std::uint8_t> bytes;
  const int class_rows = layout.kind == bmt::InputKind::kTokens ? 0 : 1;
  if (samples.size() != layout.rows.size()) {
    return Error{
        fmt::format("input: {} samples for a program of {}", samples.size(), layout.rows.size())};
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const int tokens = layout.rows[i] + class_rows;
    if (samples[i].tokens() != tokens) {
      return Error{fmt::format("input: a sample of {} tokens for a program of {}",
                               samples[i].tokens(), tokens)};
    }
    layout.kind == bmt::InputKind::kTokens ? append_words(bytes, samples[i])
                                           : append_features(bytes, layout, samples[i]);
  }
  bytes.resize(layout.bytes, 0);
  return bytes;
}

std::vector<std::int32_t> unpack_output(const OutputLayout& layout, int sentence,
                                        std::span<const std::uint8_t> bytes) {
  std::vector<std::int32_t> logits;
  const auto first = static_cast<std::size_t>(sentence) * static_cast<std::size_t>(layout.classes);
  for (std::size_t k = first; k < first + static_cast<std::size_t>(layout.classes); ++k) {
    std::uint32_t value = 0;
    for (std::size_t b = 0; b < 4; ++b) value |= std::uint32_t{bytes[4 * k + b]} << (8 * b);
    logits.push_back(static_cast<std::int32_t>(value));
  }
  return logits;
}

}  // namespace bat
