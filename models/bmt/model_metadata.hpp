// SPDX-License-Identifier: Apache-2.0
// The JSON object `bmt` in the metadata of a model file.
#pragma once

#include <string>
#include <string_view>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Everything of `model` but its tensors and its vocabulary.
std::string metadata_json(const Model& model);

/// The inverse: a model with all shape fields, `layers` and `pooler` sized but empty. Numbers are
/// within the limits of docs/numerics.md section 5. Keys it does not know are ignored.
Result<Model> parse_metadata(std::string_view json);

}  // namespace bat::bmt
