// SPDX-License-Identifier: Apache-2.0
// One configuration made ready for simulation: plan, generated RTL, compiled library. Any number of
// models and samples run on it.
#pragma once

#include <memory>
#include <vector>

#include "rtl_gen/plan/plan.hpp"
#include "sim/run.hpp"
#include "sim/verilated_library.hpp"

namespace bat::sim {

class Bench {
 public:
  /// Library for `backend` and the level of observation in `options` (check, trace, cache). The
  /// golden and interpreter backends need none.
  static Result<Bench> create(const Config& config, const RunOptions& options);
  /// The same with RTL files given, for instance with a planted fault.
  static Result<Bench> create(const Config& config, const RunOptions& options,
                              std::vector<RtlFile> files);

  const Config& config() const { return config_; }
  const Plan& plan() const { return plan_; }
  const std::shared_ptr<const VerilatedLibrary>& library() const { return library_; }

  /// One device from reset to the last sample. `replay` goes into mismatches.
  Result<RunResult> run(const bmt::Model& model, const std::vector<bmt::Sample>& samples,
                        const RunOptions& options, const std::string& replay) const;

 private:
  Bench(const Config& config, const Plan& plan) : config_(config), plan_(plan) {}

  Config config_;
  Plan plan_;
  std::shared_ptr<const VerilatedLibrary> library_;
};

}  // namespace bat::sim
