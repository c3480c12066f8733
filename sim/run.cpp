// SPDX-License-Identifier: Apache-2.0
#include "sim/run.hpp"

#include <fmt/format.h>

#include "rtl_gen/program/isa.hpp"
#include "sim/bench.hpp"

namespace bat::sim {

std::vector<std::string> counter_faults(const Counters& counters) {
  std::vector<std::string> faults;
  for (std::size_t unit = 0; unit < isa::kNumUnits; ++unit) {
    const std::size_t at = 1 + 3 * unit;
    const std::uint64_t sum = counters[at] + counters[at + 1] + counters[at + 2];
    if (sum == counters[0]) continue;
    faults.push_back(fmt::format("counters {} + {} + {}: {} cycles of {}", kCounterNames[at],
                                 kCounterNames[at + 1], kCounterNames[at + 2], sum, counters[0]));
  }
  return faults;
}

nlohmann::ordered_json RunResult::json() const {
  nlohmann::ordered_json object{{"config", config},
                                {"model", model},
                                {"samples", samples},
                                {"bit_exact", bit_exact},
                                {"mismatches", mismatches},
                                {"compared_bits", compared_bits},
                                {"accuracy", nullptr},
                                {"cycles_per_sample", cycles_per_sample},
                                {"qmm_utilization", qmm_utilization},
                                {"sim_cycles_per_second", sim_cycles_per_second}};
  if (accuracy) object["accuracy"] = *accuracy;
  nlohmann::ordered_json list = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < counters.size(); ++i) list[kCounterNames[i]] = counters[i];
  object["counters"] = list;
  if (!violations.empty()) object["violations"] = violations;
  return object;
}

Result<RunResult> run(const Config& config, const bmt::Model& model,
                      const std::vector<bmt::Sample>& samples, const RunOptions& options) {
  const Result<Bench> bench = Bench::create(config, options);
  if (!bench.ok()) return bench.error();
  const std::string names = fmt::format(
      "batkit run {} --model {} --count {} --stall {} --seed {} --tensors", config.name, model.name,
      samples.size(), kStallModeNames[static_cast<std::size_t>(options.stall)], options.seed);
  return bench.value().run(model, samples, options,
                           options.replay.empty() ? names : options.replay);
}

}  // namespace bat::sim
