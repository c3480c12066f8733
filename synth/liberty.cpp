// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace bat::synth {
namespace {

// Liberty is `group (arguments) { statements }`, `name : value ;` and `name (arguments) ;`, nested
// freely.
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

  Result<Liberty> run() {
    if (take() && expect_word("library") && statement_tail(0, nullptr, token_) && take() &&
        token_.kind != Kind::kEnd) {
      fail("text after the library group");
    }
    if (error_) return *error_;
    return std::move(library_);
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

  // After the name of a statement: an attribute (`: value ;`) or a group or complex attribute (`(
  // ... )`).
  bool statement_tail(int depth, LibertyCell* cell, Token name) {
    if (!take()) return false;
    if (is_mark(':')) return attribute(cell, name);
    if (!is_mark('(')) return fail(fmt::format("expected `:` or `(` after `{}`", name.text));
    std::string_view argument;
    while (take() && !is_mark(')')) {
      if (token_.kind == Kind::kEnd) return fail("a `(` that is never closed");
      if (token_.kind == Kind::kWord && argument.empty()) argument = token_.text;
    }
    if (error_ || !take()) return false;
    if (is_mark(';')) return true;
    if (!is_mark('{')) {  // a complex attribute without its semicolon
      pushed_ = true;
      return true;
    }
    return group(depth, cell, name.text, argument);
  }

  bool attribute(LibertyCell* cell, const Token& name) {
    if (!take()) return false;
    if (token_.kind != Kind::kWord) return fail(fmt::format("`{}` has no value", name.text));
    if (cell != nullptr && name.text == "area" && !number(token_.text, cell->area)) return false;
    if (cell != nullptr && name.text == "function") cell->has_function = true;
    while (take() && !is_mark(';')) {  // values of several words, such as expressions
      if (token_.kind == Kind::kEnd) return fail("a statement that does not end");
      if (is_mark('}')) return fail(fmt::format("`;` is missing after `{}`", name.text));
    }
    return !error_;
  }

  bool number(std::string_view text, double& value) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || !(value >= 0.0)) {
      return fail(fmt::format("`{}` is not an area", text));
    }
    return true;
  }

  bool group(int depth, LibertyCell* cell, std::string_view kind, std::string_view argument) {
    if (depth > kDeepest) return fail("groups nested too deeply");
    if (kind == "library") library_.name = argument;
    if (kind == "cell") {
      if (argument.empty()) return fail("a cell without a name");
      const auto [place, fresh] = library_.cells.try_emplace(std::string(argument));
      if (!fresh) return fail(fmt::format("cell `{}` is defined twice", argument));
      cell = &place->second;
    } else if (cell != nullptr && (kind == "ff" || kind == "latch")) {
      cell->sequential = true;
    }
    while (next_statement()) {
      if (is_mark('}')) return true;
      if (is_mark(';')) continue;
      if (token_.kind != Kind::kWord) return fail(fmt::format("unexpected `{}`", token_.text));
      // Only direct members of a cell and functions of its pins are kept; `area` occurs in no
      // deeper group.
      if (!statement_tail(depth + 1, cell, token_)) return false;
    }
    return false;
  }

  bool next_statement() {
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
  Liberty library_;
  std::optional<Error> error_;
};

// Whether the name holds `part` (lower case), whatever its case.
bool named(std::string_view name, std::string_view part) {
  const auto lower = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  };
  return !std::ranges::search(name, part, lower).empty();
}

}  // namespace

Result<Liberty> parse_liberty(std::string_view text, std::string_view origin) {
  return Parser(text, origin).run();
}

Result<Liberty> read_liberty(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{fmt::format("cannot read {}", file.string())};
  std::ostringstream text;
  text << in.rdbuf();
  return parse_liberty(text.str(), file.string());
}

Result<double> Liberty::gate_equivalent() const {
  const auto nand = cells.find("NAND2X1");
  double area = nand != cells.end() ? nand->second.area : 0.0;
  if (nand == cells.end()) {
    for (const auto& [cell, info] : cells) {
      if (named(cell, "nand2") && info.area > 0.0 && (area <= 0.0 || info.area < area))
        area = info.area;
    }
  }
  if (area <= 0.0)
    return Error{fmt::format("library {} has no two-input NAND cell with an area", name)};
  return area;
}

Result<std::filesystem::path> find_liberty(const std::optional<std::filesystem::path>& chosen) {
  if (!chosen) return find_osu018();
  std::error_code ignored;
  if (std::filesystem::is_regular_file(*chosen, ignored)) return std::filesystem::absolute(*chosen);
  return Error{fmt::format("cannot read the Liberty file {}", chosen->string()),
               ErrorKind::kMismatch};
}

Result<Liberty> load_cells(const std::filesystem::path& file) {
  Result<Liberty> library = read_liberty(file);
  if (!library) return Error{library.error().message, ErrorKind::kMismatch};
  const auto incomplete = [&file](std::string_view what) {
    return Error{fmt::format("{}: the library is incomplete: {}", file.string(), what),
                 ErrorKind::kMismatch};
  };
  if (!library.value().gate_equivalent()) return incomplete("no two-input NAND cell with an area");
  const auto has = [&library](auto&& which) {
    return std::ranges::any_of(library.value().cells, which);
  };
  if (!has([](const auto& cell) {
        return cell.second.has_function && !cell.second.sequential && named(cell.first, "inv");
      })) {
    return incomplete("no inverter with a function");
  }
  if (!has([](const auto& cell) { return cell.second.sequential; }))
    return incomplete("no flip-flop");
  return library;
}

Result<std::filesystem::path> find_osu018() {
  std::vector<std::filesystem::path> places;
  if (const char* chosen = std::getenv("BAT_LIBERTY"); chosen != nullptr) {
    places.emplace_back(chosen);
  } else {
    places = {"/usr/share/qflow/tech/osu018/osu018_stdcells.lib",
              "/usr/local/share/qflow/tech/osu018/osu018_stdcells.lib"};
  }
  for (const std::filesystem::path& place : places) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(place, ignored)) return place;
  }
  return Error{fmt::format("{} is not there; install it with: apt-get install qflow-tech-osu018",
                           places.front().string()),
               ErrorKind::kMissingTool};
}

}  // namespace bat::synth
