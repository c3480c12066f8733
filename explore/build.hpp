// SPDX-License-Identifier: Apache-2.0
// Builds points of a front and compares what was predicted with what was measured.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
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
  /// Share of the measured value; of the predicted one where nothing was measured.
  double error() const;
};

/// How far predictions of a metric are off, over all points.
struct ErrorSummary {
  int points = 0;
  double mean = 0;   ///< of the absolute errors, as shares
  double worst = 0;  ///< largest absolute error
};

struct BuildReport {
  std::vector<Comparison> comparisons;  ///< point by point
  std::vector<std::string> failures;    ///< "job: last lines of its log"
  std::map<std::string, ErrorSummary> summary() const;
};

/// `count` points of a front that are unlike each other: its two ends, then each time the point
/// whose model, platform and values of the axes were chosen most seldom (a value chosen n times
/// counts 1 / (n + 1)).
std::vector<std::size_t> spread(const Exploration& exploration, const Front& front,
                                std::size_t count);

/// Simulates and synthesizes points with `batkit` (its path; `version` is part of what a result
/// depends on) in jobs of the launcher. What an earlier call in the folder has finished for the
/// same configuration and model is not done again. The configurations stay in FOLDER/build.
Result<BuildReport> build_points(const Exploration& exploration, const Front& front,
                                 const std::vector<std::size_t>& points, const std::string& batkit,
                                 const std::string& version, const LaunchOptions& options);

nlohmann::ordered_json to_json(const BuildReport& report);
/// A Markdown table, a row a point, then mean and worst error.
std::string to_text(const BuildReport& report);

}  // namespace bat::explore
