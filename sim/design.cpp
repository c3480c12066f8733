// SPDX-License-Identifier: Apache-2.0
#include "sim/design.hpp"

#include <filesystem>

#include "rtl_gen/generate.hpp"

namespace bat::sim {

Result<std::vector<RtlFile>> rtl_files(const Config& config, const Plan& plan) {
  const Result<GeneratedDesign> design = generate_design(config, plan);
  if (!design.ok()) return design.error();
  std::vector<RtlFile> files;
  for (const GeneratedFile& source : design.value().sources) {
    files.push_back({std::filesystem::path(source.name).filename().string(), source.text});
  }
  return files;
}

}  // namespace bat::sim
