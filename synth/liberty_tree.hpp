// SPDX-License-Identifier: Apache-2.0
// Syntax of Liberty files: `group (arguments) { statements }`, `name : value ;` and
// `name (arguments) ;`, nested freely.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::synth {

struct LibertyStatement {
  std::string name;
  std::vector<std::string> arguments;     ///< in parentheses; a quoted text is one argument
  std::string value;                      ///< of `name : value ;`, words joined by blanks
  std::vector<LibertyStatement> members;  ///< of a group
  std::size_t line = 1;                   ///< of the name

  /// The first argument, "" without any.
  std::string_view argument() const {
    return arguments.empty() ? std::string_view{} : std::string_view(arguments.front());
  }
  /// The first member of that name, or nullptr.
  const LibertyStatement* find(std::string_view member) const;
  /// The value of the attribute of that name, "" without one.
  std::string_view attribute(std::string_view member) const;
};

/// The group `library` of a file's text. `origin` names the text in errors, which carry a line
/// number.
Result<LibertyStatement> parse_liberty_tree(std::string_view text, std::string_view origin);

}  // namespace bat::synth
