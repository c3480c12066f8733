// SPDX-License-Identifier: Apache-2.0
#include "synth/area_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "rtl_gen/config/schema.hpp"
#include "synth/area_coefficients.hpp"
#include "synth/area_shape.hpp"

namespace bat::synth {
namespace {

Error broken(std::string_view source, const std::string& what) {
  return Error{fmt::format("{}: {}; repeat the fit (synth/area_model/fit.sh)", source, what)};
}

template <typename Range>
std::optional<std::size_t> index_of(const Range& range, const std::string& name) {
  const auto found =
      std::ranges::find_if(range, [&](const auto& item) { return item.name == name; });
  if (found == range.end()) return std::nullopt;
  return static_cast<std::size_t>(found - range.begin());
}

}  // namespace

AreaPrediction& operator+=(AreaPrediction& sum, const AreaPrediction& part) {
  sum.lut += part.lut;
  sum.ff += part.ff;
  sum.dsp += part.dsp;
  sum.bram36 += part.bram36;
  sum.um2 += part.um2;
  sum.gate_equivalents += part.gate_equivalents;
  sum.memory_bits += part.memory_bits;
  return sum;
}

nlohmann::ordered_json to_json(const AreaPrediction& area) {
  return {{"lut", std::round(area.lut)},      {"ff", std::round(area.ff)},
          {"dsp", std::round(area.dsp)},      {"bram36", area.bram36},
          {"area_um2", std::round(area.um2)}, {"ge", std::round(area.gate_equivalents)},
          {"memory_bits", area.memory_bits}};
}

Result<AreaModel> AreaModel::builtin() { return parse(area_coefficients(), "coefficients.json"); }

Result<AreaModel> AreaModel::parse(std::string_view json, std::string_view source) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("modules") || !parsed["modules"].is_array()) {
    return broken(source, "no object with an array `modules`");
  }
  AreaModel model;
  try {
    model.ge_um2_ = parsed.at("ge_um2").get<double>();
    for (const auto& entry : parsed["modules"]) {
      Module module;
      const auto name = entry.at("module").get<std::string>();
      const auto type = index_of(area_modules(), name);
      if (!type) return broken(source, fmt::format("unknown module {}", name));
      module.type = *type;
      if (area_modules()[*type].by_popcount) {
        const auto structure =
            std::ranges::find(config::kPopcountNames, entry.at("structure").get<std::string>());
        if (structure == std::end(config::kPopcountNames)) {
          return broken(source, fmt::format("unknown popcount {}", entry.at("structure").dump()));
        }
        module.popcount = static_cast<Popcount>(structure - std::begin(config::kPopcountNames));
        module.depth = entry.at("depth").get<int>();
        module.stages = entry.at("stages").get<int>();
      }
      for (const auto& [feature_name, values] : entry.at("terms").items()) {
        const auto feature = index_of(area_features(), feature_name);
        if (!feature) return broken(source, fmt::format("unknown feature {}", feature_name));
        module.terms.push_back({*feature, values.value("lut", 0.0), values.value("ff", 0.0),
                                values.value("dsp", 0.0), values.value("um2", 0.0)});
      }
      model.modules_.push_back(std::move(module));
    }
  } catch (const nlohmann::json::exception& problem) {
    return broken(source, problem.what());
  }
  return model;
}

