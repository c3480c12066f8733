// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace bat::explore {

/// Called now and then from one thread: what is done, how much of how much.
using Progress = std::function<void(std::string_view what, std::size_t done, std::size_t total)>;

}  // namespace bat::explore
