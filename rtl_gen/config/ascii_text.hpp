// SPDX-License-Identifier: Apache-2.0
// What has to be done to a text before toml++ reads it.
#pragma once

#include <string>
#include <string_view>

#include "models/io/result.hpp"

namespace bat::config {

/// The text with every character beyond ASCII in a comment replaced; an error for one elsewhere,
/// where no key or value may hold it. toml++ 3.3 runs into undefined behaviour on some of them
/// between tokens (a letter such as U+00E9 in its test for white space).
Result<std::string> ascii_text(std::string_view text, std::string_view source);

}  // namespace bat::config
