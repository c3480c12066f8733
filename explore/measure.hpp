// SPDX-License-Identifier: Apache-2.0
// Accuracy and robustness of models by the golden model on real data, kept by the hash of the
// model.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "explore/progress.hpp"
#include "explore/space.hpp"
#include "models/bmt/model.hpp"

namespace bat::explore {

/// Measured values by model hash and by what was measured. Values are never overwritten: the hash
/// stands for the weights, the text for data, samples, disturbance and seed.
class Measurements {
 public:
  /// Adds what a file holds; a file that does not exist holds nothing.
  Status load(const std::filesystem::path& file);
  /// Writes all values.
  Status save(const std::filesystem::path& file) const;

  std::optional<double> find(const std::string& hash, const std::string& what) const;
  void add(const std::string& hash, const std::string& model, const std::string& what,
           double value);

 private:
  struct Entry {
    std::string model;
    std::map<std::string, double> values;
  };
  std::map<std::string, Entry> entries_;
};

/// Figures of a model; nothing where it was not asked for.
struct Figures {
  std::optional<double> accuracy;
  std::optional<double> noise;
  std::optional<double> flips;
};

/// What is measured.
struct MeasureRequest {
  Robustness robustness;
  std::string data;  ///< empty: the model's own test set
  bool disturbed = false;
};

/// Takes figures from `known`, measures those that are missing and adds them. Uses all cores.
Result<Figures> measure(const bmt::Model& model, const std::string& hash,
                        const MeasureRequest& request, Measurements& known,
                        const Progress& progress);

}  // namespace bat::explore
