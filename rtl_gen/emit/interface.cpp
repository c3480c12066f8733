// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/interface.hpp"

#include <fmt/format.h>

#include <cctype>
#include <sstream>

namespace bat::emit {
namespace {

std::string strip_comments(std::string_view source) {
  std::string text;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source.substr(i, 2) == "//") {
      while (i < source.size() && source[i] != '\n') ++i;
      text += '\n';
    } else if (source.substr(i, 2) == "/*") {
      const std::size_t end = source.find("*/", i + 2);
      i = end == std::string_view::npos ? source.size() : end + 1;
      text += ' ';
    } else {
      text += source[i];
    }
  }
  return text;
}

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// First position of `word` as a whole word at or after `from`.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool left = at == 0 || !is_name(text[at - 1]);
    const bool right = at + word.size() >= text.size() || !is_name(text[at + word.size()]);
    if (left && right) return at;
  }
  return std::string_view::npos;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

std::string_view trim(std::string_view text) {
  const std::size_t start = skip_space(text, 0);
  std::size_t end = text.size();
  while (end > start && std::isspace(static_cast<unsigned char>(text[end - 1]))) --end;
  return text.substr(start, end - start);
}

/// Content of the parentheses that open at `at`; moves `at` behind them. Empty if unbalanced.
std::string_view group(std::string_view text, std::size_t& at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) {
      const std::string_view inside = text.substr(at + 1, i - at - 1);
      at = i + 1;
      return inside;
    }
  }
  return {};
}

std::vector<std::string_view> split_at_commas(std::string_view list) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i == list.size() || (list[i] == ',' && depth == 0)) {
      if (const auto part = trim(list.substr(start, i - start)); !part.empty()) {
        parts.push_back(part);
      }
      start = i + 1;
      continue;
    }
    if (list[i] == '(' || list[i] == '[' || list[i] == '{') ++depth;
    if (list[i] == ')' || list[i] == ']' || list[i] == '}') --depth;
  }
  return parts;
}

/// Removes `word` from the front of `text` if it is there.
bool take_word(std::string_view& text, std::string_view word) {
  text = trim(text);
  if (find_word(text, word, 0) != 0) return false;
  text = trim(text.substr(word.size()));
  return true;
}

Status read_parameter(std::string_view text, bool& is_local, Interface& out) {
  if (take_word(text, "parameter")) is_local = false;
  if (take_word(text, "localparam")) is_local = true;
  take_word(text, "int");
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Error{fmt::format("module {}: parameter '{}' has no value", out.name, text)};
  }
  InterfaceParameter parameter{std::string(trim(text.substr(0, equals))),
                               std::string(trim(text.substr(equals + 1)))};
  for (const char c : parameter.name) {
    if (!is_name(c)) {
      return Error{fmt::format("module {}: only `parameter int` is read, not '{}'", out.name,
                               parameter.name)};
    }
  }
  (is_local ? out.derived : out.parameters).push_back(std::move(parameter));
  return Ok{};
}

/// `[msb:lsb]` at the front of `text` -> width expression; no range -> "1".
std::string take_range(std::string_view& text) {
  if (text.empty() || text[0] != '[') return "1";
  const std::size_t close = text.find(']');
  const std::string_view range = text.substr(1, close - 1);
  const std::size_t colon = range.rfind(':');
  const std::string width =
      fmt::format("({}) - ({}) + 1", trim(range.substr(0, colon)), trim(range.substr(colon + 1)));
  text = trim(text.substr(close + 1));
  return width;
}

Status read_port(std::string_view text, InterfacePort& previous, Interface& out) {
  bool typed = true;
  if (take_word(text, "input")) {
    previous.direction = Direction::kInput;
  } else if (take_word(text, "output")) {
    previous.direction = Direction::kOutput;
  } else {
    typed = false;
  }
  if (take_word(text, "logic") || take_word(text, "wire")) typed = true;
  take_word(text, "signed");
  if (typed) previous.width = take_range(text);
  previous.name = std::string(trim(text));
  if (previous.name.empty() || previous.width.empty()) {
    return Error{fmt::format("module {}: port '{}' is not understood", out.name, text)};
  }
  for (const char c : previous.name) {
    if (!is_name(c)) {
      return Error{fmt::format("module {}: port '{}' is not understood", out.name, previous.name)};
    }
  }
  out.ports.push_back(previous);
  return Ok{};
}

}  // namespace

Result<Interface> read_interface(std::string_view source) {
  const std::string stripped = strip_comments(source);
  const std::string_view text = stripped;
  std::size_t at = find_word(text, "module", 0);
  if (at == std::string_view::npos) return Error{"no module found"};
  at = skip_space(text, at + 6);
  Interface result;
  while (at < text.size() && is_name(text[at])) result.name += text[at++];
  at = skip_space(text, at);
  if (at < text.size() && text[at] == '#') {
    at = skip_space(text, at + 1);
    bool is_local = false;
    for (const std::string_view part : split_at_commas(group(text, at))) {
      if (const Status status = read_parameter(part, is_local, result); !status) {
        return status.error();
      }
    }
  }
  at = skip_space(text, at);
  if (at >= text.size() || text[at] != '(') {
    return Error{fmt::format("module {}: no port list", result.name)};
  }
  InterfacePort port;
  for (const std::string_view part : split_at_commas(group(text, at))) {
    if (const Status status = read_port(part, port, result); !status) return status.error();
  }
  return result;
}

Result<Constants> read_package(std::string_view source) {
  const std::string stripped = strip_comments(source);
  const std::string_view text = stripped;
  std::size_t at = find_word(text, "package", 0);
  if (at == std::string_view::npos) return Error{"no package found"};
  const std::size_t name_end = text.find(';', at);
  const std::string package(trim(text.substr(at + 7, name_end - at - 7)));
  Constants local;
  Constants result;
  for (at = find_word(text, "localparam", 0); at != std::string_view::npos;
       at = find_word(text, "localparam", at + 1)) {
    std::string_view line = text.substr(at + 10, text.find(';', at) - at - 10);
    take_word(line, "int");
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(trim(line.substr(0, equals)));
    const auto value = evaluate(trim(line.substr(equals + 1)), local);
    if (!value) return value.error();
    local[name] = value.value();
    result[package + "::" + name] = value.value();
  }
  return result;
}

Result<Constants> resolve_parameters(const Interface& module, const Constants& overrides,
                                     const Constants& package_constants) {
  Constants values = package_constants;
  for (const auto& [name, value] : overrides) {
    bool known = false;
    for (const InterfaceParameter& parameter : module.parameters) known |= parameter.name == name;
    if (!known) return Error{fmt::format("module {} has no parameter '{}'", module.name, name)};
    values[name] = value;
  }
  const auto fill = [&](const std::vector<InterfaceParameter>& list) -> Status {
    for (const InterfaceParameter& parameter : list) {
      if (values.contains(parameter.name)) continue;
      const auto value = evaluate(parameter.default_value, values);
      if (!value) return value.error();
      values[parameter.name] = value.value();
    }
    return Ok{};
  };
  if (const Status status = fill(module.parameters); !status) return status.error();
  if (const Status status = fill(module.derived); !status) return status.error();
  return values;
}

}  // namespace bat::emit
