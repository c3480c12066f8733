// SPDX-License-Identifier: Apache-2.0
// Accuracy and robustness of models by the golden model on real data, kept by the hash of the
// model.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/progress.hpp"
#include "explore/space.hpp"
#include "models/bmt/model.hpp"
#include "models/bmt/protection.hpp"
#include "rtl_gen/config/config.hpp"

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
  std::optional<double> reference;  ///< undisturbed, on the samples of the disturbed figures
  std::optional<double> noise;
  std::vector<double> flips;  ///< one for each protection of the request
};

/// How a weight memory is guarded, as far as accuracy depends on it.
struct WeightGuard {
  bmt::Protection protection = bmt::Protection::kNone;
  int word_bits = 0;  ///< of parity: bits of a word; 0 otherwise

  static WeightGuard of(const Config& config);
  /// "", ", majority" or ", parity of 32 bits": part of what a measurement is filed under.
  std::string text() const;
  auto operator<=>(const WeightGuard&) const = default;
};

/// Where the test set of a task's models lies below a folder of data sets, "glue/SST-2" for "sst2";
/// empty for tasks that have none there.
std::string_view own_test_set(std::string_view task);

/// What is measured.
struct MeasureRequest {
  Robustness robustness;
  std::string data;       ///< empty: the model's own test set
  std::string test_sets;  ///< where own test sets lie, in the folders of own_test_set; may be empty
  bool disturbed = false;
  std::vector<WeightGuard> guards{WeightGuard{}};  ///< of the weight memory, with flipped bits
};

/// Takes figures from `known`, measures those that are missing and adds them. Uses all cores.
Result<Figures> measure(const bmt::Model& model, const std::string& hash,
                        const MeasureRequest& request, Measurements& known,
                        const Progress& progress);

}  // namespace bat::explore
