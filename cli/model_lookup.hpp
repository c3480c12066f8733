// SPDX-License-Identifier: Apache-2.0
// Finds the model and the data that a person means.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/io/result.hpp"

namespace bat::cli {

/// Where the trained models are.
std::filesystem::path zoo_folder();

/// A path, or a zoo name such as "fashion-nano". Errors list the names of the zoo.
Result<std::filesystem::path> find_model(const std::string& name_or_path);

/// Loads the model and up to `count` samples (0: all) of `input` (empty: the model's own test set).
struct Workload {
  bmt::Model model;
  std::vector<bmt::Sample> samples;
};
Result<Workload> load_workload(const std::string& model, const std::string& input,
                               std::size_t count);

}  // namespace bat::cli
