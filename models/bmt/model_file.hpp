// SPDX-License-Identifier: Apache-2.0
// Model files: docs/numerics.md section 4.
#pragma once

#include <filesystem>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Reads and validates a model. Checks the hash, dtype and shape of each tensor and that none is
/// missing or unknown; messages name the tensor and the rule.
Result<Model> load_model(const std::filesystem::path& path);

/// Validates `model` and writes it, whole or not at all.
Status save_model(const Model& model, const std::filesystem::path& path);

}  // namespace bat::bmt
