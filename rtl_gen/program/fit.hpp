// SPDX-License-Identifier: Apache-2.0
// Whether a model fits an accelerator.
#pragma once

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat {

/// Every limit and feature that `model` needs; the message names the first key that is too small,
/// what the model needs, and the value to set.
Status check_fit(const Config& config, const bmt::Model& model);

}  // namespace bat
