// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <vector>

#include "models/bmt/golden.hpp"
#include "models/io/glue_tsv.hpp"

namespace bat::bmt {
namespace {

double count(std::span<const Prediction> all, int label, int predicted) {
  return static_cast<double>(std::count_if(all.begin(), all.end(), [&](const Prediction& p) {
    return p.label == label && p.predicted == predicted;
  }));
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty()) return 0.0;
  const double n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0.0 && bb > 0.0 ? ab / std::sqrt(aa * bb) : 0.0;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    const double mean = static_cast<double>(first + end - 1) / 2.0;
    for (; first < end; ++first) out[order[first]] = mean;
  }
  return out;
}

std::vector<double> scores(std::span<const Prediction> all) {
  std::vector<double> out;
  for (const Prediction& p : all) out.push_back(p.score);
  return out;
}

std::vector<double> targets(std::span<const Prediction> all) {
  std::vector<double> out;
  for (const Prediction& p : all) out.push_back(p.target);
  return out;
}

}  // namespace

Prediction predict(const Model& model, std::span<const std::int32_t> logits, const Sample& sample) {
  Prediction p{argmax(logits), sample.label, 0.0, static_cast<double>(sample.target)};
  if (model.task_kind == TaskKind::kRegression && !logits.empty()) {
    double scale = 0.0;
    const std::string& text = model.logit_scale;
    std::from_chars(text.data(), text.data() + text.size(), scale);
    p.score = scale * static_cast<double>(logits[0]);
  }
  return p;
}

double accuracy(std::span<const Prediction> all) {
  if (all.empty()) return 0.0;
  const auto right = std::count_if(all.begin(), all.end(),
                                   [](const Prediction& p) { return p.predicted == p.label; });
  return static_cast<double>(right) / static_cast<double>(all.size());
}

double f1(std::span<const Prediction> all) {
  const double hits = count(all, 1, 1);
  const double wrong = count(all, 0, 1) + count(all, 1, 0);
  return hits > 0.0 ? 2.0 * hits / (2.0 * hits + wrong) : 0.0;
}

double matthews(std::span<const Prediction> all) {
  const double tp = count(all, 1, 1);
  const double tn = count(all, 0, 0);
  const double fp = count(all, 0, 1);
  const double fn = count(all, 1, 0);
  const double margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
  return margins > 0.0 ? (tp * tn - fp * fn) / std::sqrt(margins) : 0.0;
}

double pearson(std::span<const Prediction> all) { return correlation(scores(all), targets(all)); }

double spearman(std::span<const Prediction> all) {
  return correlation(ranks(scores(all)), ranks(targets(all)));
}

std::string metric_name(const Model& model) {
  if (model.task_kind == TaskKind::kRegression) return "pearson";
  return io::glue_task(model.task) == io::GlueTask::kCola ? "matthews" : "accuracy";
}

double metric(const Model& model, std::span<const Prediction> all) {
  const std::string name = metric_name(model);
  if (name == "pearson") return pearson(all);
  return name == "matthews" ? matthews(all) : accuracy(all);
}

}  // namespace bat::bmt
