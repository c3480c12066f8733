// SPDX-License-Identifier: Apache-2.0
// Boolean functions as Liberty writes them, as truth tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::synth {

/// Most inputs of a function: as many as a truth table of 64 bits has.
inline constexpr std::size_t kMostInputs = 6;

/// Bit i of `table` is the value for the inputs that the bits of i give, inputs[0] being bit 0.
struct LogicFunction {
  std::vector<std::string> inputs;  ///< names that occur, in order of appearance
  std::uint64_t table = 0;

  /// One input, passed on unchanged.
  bool is_wire() const { return inputs.size() == 1 && table == 2; }
};

/// Operators by rank: `!` before and `'` behind an operand; `^`; `*`, `&` or nothing; `+`, `|`.
/// Constants 0 and 1. Errors name the text and what is wrong with it.
Result<LogicFunction> parse_function(std::string_view text);

}  // namespace bat::synth
