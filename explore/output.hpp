// SPDX-License-Identifier: Apache-2.0
// Results of an exploration as files.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "explore/exploration.hpp"
#include "synth/page.hpp"

namespace bat::explore {

/// Keys: space, objectives, statistics, points[] with number, model, device, target, clock_mhz,
/// configuration (the axes), metrics. No times: the same space gives the same text.
nlohmann::ordered_json to_json(const Exploration& exploration, const Front& front);
/// One row a point: number, model, platform, axes, metrics.
std::string to_csv(const Exploration& exploration, const Front& front);
/// A table of the first `most` points for people.
std::string to_text(const Exploration& exploration, const Front& front, std::size_t most);
/// TOML of a point's configuration, ready for `batkit check`, `run` and `synth`.
std::string configuration_text(const Exploration& exploration, const Point& point);

/// The front to look at: points by any two metrics, a click shows the configuration.
synth::Page to_page(const Exploration& exploration, const Front& front);

/// Writes front.csv, front.json and, `with_page`, front.html into `folder`, each whole or not at
/// all. The page needs D3 (synth::find_d3).
Status write_results(const Exploration& exploration, const Front& front,
                     const std::filesystem::path& folder, bool with_page);

}  // namespace bat::explore
