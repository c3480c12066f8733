// SPDX-License-Identifier: Apache-2.0
#include "synth/energy_model.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <nlohmann/json.hpp>

#include "synth/energy_runs.hpp"

namespace bat::synth {
namespace {

// The best non-negative coefficients: of all subsets of the columns whose own least squares are not
// negative, the one with the smallest error. Rows are scaled so that the target is 1.
Eigen::Vector3d solve(const Eigen::MatrixXd& columns, const Eigen::VectorXd& target, int used) {
  const Eigen::VectorXd scale = target.cwiseInverse();
  const Eigen::MatrixXd rows = scale.asDiagonal() * columns;
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(target.size());
  Eigen::Vector3d best = Eigen::Vector3d::Zero();
  double best_error = ones.squaredNorm();
  for (unsigned subset = 1; subset < 1U << static_cast<unsigned>(used); ++subset) {
    std::vector<Eigen::Index> chosen;
    for (Eigen::Index c = 0; c < used; ++c) {
      if ((subset >> c & 1U) != 0) chosen.push_back(c);
    }
    Eigen::MatrixXd part(rows.rows(), static_cast<Eigen::Index>(chosen.size()));
    for (std::size_t i = 0; i < chosen.size(); ++i)
      part.col(static_cast<Eigen::Index>(i)) = rows.col(chosen[i]);
    const Eigen::VectorXd found = part.colPivHouseholderQr().solve(ones);
    if (found.minCoeff() < 0.0) continue;
    const double error = (part * found - ones).squaredNorm();
    if (error >= best_error) continue;
    best_error = error;
    best.setZero();
    for (std::size_t i = 0; i < chosen.size(); ++i)
      best[chosen[i]] = found[static_cast<Eigen::Index>(i)];
  }
  return best;
}

Result<EnergySample> read_sample(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return Error{"is no JSON object"};
  EnergySample sample;
  for (const auto& [key, target] :
       {std::pair{"ff", &sample.inputs.ff}, std::pair{"ge", &sample.inputs.ge},
        std::pair{"macs", &sample.inputs.macs}, std::pair{"lanes", &sample.inputs.lanes},
        std::pair{"cycles", &sample.cycles}, std::pair{"clock_nj", &sample.clock_nj},
        std::pair{"work_nj", &sample.work_nj}, std::pair{"leakage_nj", &sample.leakage_nj}}) {
    if (!json.contains(key) || !json.at(key).is_number() || json.at(key).get<double>() < 0.0)
      return Error{fmt::format("{} must be a number from 0 on", key)};
    *target = json.at(key).get<double>();
  }
  if (sample.clock_nj <= 0.0 || sample.work_nj <= 0.0) return Error{"has no energy"};
  for (const char* key : {"gated", "fit"}) {
    if (!json.contains(key) || !json.at(key).is_boolean())
      return Error{fmt::format("{} must be true or false", key)};
  }
  sample.gated = json.at("gated").get<bool>();
  sample.fitted = json.at("fit").get<bool>();
  sample.config = json.value("config", "");
  sample.model = json.value("model", "");
  return sample;
}

}  // namespace

EnergyInputs energy_inputs(const AreaPrediction& area, const Plan& plan, const Work& work) {
  const double lanes = static_cast<double>(plan.rows) * plan.lanes;
  return {area.ff, area.gate_equivalents,
          static_cast<double>(work.steps) * plan.rows * plan.cols * plan.depth,
          static_cast<double>(work.drain_cycles + work.row_cycles + work.softmax_cycles) * lanes};
}

std::string to_line(const EnergySample& s) {
  return nlohmann::ordered_json{
             {"config", s.config},     {"model", s.model},        {"gated", s.gated},
             {"fit", s.fitted},        {"ff", s.inputs.ff},       {"ge", s.inputs.ge},
             {"macs", s.inputs.macs},  {"lanes", s.inputs.lanes}, {"cycles", s.cycles},
             {"clock_nj", s.clock_nj}, {"work_nj", s.work_nj},    {"leakage_nj", s.leakage_nj}}
             .dump() +
         '\n';
}

const Result<EnergyModel>& EnergyModel::builtin() {
  static const Result<EnergyModel> model = fit(energy_runs(), "synth/energy_model/runs.jsonl");
  return model;
}

Result<EnergyModel> EnergyModel::fit(std::string_view lines, std::string_view source) {
  EnergyModel model;
  std::size_t number = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    ++number;
    if (line.empty()) continue;
    Result<EnergySample> sample = read_sample(line);
    if (!sample) return Error{fmt::format("{}:{}: {}", source, number, sample.error().message)};
    model.samples_.push_back(std::move(sample).value());
  }
  for (const bool gated : {false, true}) {
    if (Status fitted = model.fit_kind(gated); !fitted)
      return Error{fmt::format("{}: {}", source, fitted.error().message)};
  }
  return model;
}

Status EnergyModel::fit_kind(bool gated) {
  std::vector<const EnergySample*> used;
  for (const EnergySample& sample : samples_) {
    if (sample.gated == gated && sample.fitted) used.push_back(&sample);
  }
  if (used.empty()) return Ok{};
  if (used.size() < 4)
    return Error{fmt::format("{} runs {} clock gates are too few to fit", used.size(),
                             gated ? "with" : "without")};
  const auto count = static_cast<Eigen::Index>(used.size());
  Eigen::MatrixXd clock(count, 3);
  Eigen::MatrixXd work(count, 3);
  Eigen::VectorXd clock_nj(count);
  Eigen::VectorXd work_nj(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const EnergySample& s = *used[static_cast<std::size_t>(i)];
    clock.row(i) << s.inputs.ff * s.cycles, s.inputs.macs, s.inputs.lanes;
    work.row(i) << s.inputs.ge * s.cycles, s.inputs.macs, s.inputs.lanes;
    clock_nj[i] = s.clock_nj;
    work_nj[i] = s.work_nj;
  }
  const Eigen::Vector3d c = solve(clock, clock_nj, gated ? 3 : 1);
  const Eigen::Vector3d w = solve(work, work_nj, 3);
  kinds_[gated ? 1 : 0] = {c[0], c[1], c[2], w[0], w[1], w[2]};
  return Ok{};
}

EnergyCost EnergyModel::cost(const EnergyInputs& inputs, bool gated) const {
  const Kind& kind = kinds_[gated ? 1 : 0];
  return {kind.clock_ff * inputs.ff + kind.work_ge * inputs.ge,
          (kind.clock_macs + kind.work_macs) * inputs.macs +
              (kind.clock_lanes + kind.work_lanes) * inputs.lanes};
}

}  // namespace bat::synth
