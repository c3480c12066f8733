// SPDX-License-Identifier: Apache-2.0
// Builds points of a front and compares what was predicted with what was measured.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "explore/exploration.hpp"
#include "explore/launcher.hpp"

namespace bat::explore {

struct Comparison {
  std::string name;
  std::string metric;
  double predicted = 0;
  double measured = 0;
  double error() const { return measured == 0 ? 0 : (predicted - measured) / measured; }
};

struct BuildReport {
  std::vector<Comparison> comparisons;
  std::vector<std::string> failures;  ///< "job: last lines of its log"
};

/// `count` points spread evenly over the front, its ends among them.
std::vector<std::size_t> spread(std::size_t points, std::size_t count);

/// Simulates and synthesizes points with `batkit` (its path) in jobs of the launcher. The
/// configurations stay in FOLDER/build.
Result<BuildReport> build_points(const Exploration& exploration, const Front& front,
                                 const std::vector<std::size_t>& points, const std::string& batkit,
                                 const LaunchOptions& options);

nlohmann::ordered_json to_json(const BuildReport& report);
std::string to_text(const BuildReport& report);

}  // namespace bat::explore
