// SPDX-License-Identifier: Apache-2.0
// What predictions on a labelled set are worth.
#pragma once

#include <span>
#include <string>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"

namespace bat::bmt {

/// One prediction beside the truth. Regression uses `score` and `target`, the rest the classes.
struct Prediction {
  int predicted = -1;
  int label = -1;
  double score = 0.0;
  double target = 0.0;
};

/// Prediction of `model` from the logits of `sample`: first maximum, or the scaled logit.
Prediction predict(const Model& model, std::span<const std::int32_t> logits, const Sample& sample);

double accuracy(std::span<const Prediction> predictions);
/// F1 of class 1; 0 where nothing is of class 1.
double f1(std::span<const Prediction> predictions);
/// Matthews correlation of two classes; 0 where a margin is empty.
double matthews(std::span<const Prediction> predictions);
/// Correlation of score and target; 0 where one of them is constant.
double pearson(std::span<const Prediction> predictions);
/// Pearson correlation of ranks; ties share their mean rank.
double spearman(std::span<const Prediction> predictions);

/// The figure by which a task is judged: "matthews" for CoLA, "pearson" for regression, else
/// "accuracy".
std::string metric_name(const Model& model);
double metric(const Model& model, std::span<const Prediction> predictions);

}  // namespace bat::bmt
