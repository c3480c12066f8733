// SPDX-License-Identifier: Apache-2.0
// Files that the build puts into the program.
#pragma once

#include <string_view>

namespace bat::explore {

/// explore/devices.toml.
std::string_view builtin_devices();
/// explore/spaces/select.toml: what `batkit select` chooses from.
std::string_view builtin_select_space();

}  // namespace bat::explore
