// SPDX-License-Identifier: Apache-2.0
// Resources of each module of a configuration, mapped alone and remembered: modules that were met
// before, in any configuration, are not mapped again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/counts.hpp"
#include "synth/synthesize.hpp"

namespace bat::synth {

struct ModuleCost {
  std::string base;  ///< name in the source
  std::map<std::string, std::string> parameters;
  std::uint64_t instances = 0;
  std::map<std::string, std::uint64_t> children;  ///< by name in the map
  Resources own;                                  ///< one instance, without other modules inside it
};

/// Modules by the name that tells variants apart.
struct ModuleCosts {
  std::map<std::string, ModuleCost> modules;
  std::size_t mapped = 0;  ///< those that were not in the cache

  Resources total() const;
};

/// Elaborates the configuration and maps what `cache` does not hold. The key of an entry is the
/// text of the module, of the commands that map it, and the version of the tool. The sum is what
/// `synthesize` reports. `top` may be any module that is generated without parameters, such as
/// `popcount`.
Result<ModuleCosts> module_costs(const Config& config, Target target,
                                 const std::filesystem::path& cache, const SynthOptions& options,
                                 const std::string& top = "bat_top");

}  // namespace bat::synth
