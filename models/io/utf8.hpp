// SPDX-License-Identifier: Apache-2.0
// UTF-8 decoding and encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bat::io {

inline constexpr std::uint32_t kReplacementCharacter = 0xFFFD;

/// Decodes the character at `at` and moves `at` behind it. A malformed byte (overlong forms,
/// surrogates and values above U+10FFFF included) gives U+FFFD and moves by one.
std::uint32_t decode_utf8(std::string_view text, std::size_t& at);

void append_utf8(std::string& text, std::uint32_t code_point);

bool is_utf8(std::string_view text);

}  // namespace bat::io
