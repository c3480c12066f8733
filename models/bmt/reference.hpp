// SPDX-License-Identifier: Apache-2.0
// docs/numerics.md as straight loops over values: slow, and the yardstick of the packed golden
// model.
#pragma once

#include <cstdint>
#include <vector>

#include "models/bmt/golden.hpp"

namespace bat::bmt {

/// Same results, taps and errors as GoldenModel::logits.
Result<std::vector<std::int32_t>> reference_logits(const Model& model, const Sample& sample,
                                                   Tap* tap = nullptr);

}  // namespace bat::bmt
