// SPDX-License-Identifier: Apache-2.0
// Text of the C++ files that are compiled together with a verilated design.
#pragma once

#include <span>

namespace bat::sim {

struct SourceFile {
  const char* path;  ///< relative to the repository root, such as "sim/axi/bus.hpp"
  const char* text;
};

std::span<const SourceFile> harness_sources();

}  // namespace bat::sim
