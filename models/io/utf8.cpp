// SPDX-License-Identifier: Apache-2.0
#include "models/io/utf8.hpp"

namespace bat::io {
namespace {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t size = 0;  ///< 0 for a malformed sequence
};

/// Bytes of a sequence by its first byte; 0 for a byte that cannot open one.
std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = sequence_size(lead);
  if (size == 0 || size > text.size()) return {};
  if (size == 1) return {lead, 1};
  std::uint32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return {};
    value = value << 6 | (byte & 0x3FU);
  }
  const std::uint32_t smallest = size == 2 ? 0x80U : size == 3 ? 0x800U : 0x10000U;
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest || value > 0x10FFFF || surrogate) return {};
  return {value, size};
}

char byte_of(std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); }

}  // namespace

std::uint32_t decode_utf8(std::string_view text, std::size_t& at) {
  const Decoded d = decode(text.substr(at));
  at += d.size == 0 ? 1 : d.size;
  return d.size == 0 ? kReplacementCharacter : d.code_point;
}

void append_utf8(std::string& text, std::uint32_t c) {
  if (c < 0x80) {
    text += byte_of(c);
    return;
  }
  if (c < 0x800) {
    text += byte_of(0xC0U | c >> 6);
  } else {
    if (c < 0x10000) {
      text += byte_of(0xE0U | c >> 12);
    } else {
      text += byte_of(0xF0U | c >> 18);
      text += byte_of(0x80U | (c >> 12 & 0x3FU));
    }
    text += byte_of(0x80U | (c >> 6 & 0x3FU));
  }
  text += byte_of(0x80U | (c & 0x3FU));
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Decoded d = decode(text.substr(at));
    if (d.size == 0) return false;
    at += d.size;
  }
  return true;
}

}  // namespace bat::io
