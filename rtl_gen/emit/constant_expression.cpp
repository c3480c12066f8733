// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "rtl_gen/emit/interface.hpp"

namespace bat::emit {
namespace {

/// Recursive descent over one expression. The first error sticks; later values are meaningless.
class Evaluator {
 public:
  Evaluator(std::string_view text, const Constants& constants)
      : text_(text), constants_(constants) {}

  Result<long long> run() {
    const long long value = conditional();
    skip_space();
    if (error_.empty() && pos_ != text_.size()) fail("unexpected text");
    if (!error_.empty()) {
      return Error{fmt::format("constant expression '{}': {}", text_, error_)};
    }
    return value;
  }

 private:
  struct Operator {
    std::string_view text;
    int level;
  };
  // Longer operators come before their prefixes.
  static constexpr Operator kOperators[] = {{"||", 0}, {"&&", 1}, {"==", 2}, {"!=", 2}, {"<<", 4},
                                            {">>", 4}, {"<=", 3}, {">=", 3}, {"<", 3},  {">", 3},
                                            {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6},  {"%", 6}};
  static constexpr int kTopLevel = 7;

  void fail(std::string_view message) {
    if (error_.empty()) error_ = fmt::format("{} at column {}", message, pos_ + 1);
  }
  void skip_space() {
    while (pos_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[pos_]))) ++pos_;
  }
  bool accept(std::string_view token) {
    skip_space();
    if (text_.substr(pos_, token.size()) != token) return false;
    pos_ += token.size();
    return true;
  }

  long long conditional() {
    const long long condition = binary(0);
    if (!accept("?")) return condition;
    const long long a = conditional();
    if (!accept(":")) fail("':' expected");
    const long long b = conditional();
    return condition != 0 ? a : b;
  }

  std::optional<std::string_view> operator_at(int level) {
    skip_space();
    for (const Operator& op : kOperators) {
      if (text_.substr(pos_, op.text.size()) != op.text) continue;
      if (op.level != level) return std::nullopt;
      pos_ += op.text.size();
      return op.text;
    }
    return std::nullopt;
  }

  long long binary(int level) {
    if (level == kTopLevel) return unary();
    long long value = binary(level + 1);
    while (error_.empty()) {
      const auto op = operator_at(level);
      if (!op) break;
      value = apply(*op, value, binary(level + 1));
    }
    return value;
  }

  long long apply(std::string_view op, long long a, long long b) {
    if ((op == "/" || op == "%") && b == 0) {
      fail("division by zero");
      return 0;
    }
    if (op == "||") return (a != 0 || b != 0) ? 1 : 0;
    if (op == "&&") return (a != 0 && b != 0) ? 1 : 0;
    if (op == "==") return a == b ? 1 : 0;
    if (op == "!=") return a != b ? 1 : 0;
    if (op == "<=") return a <= b ? 1 : 0;
    if (op == ">=") return a >= b ? 1 : 0;
    if (op == "<") return a < b ? 1 : 0;
    if (op == ">") return a > b ? 1 : 0;
    if (op == "<<") return a << b;
    if (op == ">>") return a >> b;
    if (op == "+") return a + b;
    if (op == "-") return a - b;
    if (op == "*") return a * b;
    if (op == "/") return a / b;
    return a % b;
  }

  long long unary() {
    if (accept("-")) return -unary();
    if (accept("!")) return unary() == 0 ? 1 : 0;
    return primary();
  }

  long long parenthesized() {
    const long long value = conditional();
    if (!accept(")")) fail("')' expected");
    return value;
  }

  static long long clog2(long long value) {
    long long bits = 0;
    while ((1LL << bits) < value) ++bits;
    return bits;
  }

  long long primary() {
    if (accept("(")) return parenthesized();
    if (accept("$clog2")) {
      if (!accept("(")) fail("'(' expected");
      return clog2(parenthesized());
    }
    skip_space();
    if (pos_ == text_.size()) {
      fail("value expected");
      return 0;
    }
    if (std::isdigit(static_cast<unsigned char>(text_[pos_]))) return number();
    return name();
  }

  long long digits() {
    long long value = 0;
    const std::size_t start = pos_;
    while (pos_ < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[pos_])) || text_[pos_] == '_')) {
      if (text_[pos_] != '_') value = value * 10 + (text_[pos_] - '0');
      ++pos_;
    }
    if (start == pos_) fail("digits expected");
    return value;
  }

  long long number() {
    const long long value = digits();
    if (pos_ < text_.size() && text_[pos_] == '\'') {
      ++pos_;
      if (!accept("d")) fail("only decimal sized numbers are read");
      return digits();
    }
    return value;
  }

  long long name() {
    const std::size_t start = pos_;
    while (pos_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[pos_])) ||
                                   text_[pos_] == '_' || text_[pos_] == ':')) {
      // A single ':' ends the name: it belongs to ?: .
      if (text_[pos_] == ':' && text_.substr(pos_, 2) != "::" && text_[pos_ - 1] != ':') break;
      ++pos_;
    }
    const std::string_view id = text_.substr(start, pos_ - start);
    const auto found = constants_.find(id);
    if (id.empty() || found == constants_.end()) {
      fail(fmt::format("unknown name '{}'", id));
      return 0;
    }
    return found->second;
  }

  std::string_view text_;
  const Constants& constants_;
  std::size_t pos_ = 0;
  std::string error_;
};

}  // namespace

Result<long long> evaluate(std::string_view expression, const Constants& constants) {
  return Evaluator(expression, constants).run();
}

}  // namespace bat::emit
