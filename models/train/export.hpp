// SPDX-License-Identifier: Apache-2.0
// From the training view to the integer view, and how far they agree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/bmt/golden.hpp"
#include "models/bmt/metrics.hpp"
#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/train/network.hpp"

namespace bat::train {

/// Folds `network` (quantized). `header` gives name, task, input and vocabulary.
/// `calibration` samples fix the steps of the int16 residual stream: powers of two with room for
/// half as much again as the largest value seen.
Result<bmt::Model> export_model(const Network& network, const bmt::Model& header,
                                std::span<const bmt::Sample> calibration);

/// One tensor in both views.
struct TensorAgreement {
  bmt::TensorId id;
  int layer;              ///< -1 outside the encoder
  std::int64_t bits = 0;  ///< bits of all codes compared
  std::int64_t different_bits = 0;

  double share() const {
    return bits == 0 ? 0.0 : static_cast<double>(different_bits) / static_cast<double>(bits);
  }
};

struct ViewReport {
  int samples = 0;
  std::string metric;  ///< "accuracy", "matthews" or "pearson" (bmt/metrics.hpp)
  double float_metric = 0.0;
  double integer_metric = 0.0;
  std::vector<std::pair<std::string, double>> others;  ///< further figures of the integer view
  int same_class = 0;                    ///< samples that both views put in the same class
  int compared = 0;                      ///< samples whose intermediate codes were compared
  std::int64_t saturated = 0;            ///< int16 values at a limit in the compared samples
  std::vector<TensorAgreement> tensors;  ///< code tensors, in the order of computation
};

/// Predictions of the float view from its logits, [count, classes].
std::vector<bmt::Prediction> predictions(const torch::Tensor& logits,
                                         std::span<const bmt::Sample> samples);

/// Figure of the task (bmt/metrics.hpp) of a network in the float view; `header` tells the task.
double float_metric(const Network& network, const bmt::Model& header,
                    std::span<const bmt::Sample> samples);

/// Figure of the task (bmt/metrics.hpp) of `model` on `samples`.
Result<double> integer_metric(const bmt::Model& model, std::span<const bmt::Sample> samples);

/// Runs both views on `samples`. Intermediate codes are compared on the first few hundred of them:
/// where one bit flips, others follow, so shares grow from layer to layer.
Result<ViewReport> compare_views(const Network& network, const bmt::Model& model,
                                 std::span<const bmt::Sample> samples);

}  // namespace bat::train
