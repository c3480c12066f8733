// SPDX-License-Identifier: Apache-2.0
// Small configurations that together reach every parameter of docs/architecture.md section 1 at its
// edges and every feature alone and combined.
#pragma once

#include <vector>

#include "rtl_gen/config/config.hpp"

namespace bat::grid {

std::vector<Config> configs();

}  // namespace bat::grid
