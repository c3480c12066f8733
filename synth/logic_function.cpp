// SPDX-License-Identifier: Apache-2.0
#include "synth/logic_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace bat::synth {
namespace {

// Truth tables of the variables themselves over six inputs.
constexpr std::array<std::uint64_t, kMostInputs> kVariables{0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC,
                                                            0xF0F0F0F0F0F0F0F0, 0xFF00FF00FF00FF00,
                                                            0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};
constexpr int kDeepest = 64;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<LogicFunction> run() {
    function_.table = any(0);
    if (!error_ && peek() != '\0') fail("unexpected text");
    if (error_) return Error{fmt::format("function `{}`: {}", text_, *error_)};
    const std::size_t used = std::size_t{1} << function_.inputs.size();
    if (used < 64) function_.table &= (std::uint64_t{1} << used) - 1;
    return function_;
  }

 private:
  std::uint64_t fail(std::string what) {
    if (!error_) error_ = std::move(what);
    return 0;
  }

  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  static bool is_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '[' || c == ']';
  }

  std::uint64_t any(int depth) {
    std::uint64_t value = all(depth);
    while (!error_ && (take('+') || take('|'))) value |= all(depth);
    return value;
  }

  std::uint64_t all(int depth) {
    std::uint64_t value = odd(depth);
    while (!error_) {
      const char next = peek();
      if (next == '*' || next == '&') {
        ++at_;
      } else if (next != '!' && next != '(' && !is_name(next)) {
        break;
      }
      value &= odd(depth);
    }
    return value;
  }

  std::uint64_t odd(int depth) {
    std::uint64_t value = operand(depth);
    while (!error_ && take('^')) value ^= operand(depth);
    return value;
  }

  std::uint64_t operand(int depth) {
    if (depth > kDeepest) return fail("nested too deeply");
    if (take('!')) return ~operand(depth + 1);
    std::uint64_t value = 0;
    if (take('(')) {
      value = any(depth + 1);
      if (!error_ && !take(')')) return fail("`)` is missing");
    } else {
      value = name();
    }
    while (!error_ && take('\'')) value = ~value;
    return value;
  }

  std::uint64_t name() {
    peek();
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    const std::string word(text_.substr(start, at_ - start));
    if (word.empty()) return fail("an operand is missing");
    if (word == "0") return 0;
    if (word == "1") return ~std::uint64_t{0};
    auto& inputs = function_.inputs;
    const auto known = std::ranges::find(inputs, word);
    const auto index = static_cast<std::size_t>(known - inputs.begin());
    if (index == kMostInputs) return fail(fmt::format("more than {} inputs", kMostInputs));
    if (known == inputs.end()) inputs.push_back(word);
    return kVariables[index];
  }

  std::string_view text_;
  std::size_t at_ = 0;
  LogicFunction function_;
  std::optional<std::string> error_;
};

}  // namespace

Result<LogicFunction> parse_function(std::string_view text) { return Parser(text).run(); }

}  // namespace bat::synth
