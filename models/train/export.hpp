// SPDX-License-Identifier: Apache-2.0
// From the training view to the integer view, and how far they agree.
#pragma once

#include <cstdint>
#include <vector>

#include "models/bmt/golden.hpp"
#include "models/bmt/model.hpp"
#include "models/train/image_data.hpp"
#include "models/train/network.hpp"
#include "models/train/options.hpp"

namespace bat::train {

/// Folds `network` (quantized, on the CPU). `calibration` images fix the steps of the int16
/// residual stream: powers of two with room for half as much again as the largest value seen.
Result<bmt::Model> export_model(const Network& network, const ImageSet& calibration,
                                const TrainOptions& options);

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
  int images = 0;
  double float_accuracy = 0.0;
  double integer_accuracy = 0.0;
  int same_class = 0;                    ///< images that both views put in the same class
  int compared = 0;                      ///< images whose intermediate codes were compared
  std::int64_t saturated = 0;            ///< int16 values at a limit in the compared images
  std::vector<TensorAgreement> tensors;  ///< code tensors, in the order of computation
};

/// Runs both views on `images`. Intermediate codes are compared on the first few hundred of them:
/// where one bit flips, others follow, so shares grow from layer to layer.
Result<ViewReport> compare_views(const Network& network, const bmt::Model& model,
                                 const ImageSet& images);

}  // namespace bat::train
