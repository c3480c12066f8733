// SPDX-License-Identifier: Apache-2.0
// Cycles of a model on a configuration, from the cycle model: what `estimate` and `report` share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/random_workload.hpp"
#include "models/bmt/model.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/estimate/estimate.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/compiler.hpp"

namespace bat::cli {

struct CycleOptions {
  std::vector<int> tokens;  ///< of the sentences in turn; empty: the most that fit
  int sentences = 1;        ///< of a program at most
  int queue = 8;            ///< programs, one behind the other
  MemoryModel memory;
};

struct CycleEstimate {
  Estimate queue;  ///< of all programs; `cycles` and `ops` are those of the first one alone
  Estimate alone;  ///< of the first program alone
  Program first;
};

Result<CycleEstimate> estimate_cycles(const Config& config, const Plan& plan,
                                      const bmt::Model& model, const CycleOptions& options);

/// Cycles that a report of a configuration carries: of its reference model, a random one of two
/// layers at its limits, one sentence a program of as many tokens as fit, default memory. Keys:
/// reference (what was asked), cycles (the first program alone), steady_cycles (a program among
/// others).
Result<nlohmann::ordered_json> reference_cycles(const Config& config);

/// The model that `name` (or, where that is empty, the configuration) names; random ones are made.
Result<bmt::Model> find_or_make_model(const Config& config, const std::string& name,
                                      const RandomWorkloadOptions& random);

}  // namespace bat::cli
