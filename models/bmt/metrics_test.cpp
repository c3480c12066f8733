// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/metrics.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bat::bmt {
namespace {

Prediction of(int predicted, int label) { return {predicted, label, 0.0, 0.0}; }
Prediction scored(double score, double target) { return {0, -1, score, target}; }

TEST(Metrics, Classes) {
  // 2 true positives, 1 true negative, 1 false positive, 1 false negative.
  const std::vector<Prediction> p = {of(1, 1), of(1, 1), of(0, 0), of(1, 0), of(0, 1)};
  EXPECT_DOUBLE_EQ(accuracy(p), 0.6);
  EXPECT_DOUBLE_EQ(f1(p), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(matthews(p), 1.0 / 6.0);
  const std::vector<Prediction> constant = {of(1, 1), of(1, 0)};
  EXPECT_EQ(matthews(constant), 0.0);
  EXPECT_EQ(accuracy({}), 0.0);
}

TEST(Metrics, Scores) {
  const std::vector<Prediction> line = {scored(1, 2), scored(2, 4), scored(3, 6)};
  EXPECT_DOUBLE_EQ(pearson(line), 1.0);
  const std::vector<Prediction> bent = {scored(1, 1), scored(10, 2), scored(11, 3), scored(11, 3)};
  EXPECT_LT(pearson(bent), 0.99);
  EXPECT_DOUBLE_EQ(spearman(bent), 1.0);
  const std::vector<Prediction> flat = {scored(1, 1), scored(1, 2)};
  EXPECT_EQ(pearson(flat), 0.0);
  EXPECT_EQ(spearman(flat), 0.0);
}

TEST(Metrics, ByTask) {
  Model model;
  model.task = "CoLA";
  EXPECT_EQ(metric_name(model), "matthews");
  model.task = "sst2";
  EXPECT_EQ(metric_name(model), "accuracy");
  model.task_kind = TaskKind::kRegression;
  model.logit_scale = "0.5";
  EXPECT_EQ(metric_name(model), "pearson");
  Sample sample;
  sample.target = 3.0F;
  const std::vector<std::int32_t> logits = {8};
  const Prediction p = predict(model, logits, sample);
  EXPECT_DOUBLE_EQ(p.score, 4.0);
  EXPECT_DOUBLE_EQ(p.target, 3.0);
}

}  // namespace
}  // namespace bat::bmt
