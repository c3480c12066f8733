// SPDX-License-Identifier: Apache-2.0
// The JSON object `bmt` in the metadata of a model file.
#pragma once

#include <string>
#include <string_view>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Versions of the file: all, and those in which rows of matrices may be packed.
inline constexpr int kPlainVersion = 1;
inline constexpr int kPackedVersion = 2;

/// Everything of `model` but its tensors and its vocabulary.
std::string metadata_json(const Model& model, int version = kPlainVersion);

/// The inverse: a model with all shape fields, `layers` and `pooler` sized but empty. Numbers are
/// within the limits of docs/numerics.md section 5. Keys it does not know are ignored. `version`,
/// if there, takes the version of the file.
Result<Model> parse_metadata(std::string_view json, int* version = nullptr);

}  // namespace bat::bmt
