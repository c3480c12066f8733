// SPDX-License-Identifier: Apache-2.0
// Which hand-written modules a design uses, and in which order its files are read.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bat {

/// Emitted modules by name, with the hand-written modules that they or those use: every file after
/// the ones that it names, bat_pkg first and `top` last. A module uses another if its text,
/// comments aside, holds the other's name as a word.
std::vector<std::pair<std::string, std::string>> source_order(
    const std::map<std::string, std::string, std::less<>>& emitted, const std::string& top);

}  // namespace bat
