// SPDX-License-Identifier: Apache-2.0
// Two reports of `batkit synth` of the same configuration and target side by side: what changed,
// module by module, and whether a total grew by more than the earlier report tolerates.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "synth/counts.hpp"

namespace bat::synth {

/// A total: its JSON key, and by what share of itself it may grow where the earlier report says
/// nothing else.
struct Metric {
  const char* key;
  double tolerance;
};

/// Totals that are compared on a target, the first being what its modules are listed by. Areas,
/// flip-flops and carries may grow by 5 %, paths by 10 %, cycles by 0.5 %; multiplier blocks and
/// memories must not grow.
std::vector<Metric> compared_metrics(Target target);

/// The tolerances of a new report, the object `tolerance`: metric -> share.
nlohmann::ordered_json default_tolerance(Target target);

struct TotalChange {
  std::string metric;
  double before = 0.0;
  double after = 0.0;
  double tolerance = 0.0;
  bool grew() const { return after > before * (1.0 + tolerance) + 1e-9; }
};

/// A module of either report; what one does not have is 0 there.
struct ModuleChange {
  std::string name;
  std::string parameters;
  std::uint64_t instances_before = 0;
  std::uint64_t instances_after = 0;
  /// Of one instance, without the modules inside it, by metric.
  std::map<std::string, double> own_before;
  std::map<std::string, double> own_after;
  double path_before_ns = 0.0;  ///< slowest register path; 0: not in both reports
  double path_after_ns = 0.0;
  bool changed() const {
    return instances_before != instances_after || own_before != own_after ||
           path_before_ns != path_after_ns;
  }
};

struct Comparison {
  std::string config;
  Target target = Target::kXcup;
  std::vector<TotalChange> totals;
  std::vector<ModuleChange> modules;  ///< all, the largest change first
  std::vector<std::string> notes;     ///< what else differs: tools, library, configuration
  bool grew() const;
};

/// Reads an earlier report. Errors: unreadable, no JSON, no report of `batkit synth`.
Result<nlohmann::json> load_report(const std::filesystem::path& file);

/// Errors: another configuration (by name), another target, mapped for another clock, or tolerances
/// that are no numbers from 0 on. A report without cycles or timing is compared without them.
Result<Comparison> compare_reports(const nlohmann::json& before, const nlohmann::json& after);

nlohmann::ordered_json to_json(const Comparison& comparison);
std::string to_markdown(const Comparison& comparison);

}  // namespace bat::synth
