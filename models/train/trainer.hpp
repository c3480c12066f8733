// SPDX-License-Identifier: Apache-2.0
// Training runs from options to an exported model.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "models/train/export.hpp"
#include "models/train/options.hpp"
#include "models/train/session.hpp"

namespace bat::train {

/// What a run tells while it goes on.
struct Progress {
  std::string run;    ///< TrainOptions::name
  std::string phase;  ///< "teacher" or "model"
  EpochStats stats;
  int epochs = 0;  ///< of this phase
  /// Figure of the task on the samples set aside (text with none: the development set), when it was
  /// measured.
  std::optional<double> holdout;
};

/// Called after each epoch; `train_all` calls it from several threads at once. If it returns false
/// the run writes its checkpoint and stops.
using ProgressCallback = std::function<bool(const Progress&)>;

/// What came out of a run.
struct TrainReport {
  int epochs_done = 0;
  bool complete = false;          ///< all epochs done
  double holdout_accuracy = 0.0;  ///< figure of the task, float view; 0 if nothing was set aside
  std::string data_sha256;
  double pruned = 0.0;               ///< share of the weights of the encoder's matrices that are 0
  std::optional<ViewReport> views;   ///< only after `finish` of a quantized network
  std::optional<double> float_test;  ///< figure of a float network on the test set, after `finish`
  std::filesystem::path checkpoint;  ///< out/checkpoint.safetensors
  std::filesystem::path log;         ///< out/log.csv, one line an epoch
  std::filesystem::path curves;      ///< out/curves.svg
  std::filesystem::path model;       ///< out/NAME.safetensors, if exported
  std::filesystem::path card;        ///< out/NAME.md, if exported
};

/// Trains by `options`. The same options, data, device and library give the same model.
Result<TrainReport> train(const TrainOptions& options, const ProgressCallback& progress);

/// Trains several runs side by side on one device, which one small run cannot fill. Teachers that
/// have to be trained first are trained one after the other. Stops at the first error.
Result<std::vector<TrainReport>> train_all(const std::vector<TrainOptions>& runs,
                                           const ProgressCallback& progress);

}  // namespace bat::train
