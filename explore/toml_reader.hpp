// SPDX-License-Identifier: Apache-2.0
// Typed access to TOML tables with messages that name place, key and rule. Internal to the readers
// of this room.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace bat::explore {

/// One table. The first broken rule stays in `message` and ends all further reading.
class TomlReader {
 public:
  TomlReader(std::string_view source, std::string& message) : source_(source), message_(message) {}

  bool fail(const toml::node& node, std::string_view key, std::string_view rule) {
    if (message_.empty()) {
      const toml::source_position at = node.source().begin;
      message_ = fmt::format("{}:{}:{}: {}: {}", source_, at.line, at.column, key, rule);
    }
    return false;
  }

  /// Every key of `table` is one of `known`.
  bool only(const toml::table& table, std::string_view section,
            std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      const toml::source_position at = key.source().begin;
      message_ =
          fmt::format("{}:{}:{}: {}{}{}: unknown key; known are {}", source_, at.line, at.column,
                      section, section.empty() ? "" : ".", key.str(), fmt::join(known, ", "));
      return false;
    }
    return true;
  }

  bool text(const toml::table& table, std::string_view key, std::string& value) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return true;
    const auto found = node->value_exact<std::string>();
    if (!found) return fail(*node, key, "must be a string");
    value = *found;
    return true;
  }

  template <typename Number>
  bool number(const toml::table& table, std::string_view key, double min, double max,
              Number& value) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return true;
    const auto found = std::numeric_limits<Number>::is_integer
                           ? (node->is_integer() ? node->value<double>() : std::nullopt)
                           : node->value<double>();
    if (!found || node->is_boolean() || !(*found >= min && *found <= max)) {
      return fail(*node, key,
                  fmt::format("must be {} {} .. {}",
                              std::numeric_limits<Number>::is_integer ? "an integer" : "a number",
                              min, max));
    }
    value = static_cast<Number>(*found);
    return true;
  }

  /// A string or a list of strings.
  bool texts(const toml::table& table, std::string_view key, std::vector<std::string>& values) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return true;
    if (node->is_string()) {
      values.push_back(*node->value<std::string>());
      return true;
    }
    const toml::array* list = node->as_array();
    if (list == nullptr || list->empty()) {
      return fail(*node, key, "must be a string or a list of strings that is not empty");
    }
    for (const toml::node& item : *list) {
      const auto found = item.value_exact<std::string>();
      if (!found) return fail(item, key, "must be a list of strings");
      values.push_back(*found);
    }
    return true;
  }

  /// A sub-table; nothing where it is absent, failure where it is something else.
  bool table(const toml::table& parent, std::string_view key, const toml::table*& value) {
    value = nullptr;
    const toml::node* node = parent.get(key);
    if (node == nullptr) return true;
    value = node->as_table();
    return value != nullptr || fail(*node, key, "must be a section");
  }

 private:
  std::string_view source_;
  std::string& message_;
};

}  // namespace bat::explore
