// SPDX-License-Identifier: Apache-2.0
// What a point of a space is judged by.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace bat::explore {

enum class Metric : std::size_t {
  kAccuracy,       ///< figure of the task on its test set
  kNoiseAccuracy,  ///< the same with noise on the embedding output
  kFlipAccuracy,   ///< the same with flipped bits in weight memory
  kRobustness,     ///< mean of the disturbed figures, relative to the figure without disturbance on
                   ///< the same samples
  kCycles,         ///< one sentence from start to logits, first after a reset
  kLatencyUs,      ///< the same in microseconds at the platform's clock
  kLut,
  kFf,
  kDsp,
  kBram36,
  kKge,          ///< thousand gate equivalents, standard cells only
  kMemoryKbit,   ///< bits of memories / 1024, standard cells only
  kEnergyUj,     ///< an inference, standard cells only (synth/energy_model.hpp)
  kTopsPerWatt,  ///< operations of the array for it, standard cells only
  kUtilization,  ///< largest share of a device's resources; 1 is full
  kPrice,        ///< price class of the device
};
inline constexpr std::size_t kMetrics = 16;

struct MetricInfo {
  std::string_view name;
  bool maximize;
  bool model_side;  ///< measured on the model (flips: as the configuration guards them)
  std::string_view meaning;
};

inline constexpr std::array<MetricInfo, kMetrics> kMetricInfo{{
    {"accuracy", true, true, "figure of the task on its test set"},
    {"noise_accuracy", true, true, "the same with noise on the embedding output"},
    {"flip_accuracy", true, true, "the same with flipped bits in weight memory"},
    {"robustness", true, true, "mean of the disturbed figures, relative to the undisturbed one"},
    {"cycles", false, false, "one sentence from start to logits, first after a reset"},
    {"latency_us", false, false, "the same in microseconds at the platform's clock"},
    {"lut", false, false, "lookup tables"},
    {"ff", false, false, "flip-flops"},
    {"dsp", false, false, "multiplier blocks"},
    {"bram36", false, false, "block RAMs of 36 Kibit"},
    {"kge", false, false, "thousand gate equivalents (standard cells)"},
    {"memory_kbit", false, false, "bits of memories / 1024 (standard cells)"},
    {"energy_uj", false, false, "microjoules of an inference (standard cells, logic only)"},
    {"tops_per_watt", true, false, "operations of the array for that energy (standard cells)"},
    {"utilization", false, false, "largest share of a device's resources"},
    {"price", false, false, "price class of the device"},
}};

constexpr std::size_t index(Metric metric) { return static_cast<std::size_t>(metric); }
constexpr const MetricInfo& info(Metric metric) { return kMetricInfo[index(metric)]; }

/// The metric of a name, nothing if there is none.
constexpr std::optional<Metric> find_metric(std::string_view name) {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (kMetricInfo[i].name == name) return static_cast<Metric>(i);
  }
  return std::nullopt;
}

using Metrics = std::array<double, kMetrics>;

}  // namespace bat::explore
