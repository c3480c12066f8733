// SPDX-License-Identifier: Apache-2.0
// The model side of a space.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "explore/measure.hpp"
#include "explore/metric.hpp"
#include "explore/space.hpp"
#include "models/bmt/model.hpp"
#include "rtl_gen/estimate/bound.hpp"

namespace bat::explore {

struct Variant {
  std::string name;  ///< as `batkit run --model` takes it; of a shape, its name
  std::string hash;  ///< SHA-256 of the model file, or of the shape's description
  bmt::Model model;
  WorkShape work;
  int tokens = 0;
  Metrics metrics{};  ///< model side only; without what depends on the guard
  Figures figures;    ///< `flips` in the order of `guards`
  std::vector<WeightGuard> guards;
  bool shape_only = false;

  /// Model side on a configuration: flips count as its weight memory is guarded.
  Metrics metrics_on(const Config& config) const;
};

/// A model of this shape with random weights.
Variant shape_variant(const ShapeModel& shape);
/// A variant of a model with its metrics still open.
Variant model_variant(std::string name, std::string hash, bmt::Model model, int tokens);

/// All models of a space, sorted by name. Errors: no model is left, a model cannot be read.
Result<std::vector<Variant>> load_variants(const Space& space, const std::filesystem::path& zoo);

/// Takes the figures that objectives and constraints need from `known`, measures those that are
/// missing and adds them there. Errors: a model cannot be measured.
Status measure_variants(const Space& space, std::vector<Variant>& variants, Measurements& known,
                        const Progress& progress);

}  // namespace bat::explore
