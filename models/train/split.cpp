// SPDX-License-Identifier: Apache-2.0
#include "models/train/split.hpp"

#include <cmath>
#include <cstddef>

namespace bat::train {
namespace {

/// Which elements stay, and their mean magnitude.
struct Ternary {
  double threshold = 0.0;
  double scale = 0.0;
  double kept_sum = 0.0;
  std::size_t kept = 0;
};

double magnitude_sum(std::span<const double> w) {
  double sum = 0.0;
  for (const double v : w) sum += std::abs(v);
  return sum;
}

Ternary ternary_of(std::span<const double> w) {
  Ternary t;
  t.threshold = w.empty() ? 0.0 : 0.7 * magnitude_sum(w) / static_cast<double>(w.size());
  for (const double v : w) {
    if (std::abs(v) <= t.threshold) continue;
    t.kept_sum += std::abs(v);
    ++t.kept;
  }
  t.scale = t.kept == 0 ? 0.0 : t.kept_sum / static_cast<double>(t.kept);
  return t;
}

}  // namespace

SplitWeight split_ternary(std::span<const double> w) {
  const Ternary t = ternary_of(w);
  const std::size_t zeros = w.size() - t.kept;
  const double n = static_cast<double>(w.size());
  const double b =
      zeros == 0 ? 0.0 : (t.scale * n - magnitude_sum(w)) / (2.0 * static_cast<double>(zeros));
  SplitWeight out{std::vector<double>(w.size()), std::vector<double>(w.size()), t.scale};
  double first_sum = 0.0;
  double second_sum = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (std::abs(w[i]) > t.threshold) continue;
    out.first[i] = w[i] > 0.0 ? w[i] + b : b;
    out.second[i] = w[i] > 0.0 ? -b : w[i] - b;
    first_sum += std::abs(out.first[i]);
    second_sum += std::abs(out.second[i]);
  }
  const double a = t.kept == 0 ? 0.5 : (t.kept_sum + second_sum - first_sum) / (2.0 * t.kept_sum);
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (std::abs(w[i]) <= t.threshold) continue;
    out.first[i] = a * w[i];
    out.second[i] = (1.0 - a) * w[i];
  }
  return out;
}

std::vector<double> ternary_values(std::span<const double> w) {
  const Ternary t = ternary_of(w);
  std::vector<double> out;
  for (const double v : w) {
    out.push_back(std::abs(v) <= t.threshold ? 0.0 : std::copysign(t.scale, v));
  }
  return out;
}

std::vector<double> binary_values(std::span<const double> w) {
  const double scale = w.empty() ? 0.0 : magnitude_sum(w) / static_cast<double>(w.size());
  std::vector<double> out;
  for (const double v : w) out.push_back(v >= 0.0 ? scale : -scale);
  return out;
}

}  // namespace bat::train
