// SPDX-License-Identifier: Apache-2.0
// Fits the area model (synth/area_model.hpp) on synthesis runs of sampled configurations, and
// measures its error on configurations that were not used.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat::synth {

struct AreaFitOptions {
  int samples = 24;        ///< configurations to fit on, drawn from the legal space
  int held_out = 8;        ///< more of them, for the error only, besides the named configurations
  std::uint64_t seed = 1;  ///< of the drawing
  int jobs = 2;            ///< synthesis runs at a time
  std::filesystem::path cache;  ///< folder of measured modules
  std::chrono::seconds timeout{3600};
  /// Configurations measured so far, all, and the name of the last.
  std::function<void(std::size_t, std::size_t, const std::string&)> progress;
};

/// Quantities compared, in this order.
inline constexpr std::string_view kAreaQuantities[] = {"LUT", "FF", "DSP", "BRAM36", "GE"};

struct AreaError {
  std::string config;
  bool fitted = false;  ///< used for the fit
  double measured[5] = {};
  double predicted[5] = {};

  /// |predicted - measured| / measured; 0 where both are 0, and 1 where only one is.
  double relative(std::size_t quantity) const;
};

struct AreaFit {
  std::string coefficients;        ///< text of coefficients.json
  std::vector<AreaError> errors;   ///< every configuration that was measured
  std::vector<std::string> notes;  ///< where the list of memories differs from the design
  std::size_t mapped = 0;          ///< modules synthesised in this run

  /// A table of the errors, fitted and not, with mean and worst.
  std::string markdown() const;
};

/// A legal configuration, always the same for the same seed and number.
Config sample_config(std::uint64_t seed, int number);

Result<AreaFit> fit_area(const AreaFitOptions& options);

}  // namespace bat::synth
