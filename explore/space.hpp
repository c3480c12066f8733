// SPDX-License-Identifier: Apache-2.0
// A space of models, accelerators and platforms with objectives and constraints, as a TOML file
// says it (docs/exploration.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/device.hpp"
#include "explore/metric.hpp"
#include "models/bmt/random_model.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/config/schema.hpp"

namespace bat::explore {

/// Values of one key of the configuration. Neutral keys leave cycles as they are: `array.popcount`,
/// `array.dsp_rows`, `memory.axi_addr_bits` and `memory.weight_protection`.
struct Axis {
  const config::Key* key = nullptr;
  std::vector<std::string> texts;  ///< as in TOML
  /// One configuration a value, of which only this key is read. Mutable because members of a
  /// configuration are reached through non-const accessors; never written.
  mutable std::vector<Config> donors;

  std::size_t size() const { return texts.size(); }
  bool neutral() const;
  void set(Config& config, std::size_t value) const;
};

/// Gives the neutral keys their defaults: what is left decides cycles.
void clear_neutral(Config& config);

/// Where an accelerator runs.
struct Platform {
  std::optional<Device> device;
  std::string target = "xcup";
  double clock_mhz = 0;
  int latency = 100;         ///< of the memory, cycles
  bool clock_gates = false;  ///< standard cells: energy of a design with clock gates
  int bandwidth = 95;        ///< percent of cycles with a beat, where the board's memory allows it
  std::string name() const;
  /// Percent of cycles that carry a beat of a port of `axi_bits`.
  int bandwidth_of(int axi_bits) const;
};

/// A model without weights: it has cycles and area, no accuracy.
struct ShapeModel {
  std::string name;
  bmt::RandomModelSpec spec;
  int tokens = 0;
};

struct Robustness {
  double noise = 0.2;      ///< deviation in units of a row's root mean square
  double bitflips = 0.01;  ///< share of flipped bits
  int draws = 2;
  int samples = 1000;  ///< first samples of the test set; 0: all
  std::uint64_t seed = 1;
};

struct Constraint {
  Metric metric = Metric::kAccuracy;
  std::optional<double> min;
  std::optional<double> max;
};

struct Space {
  std::string source;               ///< file, for messages
  std::string task;                 ///< of all models; empty: any one
  std::vector<std::string> models;  ///< zoo names, patterns with '*', files
  std::vector<ShapeModel> shapes;
  int tokens = 0;         ///< of a sentence; 0: the most of each model
  std::string data;       ///< data set; empty: the model's own
  std::string test_sets;  ///< folder in which the models' own test sets lie; empty: none named
  Config base;
  bool fit_limits = true;  ///< limits and features that the file does not set follow the model
  std::vector<Axis> axes;  ///< in the order of the schema
  std::vector<Platform> platforms;
  Robustness robustness;
  std::vector<Metric> objectives;
  std::vector<Constraint> constraints;

  bool uses(Metric metric) const;
  bool fixes(std::string_view key) const;  ///< whether an axis sets the key
  /// Combinations of the axes.
  double configurations() const;
  double points(std::size_t variants) const;
};

/// Most values of an axis and most points of a space.
inline constexpr std::size_t kMaxValues = 4096;

/// Errors: "source:line:col: key: rule".
Result<Space> parse_space(std::string_view toml, std::string_view source);
Result<Space> load_space(const std::filesystem::path& path);

}  // namespace bat::explore