namespace {

/// A DSP block takes the adders and registers of two accumulators (docs/area.md, measured).
void move_sums_to_dsp(const Config& config, const Plan& plan, AreaPrediction& units) {
  const int rows = config.array.dsp_rows;
  const bool with_first = rows == plan.rows;
  const double bits = plan.cols * (with_first ? plan.acc_bits + (rows - 1) * plan.row_acc_bits
                                              : rows * plan.row_acc_bits);
  units.lut = std::max(0.0, units.lut - bits);
  units.ff = std::max(0.0, units.ff - bits);
  units.dsp += rows * plan.cols / 2;
}

/// AND form beside `fa_tree` in osu018 (docs/area.md, measured): a lane is NAND2X1 instead of
/// NAND2X1 and OAI21X1, the ones of the row turn half adders into full ones and are counted once a
/// row; a bit more in each accumulator's adder, an adder more in each preload. LUTs are not told
/// apart.
void count_in_and_form(std::string_view module, const Plan& plan, AreaPrediction& area) {
  constexpr double kFullAdder = 120.0;
  constexpr double kHalfAdder = 80.0;
  constexpr double kLaneLess = 23.0;
  constexpr double kUnitMore = 66.0;
  constexpr double kPreloadBit = 139.0;
  const double columns = std::bit_width(static_cast<unsigned>(plan.depth)) - 1.0;
  const double units = plan.rows * plan.cols;
  if (module == "popcount") {
    const double row = kFullAdder * (plan.depth - 1.0 - columns) + kHalfAdder * columns;
    area.um2 += units * ((kFullAdder - kHalfAdder) * columns - kLaneLess * plan.depth);
    area.um2 += plan.rows * row;
  } else if (module == "qmm_pe") {
    area.um2 += units * kUnitMore;
  } else if (module == "column_slice") {
    area.um2 += plan.cols * kPreloadBit * (plan.acc_bits - columns - 1.0);
  }
}

}  // namespace

template <typename Visit>
void AreaModel::visit(const Config& config, const Plan& plan, const Visit& visit) const {
  const auto values = area_feature_values(config, plan);
  const auto types = area_modules();
  for (const Module& module : modules_) {
    const AreaModule& type = types[module.type];
    if (type.by_popcount &&
        (module.popcount != config.array.popcount || module.depth != plan.depth ||
         module.stages != config.array.pop_stages)) {
      continue;
    }
    const double instances = type.instances(config, plan);
    if (instances <= 0.0) continue;
    AreaPrediction one;
    for (const Term& term : module.terms) {
      const double x = values[term.feature];
      one.lut += term.lut * x;
      one.ff += term.ff * x;
      one.dsp += term.dsp * x;
      one.um2 += term.um2 * x;
    }
    AreaPrediction all;
    all.lut = std::max(0.0, one.lut) * instances;
    all.ff = std::max(0.0, one.ff) * instances;
    all.dsp = std::max(0.0, one.dsp) * instances;
    all.um2 = std::max(0.0, one.um2) * instances;
    if (plan.and_lanes) count_in_and_form(type.name, plan, all);
    all.gate_equivalents = all.um2 / ge_um2_;
    if (type.name == "qmm_pe") move_sums_to_dsp(config, plan, all);
    visit(type.name, instances, all);
  }
  const AreaMemories memories = area_memories(config, plan);
  AreaPrediction sum;
  double count = 0.0;
  for (std::size_t i = 0; i < memories.size; ++i) {
    const AreaMemory& memory = memories.list[i];
    const MemoryArea area = memory_area(memory);
    sum.lut += area.lut * memory.count;
    sum.ff += area.ff * memory.count;
    sum.bram36 += area.bram36 * memory.count;
    sum.memory_bits += static_cast<double>(memory.width) * memory.depth * memory.count;
    count += memory.count;
  }
  visit("memories", count, sum);
}

AreaPrediction AreaModel::predict(const Config& config, const Plan& plan) const {
  AreaPrediction sum;
  visit(config, plan,
        [&sum](std::string_view, double, const AreaPrediction& part) { sum += part; });
  return sum;
}

Result<AreaPrediction> AreaModel::predict(const Config& config) const {
  const Result<Plan> sizes = plan(config);
  if (!sizes) return sizes.error();
  return predict(config, sizes.value());
}

std::vector<ModulePrediction> AreaModel::modules(const Config& config, const Plan& plan) const {
  std::vector<ModulePrediction> parts;
  visit(config, plan,
        [&parts](std::string_view name, double instances, const AreaPrediction& part) {
          parts.push_back({name, instances, part});
        });
  return parts;
}

}  // namespace bat::synth
