// SPDX-License-Identifier: Apache-2.0
// TOML text to Config. Every complaint carries the position of the key in the file.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <map>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "models/io/atomic_file.hpp"
#include "rtl_gen/config/ascii_text.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/config/schema.hpp"

namespace bat {
namespace {

using config::Key;

bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char ch) {
    return std::isalnum(ch) != 0 || ch == '.' || ch == '_' || ch == '-';
  });
}

/// Known name that shares the longest prefix with `name`; the keys of a section differ early.
std::string_view closest(std::string_view name, const std::vector<std::string_view>& known) {
  const auto shared = [&](std::string_view k) {
    return std::mismatch(k.begin(), k.end(), name.begin(), name.end()).first - k.begin();
  };
  return *std::max_element(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
    return shared(a) < shared(b);
  });
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  Result<Config> run() {
    const Result<std::string> ascii = config::ascii_text(text_, source_);
    if (!ascii.ok()) return ascii.error();
    const toml::parse_result parsed = toml::parse(ascii.value(), source_);
    if (!parsed) {
      return Error{place(parsed.error().source()) + std::string(parsed.error().description())};
    }
    const toml::table& root = parsed.table();
    if (!section("", root)) return Error{std::move(message_)};
    if (const auto violation = config::find_violation(config_)) {
      return Error{fmt::format("{}{}: {}; nearest legal value is {}", position_of(violation->key),
                               violation->key, violation->rule, violation->nearest)};
    }
    return config_;
  }

 private:
  std::string place(const toml::source_region& region) const {
    return fmt::format("{}:{}:{}: ", source_, region.begin.line, region.begin.column);
  }

  /// Where a key is, or its section, or the start of the file when a default is at fault.
  std::string position_of(const std::string& key) const {
    if (const auto it = positions_.find(key); it != positions_.end()) return it->second;
    const auto it = positions_.find(key.substr(0, key.find('.')));
    return it != positions_.end() ? it->second : fmt::format("{}:1:1: ", source_);
  }

  bool fail(std::string message) {
    message_ = std::move(message);
    return false;
  }

  static bool is_section(std::string_view name) {
    return std::any_of(config::keys().begin(), config::keys().end(),
                       [&](const Key& key) { return !name.empty() && key.section == name; });
  }

  static std::vector<std::string_view> known_names(std::string_view section) {
    std::vector<std::string_view> names;
    for (const Key& key : config::keys()) {
      if (key.section == section) names.push_back(key.name);
      if (section.empty() && !key.section.empty()) names.push_back(key.section);
    }
    return names;
  }

  bool section(std::string_view name, const toml::table& table) {
    for (const auto& [toml_key, node] : table) {
      const std::string_view key = toml_key.str();
      const std::string path = name.empty() ? std::string(key) : fmt::format("{}.{}", name, key);
      positions_[path] = place(toml_key.source());
      if (name.empty() && is_section(key)) {
        if (!node.is_table()) return fail(positions_[path] + path + ": must be a section");
        if (!section(key, *node.as_table())) return false;
      } else if (!value(name, key, path, node)) {
        return false;
      }
    }
    return true;
  }

  bool value(std::string_view section, std::string_view name, const std::string& path,
             const toml::node& node) {
    const auto keys = config::keys();
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) {
      return k.section == section && k.name == name;
    });
    if (key == keys.end()) {
      return fail(fmt::format("{}{}: unknown key; nearest legal value is {}{}{}", positions_[path],
                              path, section, section.empty() ? "" : ".",
                              closest(name, known_names(section))));
    }
    const bool stored =
        std::visit([&](auto member) { return store(member(config_), node); }, key->member);
    if (stored) return true;
    return fail(fmt::format("{}{}: must be {}; nearest legal value is {}", positions_[path], path,
                            config::range_text(*key), config::value_text(*key, Config{})));
  }

  static bool store(int& target, const toml::node& node) {
    const auto value = node.value_exact<std::int64_t>();
    // Values outside int are clamped: the range check then names the legal range.
    if (value) target = static_cast<int>(std::clamp<std::int64_t>(*value, INT_MIN, INT_MAX));
    return value.has_value();
  }

  static bool store(bool& target, const toml::node& node) {
    const auto value = node.value_exact<bool>();
    if (value) target = *value;
    return value.has_value();
  }

  static bool store(std::string& target, const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (value) target = *value;
    return value.has_value() && is_name(*value);
  }

  static bool store(Popcount& target, const toml::node& node) {
    return store_name(target, node, config::kPopcountNames);
  }

  static bool store(bmt::Protection& target, const toml::node& node) {
    return store_name(target, node, bmt::kProtectionNames);
  }

  /// A value by its name; `names` are in the order of the values.
  template <typename Value, typename Names>
  static bool store_name(Value& target, const toml::node& node, const Names& names) {
    const auto value = node.value_exact<std::string>();
    const auto* const found = std::find(std::begin(names), std::end(names), value.value_or(""));
    if (found == std::end(names)) return false;
    target = static_cast<Value>(found - std::begin(names));
    return true;
  }

  std::string_view text_;
  std::string_view source_;
  Config config_;
  std::map<std::string, std::string> positions_;
  std::string message_;
};

}  // namespace

Result<Config> parse_config(std::string_view toml, std::string_view source) {
  return Parser(toml, source).run();
}

Result<Config> load_config_file(const std::filesystem::path& path) {
  Result<std::string> text = io::read_text(path);
  if (!text) return text.error();
  return parse_config(text.value(), path.string());
}

Result<Config> load_config(const std::string& name_or_path) {
  const std::string_view named = config_source(name_or_path);
  if (!named.empty()) return parse_config(named, name_or_path + ".toml");
  if (std::filesystem::exists(name_or_path)) return load_config_file(name_or_path);
  return Error{fmt::format("{}: neither a file nor a named configuration; named are {}",
                           name_or_path, fmt::join(config_names(), ", "))};
}

}  // namespace bat
