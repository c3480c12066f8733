// SPDX-License-Identifier: Apache-2.0
#include "verif/fuzz/mutator.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

namespace bat::fuzz {
namespace {

constexpr std::array kNumbers{"0",           "-1",
                              "1",           "255",
                              "256",         "32768",
                              "65536",       "2147483647",
                              "2147483648",  "4294967296",
                              "-2147483649", "9223372036854775807",
                              "1e308",       "18446744073709551616",
                              "0.5",         "null",
                              "true",        "\"x\"",
                              "[]",          "{}",
                              "nan"};
constexpr std::array kPieces{"\"", "{", "}",  "[",       "]",        ",",
                             ":",  "=", "\n", "\\u0000", "\xFF\xFE", "#"};

void replace_number(std::string& text, Random& random) {
  const std::size_t start = random.below(text.size());
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto first =
      std::find_if(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), digit);
  if (first == text.end()) return;
  const auto last = std::find_if_not(first, text.end(), digit);
  text.replace(first, last, kNumbers[random.below(kNumbers.size())]);
}

void edit_range(std::string& text, Random& random) {
  const std::size_t at = random.below(text.size());
  const std::size_t limit = random.below(4) == 0 ? text.size() - at : 64;
  const std::size_t size = 1 + random.below(std::min(limit, text.size() - at));
  const std::string range = text.substr(at, size);
  switch (random.below(3)) {
    case 0:
      text.erase(at, size);
      break;
    case 1:
      text.insert(at, range);
      break;
    default:
      text.erase(at, size);
      text.insert(random.below(text.size() + 1), range);
  }
}

void edit_byte(std::string& text, Random& random) {
  char& byte = text[random.below(text.size())];
  switch (random.below(3)) {
    case 0:
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random.below(8)));
      break;
    case 1:
      byte = static_cast<char>(random.next());
      break;
    default:
      byte = random.below(2) == 0 ? '\0' : '\xFF';
  }
}

void edit_once(std::string& text, Random& random) {
  if (text.empty()) {
    text.push_back(kPieces[random.below(kPieces.size())][0]);
    return;
  }
  switch (random.below(6)) {
    case 0:
    case 1:
      edit_byte(text, random);
      break;
    case 2:
      edit_range(text, random);
      break;
    case 3:
      replace_number(text, random);
      break;
    case 4:
      text.insert(random.below(text.size() + 1), kPieces[random.below(kPieces.size())]);
      break;
    default:
      if (random.below(8) == 0) text.resize(random.below(text.size()));
  }
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::size_t Random::below(std::size_t bound) {
  return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound);
}

std::string mutate(const std::string& valid, Random& random) {
  std::string text = valid;
  const std::size_t edits = 1 + random.below(6);
  for (std::size_t i = 0; i < edits; ++i) edit_once(text, random);
  return text;
}

}  // namespace bat::fuzz
