// SPDX-License-Identifier: Apache-2.0
#include "cli/model_lookup.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/bmt/dataset.hpp"
#include "models/bmt/model_file.hpp"

namespace bat::cli {
namespace {

namespace fs = std::filesystem;

const fs::path kZoo = fs::path(BATKIT_SOURCE_DIR) / "models" / "zoo";

std::vector<std::string> zoo_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kZoo, error)) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::filesystem::path zoo_folder() { return kZoo; }

Result<fs::path> find_model(const std::string& name_or_path) {
  std::error_code error;
  if (fs::is_regular_file(name_or_path, error)) return fs::path(name_or_path);
  if (name_or_path.find('/') == std::string::npos) {
    const fs::path in_zoo = kZoo / (name_or_path + ".safetensors");
    if (fs::is_regular_file(in_zoo, error)) return in_zoo;
  }
  return Error{fmt::format("model '{}': neither a file nor a name in the zoo ({})", name_or_path,
                           fmt::join(zoo_names(), ", "))};
}

Result<Workload> load_workload(const std::string& model, const std::string& input,
                               std::size_t count) {
  const auto path = find_model(model);
  if (!path.ok()) return path.error();
  auto loaded = bmt::load_model(path.value());
  if (!loaded.ok()) return loaded.error();
  auto samples = bmt::load_dataset(input, loaded.value());
  if (!samples.ok()) return samples.error();
  Workload workload{std::move(loaded).value(), std::move(samples).value()};
  if (workload.samples.empty()) return Error{fmt::format("{}: holds no sample", input)};
  if (count != 0 && count < workload.samples.size()) workload.samples.resize(count);
  return workload;
}

}  // namespace bat::cli
