// SPDX-License-Identifier: Apache-2.0
// Energy of a model on the mapped netlist of a configuration: what `batkit synth --energy` shows.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/random_workload.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/energy_model.hpp"
#include "synth/energy_report.hpp"

namespace bat::cli {

struct EnergyRequest {
  std::string model;             ///< file or zoo name, or "random"; empty: the configuration's
  RandomWorkloadOptions random;  ///< of a random model
  std::size_t samples = 1;       ///< of the model's test set
  synth::EnergyOptions options;
  std::optional<std::filesystem::path> work_dir;
};

struct EnergyResult {
  synth::EnergyReport report;
  synth::EnergyRun run;
  synth::EnergySample sample;  ///< what the energy model fits
};

/// Maps the design, runs the samples on the netlist beside the golden model, and gives the energy
/// from the first job to the last logit. A mismatch is a result, not an error.
Result<EnergyResult> energy_of(const Config& config, const EnergyRequest& request);

}  // namespace bat::cli
