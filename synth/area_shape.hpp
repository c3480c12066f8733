// SPDX-License-Identifier: Apache-2.0
// What the area model knows about the architecture: which modules there are and how often, which
// quantities their area may depend on, and every memory with its size.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::synth {

/// Quantities of a configuration that the area of a module may depend on.
struct AreaFeature {
  std::string_view name;
  double (*value)(const Config&, const Plan&);
};

inline constexpr std::size_t kAreaFeatures = 67;
std::span<const AreaFeature, kAreaFeatures> area_features();
std::array<double, kAreaFeatures> area_feature_values(const Config& config, const Plan& plan);

/// A module with an area model of its own. Modules that are not listed count with the one that
/// instantiates them.
struct AreaModule {
  std::string_view name;
  double (*instances)(const Config&, const Plan&);
  bool by_popcount =
      false;  ///< a table of every structure, depth and number of registers instead of a fit
};

std::span<const AreaModule> area_modules();

/// A memory of the design.
struct AreaMemory {
  int width = 0;
  int depth = 0;
  int groups = 1;  ///< write enables
  int count = 0;   ///< instances

  friend auto operator<=>(const AreaMemory&, const AreaMemory&) = default;
};

inline constexpr std::size_t kMostMemories = 32;

/// The memories of a configuration; those behind `size` are empty.
struct AreaMemories {
  std::array<AreaMemory, kMostMemories> list;
  std::size_t size = 0;

  void add(int width, int depth, int groups, int count);
};

AreaMemories area_memories(const Config& config, const Plan& plan);

/// What one memory uses on xcup in the project's flow.
struct MemoryArea {
  double lut = 0.0;
  double ff = 0.0;
  double bram36 = 0.0;
};

MemoryArea memory_area(const AreaMemory& memory);

}  // namespace bat::synth
