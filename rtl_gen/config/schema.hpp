// SPDX-License-Identifier: Apache-2.0
// The table of configuration keys. Parser, validation, canonical text and printed schema all read
// it, so none of them can disagree with another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "rtl_gen/config/config.hpp"

namespace bat::config {

/// Access to the member that a key sets; the alternative is the type of the key.
using Member = std::variant<int& (*)(Config&), bool& (*)(Config&), Popcount& (*)(Config&),
                            bmt::Protection& (*)(Config&), std::string& (*)(Config&)>;

/// One key of the file.
struct Key {
  std::string_view section;  ///< empty for the top level
  std::string_view name;
  Member member;
  int min = 0;  ///< integers only
  int max = 0;
  bool power_of_two = false;  ///< integers only; 0 is exempt where min is 0
  std::string_view meaning;
  bool younger = false;  ///< than the hash, which leaves it out while it has its default

  /// "section.name", or "name" at the top level.
  std::string path() const;
};

/// All keys, section by section.
std::span<const Key> keys();

/// A broken rule: the key it belongs to, the rule, and the nearest legal value of that key.
struct Violation {
  std::string key;
  std::string rule;
  std::string nearest;
};

/// The first broken rule, single values before combinations.
std::optional<Violation> find_violation(const Config& config);

/// Value of `key` as TOML text.
std::string value_text(const Key& key, const Config& config);

/// Type and range of a key for people, such as "power of two, 1 .. 64".
std::string range_text(const Key& key);

inline constexpr std::string_view kPopcountNames[] = {"flat", "fa_tree", "lut6", "chain",
                                                      "block14"};

}  // namespace bat::config
