// SPDX-License-Identifier: Apache-2.0
// Text of synth/energy_model/runs.jsonl, embedded at build time.
#pragma once

#include <string_view>

namespace bat::synth {

std::string_view energy_runs();

}  // namespace bat::synth
