// SPDX-License-Identifier: Apache-2.0
#include "models/train/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

double Schedule::rate(std::int64_t step) const {
  const double done = static_cast<double>(step + 1) / static_cast<double>(steps);
  if (done < warmup) return peak * done / warmup;
  return peak * std::max(0.0, 1.0 - (done - warmup) / (1.0 - warmup));
}

Optimizer::Optimizer(const torch::Tensor& parameters, const Schedule& schedule, double weight_decay,
                     double clip)
    : parameters_(parameters.detach()), clip_(clip) {
  torch::NoGradGuard no_grad;
  state_.first = torch::zeros_like(parameters_);
  state_.second = torch::zeros_like(parameters_);
  state_.step = torch::zeros({1}, torch::TensorOptions(torch::kInt64).device(parameters.device()));
  std::vector<float> table;
  for (std::int64_t i = 0; i < schedule.steps; ++i) {
    const double t = static_cast<double>(i + 1);
    const double correction = std::sqrt(1.0 - std::pow(kBeta2, t)) / (1.0 - std::pow(kBeta1, t));
    table.push_back(static_cast<float>(-schedule.rate(i) * correction));
    table.push_back(static_cast<float>(1.0 - schedule.rate(i) * weight_decay));
  }
  table_ = torch::tensor(table).view({-1, 2}).to(parameters.device());
}

void Optimizer::apply(const torch::Tensor& gradient) {
  torch::NoGradGuard no_grad;
  const torch::Tensor norm = gradient.norm();
  const torch::Tensor g = gradient * (clip_ / (norm + 1e-6)).clamp_max(1.0);
  state_.first.mul_(kBeta1).add_(g, 1.0 - kBeta1);
  state_.second.mul_(kBeta2).addcmul_(g, g, 1.0 - kBeta2);
  const torch::Tensor row = table_.index_select(0, state_.step)[0];
  parameters_.mul_(row[1]);
  parameters_.addcmul_(state_.first / (state_.second.sqrt().add_(kEpsilon)), row[0]);
  state_.step.add_(1);
}

}  // namespace bat::train
