// SPDX-License-Identifier: Apache-2.0
#include "explore/variant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "models/bmt/model_file.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"

namespace bat::explore {
namespace {

namespace fs = std::filesystem;

/// Whether `name` matches a pattern in which '*' stands for any text.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  }
  return !name.empty() && pattern.front() == name.front() &&
         matches(pattern.substr(1), name.substr(1));
}

/// Files of the space's models by name.
Result<std::map<std::string, fs::path>> model_files(const Space& space, const fs::path& zoo) {
  std::map<std::string, fs::path> in_zoo;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(zoo, failure)) {
    if (entry.path().extension() == ".safetensors") {
      in_zoo[entry.path().stem().string()] = entry.path();
    }
  }
  std::map<std::string, fs::path> chosen;
  for (const std::string& name : space.models) {
    if (fs::is_regular_file(name, failure)) {
      chosen[name] = name;
      continue;
    }
    bool found = false;
    for (const auto& [model, path] : in_zoo) {
      if (!matches(name, model)) continue;
      found = true;
      chosen[model] = path;
    }
    if (!found) {
      return Error{
          fmt::format("{}: models.names: '{}' is neither a file nor matches a model of the "
                      "zoo ({})",
                      space.source, name, zoo.string())};
    }
  }
  return chosen;
}

bool needs_disturbed(const Space& space) {
  return space.uses(Metric::kNoiseAccuracy) || space.uses(Metric::kFlipAccuracy) ||
         space.uses(Metric::kRobustness);
}

bool needs_data(const Space& space) {
  return space.uses(Metric::kAccuracy) || needs_disturbed(space);
}

/// Guards that the configurations of a space have.
std::vector<WeightGuard> guards_of(const Space& space) {
  std::vector<Config> configs{space.base};
  for (const Axis& axis : space.axes) {
    const std::string path = axis.key->path();
    if (path != "memory.weight_protection" && path != "array.depth") continue;
    std::vector<Config> more;
    for (const Config& config : configs) {
      for (std::size_t i = 0; i < axis.size(); ++i) {
        more.push_back(config);
        axis.set(more.back(), i);
      }
    }
    configs = std::move(more);
  }
  std::vector<WeightGuard> guards;
  for (const Config& config : configs) guards.push_back(WeightGuard::of(config));
  std::sort(guards.begin(), guards.end());
  guards.erase(std::unique(guards.begin(), guards.end()), guards.end());
  return guards;
}

void set_figures(Variant& variant, const Figures& figures) {
  variant.figures = figures;
  if (figures.accuracy) variant.metrics[index(Metric::kAccuracy)] = *figures.accuracy;
  if (figures.noise) variant.metrics[index(Metric::kNoiseAccuracy)] = *figures.noise;
}

}  // namespace

Metrics Variant::metrics_on(const Config& config) const {
  Metrics all = metrics;
  if (figures.flips.empty()) return all;
  const auto guard = std::find(guards.begin(), guards.end(), WeightGuard::of(config));
  const double flips = figures.flips[static_cast<std::size_t>(guard - guards.begin())];
  all[index(Metric::kFlipAccuracy)] = flips;
  if (figures.noise && figures.reference.value_or(0.0) != 0.0) {
    all[index(Metric::kRobustness)] = (*figures.noise + flips) / (2 * *figures.reference);
  }
  return all;
}

Variant model_variant(std::string name, std::string hash, bmt::Model model, int tokens) {
  Variant variant;
  variant.name = std::move(name);
  variant.hash = std::move(hash);
  variant.work = work_shape(model);
  variant.tokens = tokens > 0 ? std::min(tokens, model.max_tokens) : model.max_tokens;
  variant.model = std::move(model);
  return variant;
}

Variant shape_variant(const ShapeModel& shape) {
  const bmt::RandomModelSpec& s = shape.spec;
  const std::string text =
      fmt::format("shape {} {} {} {} {} {} {} {} {} {} {} {} {}", s.layers, s.hidden, s.heads,
                  s.head_dim, s.ffn, s.classes, s.max_tokens, s.features, s.act_bits, s.branches,
                  static_cast<int>(s.attention), static_cast<int>(s.input), s.pooler);
  const std::string hash =
      io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  Variant variant = model_variant(shape.name, hash, bmt::random_model(s, 1), shape.tokens);
  variant.shape_only = true;
  return variant;
}

Result<std::vector<Variant>> load_variants(const Space& space, const fs::path& zoo) {
  const auto files = model_files(space, zoo);
  if (!files.ok()) return files.error();
  std::vector<Variant> variants;
  for (const auto& [name, path] : files.value()) {
    const auto in_models = [&](const Error& error) {
      return Error{fmt::format("{}: models.names: {}", space.source, error.message), error.kind};
    };
    auto model = bmt::load_model(path);
    if (!model.ok()) return in_models(model.error());
    if (!space.task.empty() && model.value().task != space.task) continue;
    const auto bytes = io::read_file(path);
    if (!bytes.ok()) return in_models(bytes.error());
    variants.push_back(
        model_variant(name, io::sha256_hex(bytes.value()), std::move(model).value(), space.tokens));
  }
  for (const ShapeModel& shape : space.shapes) variants.push_back(shape_variant(shape));
  if (variants.empty()) {
    return Error{
        fmt::format("{}: the space is empty: no model of task '{}'", space.source, space.task)};
  }
  return variants;
}

Status measure_variants(const Space& space, std::vector<Variant>& variants, Measurements& known,
                        const Progress& progress) {
  if (!needs_data(space)) return Ok{};
  for (Variant& variant : variants) {
    if (variant.shape_only) continue;
    variant.guards = guards_of(space);
    const MeasureRequest request{space.robustness, space.data, space.test_sets,
                                 needs_disturbed(space), variant.guards};
    const auto figures = measure(variant.model, variant.hash, request, known, progress);
    if (!figures.ok()) return figures.error();
    set_figures(variant, figures.value());
  }
  return Ok{};
}

}  // namespace bat::explore
