// SPDX-License-Identifier: Apache-2.0
// Text of synth/area_model/coefficients.json, embedded at build time.
#pragma once

#include <string_view>

namespace bat::synth {

std::string_view area_coefficients();

}  // namespace bat::synth
