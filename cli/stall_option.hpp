// SPDX-License-Identifier: Apache-2.0
// The option --stall of run and verify.
#pragma once

#include <map>
#include <string>

#include "sim/axi/stall.hpp"

namespace bat::cli {

/// Names for CLI::CheckedTransformer.
inline std::map<std::string, sim::StallMode> stall_modes() {
  std::map<std::string, sim::StallMode> modes;
  for (std::size_t i = 0; i < sim::kStallModeNames.size(); ++i) {
    modes.emplace(sim::kStallModeNames[i], static_cast<sim::StallMode>(i));
  }
  return modes;
}

}  // namespace bat::cli
