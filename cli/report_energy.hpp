// SPDX-License-Identifier: Apache-2.0
// The part of a report's page about energy.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "synth/page.hpp"

namespace bat::cli {

/// Of the runs in `metrics.energy` ("ungated", "gated"; what `batkit synth --energy` writes):
/// totals beside each other and, for each run, energy by unit as bars and table. nullopt without a
/// run.
std::optional<synth::Section> energy_section(const nlohmann::ordered_json& metrics);

/// The JSON pointer of the run whose figures stand at the top: the gated one where there are both;
/// "" without a run.
std::string leading_energy(const nlohmann::ordered_json& metrics);

}  // namespace bat::cli
