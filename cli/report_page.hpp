// SPDX-License-Identifier: Apache-2.0
// metrics.json as a page for people: every number is one of the metrics.
#pragma once

#include <nlohmann/json.hpp>

#include "synth/page.hpp"

namespace bat::cli {

synth::Page report_page(const nlohmann::ordered_json& metrics);

}  // namespace bat::cli
