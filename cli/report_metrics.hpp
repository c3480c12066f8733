// SPDX-License-Identifier: Apache-2.0
// The numbers of a report: metrics.json. What is shown elsewhere is read from here.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/cycle_estimate.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "sim/run.hpp"

namespace bat::cli {

struct ReportInputs {
  Config config;
  Plan plan;
  std::string command;  ///< that repeats the report
  std::string model;
  std::vector<int> tokens;
  CycleOptions options;
  CycleEstimate cycles;
  std::optional<sim::RunResult> run;
  std::vector<nlohmann::ordered_json>
      synthesis;  ///< what `batkit synth --json-file` writes, one a target
  std::vector<nlohmann::ordered_json> energy;  ///< the same of `batkit synth --energy`
};

/// Keys: config, config_hash, configuration, version, command, shape, area.predicted,
/// area.predicted_modules, area.measured.TARGET, cycles.predicted, cycles.measured, timeline,
/// comparison, peers; with runs on a netlist also energy.ungated and energy.gated.
Result<nlohmann::ordered_json> report_metrics(const ReportInputs& inputs);

}  // namespace bat::cli
