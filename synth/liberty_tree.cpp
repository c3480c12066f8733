// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace bat::synth {
namespace {

enum class Kind { kWord, kMark, kEnd };

struct Token {
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t line = 1;
};

constexpr std::string_view kMarks = "(){}:;,";
constexpr int kDeepest = 64;

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// The next token; nullopt for a string or comment that never ends.
  std::optional<Token> next() {
    if (!skip_space()) return std::nullopt;
    if (at_ == text_.size()) return Token{Kind::kEnd, "end of file", line_};
    if (text_[at_] == '"') return quoted();
    if (kMarks.find(text_[at_]) != std::string_view::npos) {
      return Token{Kind::kMark, text_.substr(at_++, 1), line_};
    }
    const std::size_t start = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '"' &&
           kMarks.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return Token{Kind::kWord, text_.substr(start, at_ - start), line_};
  }

  std::size_t line() const { return line_; }

 private:
  static bool is_space(char c) {
    return c == '\\' || std::isspace(static_cast<unsigned char>(c)) != 0;
  }

  bool skip_space() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        line_ += text_[at_++] == '\n' ? 1 : 0;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return false;
        advance(end + 2);
      } else {
        return true;
      }
    }
    return true;
  }

  std::optional<Token> quoted() {
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const Token token{Kind::kWord, text_.substr(at_ + 1, end - at_ - 1), line_};
    advance(end + 1);
    return token;
  }

  void advance(std::size_t to) {
    line_ +=
        static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                            text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

class Parser {
 public:
  Parser(std::string_view text, std::string_view origin) : lexer_(text), origin_(origin) {}

  Result<LibertyStatement> run() {
    LibertyStatement library;
    if (take() && expect_word("library") && statement(0, library) && take() &&
        token_.kind != Kind::kEnd) {
      fail("text after the library group");
    }
    if (error_) return *error_;
    return library;
  }

 private:
  bool fail(std::string_view what) {
    if (!error_) error_ = Error{fmt::format("{}:{}: {}", origin_, token_.line, what)};
    return false;
  }

  bool take() {
    const std::optional<Token> token = lexer_.next();
    if (!token) {
      token_.line = lexer_.line();
      return fail("a string or comment that does not end");
    }
    token_ = *token;
    return true;
  }

  bool expect_word(std::string_view word) {
    return token_.kind == Kind::kWord && token_.text == word
               ? true
               : fail(fmt::format("expected `{}`", word));
  }

  bool is_mark(char c) const { return token_.kind == Kind::kMark && token_.text.front() == c; }

  // From its name on, which is the current token.
  bool statement(int depth, LibertyStatement& into) {
    into.name = token_.text;
    into.line = token_.line;
    if (!take()) return false;
    if (is_mark(':')) return attribute(into);
    if (!is_mark('(')) return fail(fmt::format("expected `:` or `(` after `{}`", into.name));
    while (take() && !is_mark(')')) {
      if (token_.kind == Kind::kEnd) return fail("a `(` that is never closed");
      if (token_.kind == Kind::kWord) into.arguments.emplace_back(token_.text);
    }
    if (error_ || !take()) return false;
    if (is_mark(';')) return true;
    if (!is_mark('{')) {  // a complex attribute without its semicolon
      pushed_ = true;
      return true;
    }
    return group(depth, into);
  }

  bool attribute(LibertyStatement& into) {
    if (!take()) return false;
    if (token_.kind != Kind::kWord) return fail(fmt::format("`{}` has no value", into.name));
    into.value = token_.text;
    while (take() && !is_mark(';')) {  // values of several words, such as expressions
      if (token_.kind == Kind::kEnd) return fail("a statement that does not end");
      if (is_mark('}')) return fail(fmt::format("`;` is missing after `{}`", into.name));
      into.value += ' ';
      into.value += token_.text;
    }
    return !error_;
  }

  bool group(int depth, LibertyStatement& into) {
    if (depth > kDeepest) return fail("groups nested too deeply");
    while (next_token()) {
      if (is_mark('}')) return true;
      if (is_mark(';')) continue;
      if (token_.kind != Kind::kWord) return fail(fmt::format("unexpected `{}`", token_.text));
      if (!statement(depth + 1, into.members.emplace_back())) return false;
    }
    return false;
  }

  bool next_token() {
    if (pushed_) {
      pushed_ = false;
      return true;
    }
    return take();
  }

  Lexer lexer_;
  std::string_view origin_;
  Token token_;
  bool pushed_ = false;
  std::optional<Error> error_;
};

}  // namespace

const LibertyStatement* LibertyStatement::find(std::string_view member) const {
  const auto found = std::ranges::find(members, member, &LibertyStatement::name);
  return found == members.end() ? nullptr : &*found;
}

std::string_view LibertyStatement::attribute(std::string_view member) const {
  const LibertyStatement* found = find(member);
  return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

Result<LibertyStatement> parse_liberty_tree(std::string_view text, std::string_view origin) {
  return Parser(text, origin).run();
}

}  // namespace bat::synth
