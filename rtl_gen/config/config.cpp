// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/config/config.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/io/sha256.hpp"
#include "rtl_gen/config/schema.hpp"

namespace bat {
namespace {

using config::Key;

/// Keys of the sections; for the hash without the top level and without keys that are younger than
/// the hash while they have their default.
std::string text_of(const Config& config, bool for_hash) {
  static const Config kDefaults;
  std::string text;
  std::string_view section;
  for (const Key& key : config::keys()) {
    if (key.section.empty() && for_hash) continue;
    const std::string value = config::value_text(key, config);
    if (for_hash && key.younger && value == config::value_text(key, kDefaults)) continue;
    if (key.section != section) {
      section = key.section;
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    text += fmt::format("{} = {}\n", key.name, value);
  }
  return text;
}

}  // namespace

Status validate(const Config& config) {
  const auto violation = config::find_violation(config);
  if (!violation) return Ok{};
  return Error{fmt::format("{}: {}; nearest legal value is {}", violation->key, violation->rule,
                           violation->nearest)};
}

std::string canonical_text(const Config& config) { return text_of(config, false); }

std::string config_hash(const Config& config) {
  const std::string text = text_of(config, true);
  return io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::uint32_t config_hash32(const Config& config) {
  return static_cast<std::uint32_t>(std::stoul(config_hash(config).substr(56), nullptr, 16));
}

std::string config_schema_text() {
  std::string text;
  std::string_view section = "-";
  const Config defaults;
  for (const Key& key : config::keys()) {
    if (key.section != section) {
      section = key.section;
      if (!section.empty()) text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{:<22} {:<40} default {:<14} {}\n", key.name, config::range_text(key),
                        config::value_text(key, defaults), key.meaning);
  }
  return text;
}

std::string config_schema_json() {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const Config defaults;
  for (const Key& key : config::keys()) {
    nlohmann::ordered_json entry;
    entry["key"] = key.path();
    entry["range"] = config::range_text(key);
    entry["default"] = nlohmann::ordered_json::parse(config::value_text(key, defaults));
    entry["meaning"] = key.meaning;
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string_view to_string(Popcount popcount) {
  return config::kPopcountNames[static_cast<std::size_t>(popcount)];
}

}  // namespace bat
