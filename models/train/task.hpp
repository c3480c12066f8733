// SPDX-License-Identifier: Apache-2.0
// What is learned: data, checked against the options, as samples of the integer view and as
// batches on a device.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/io/result.hpp"
#include "models/train/device_data.hpp"
#include "models/train/options.hpp"

namespace bat::train {

class Task {
 public:
  virtual ~Task() = default;

  /// Name, input, labels, vocabulary and origin of the models of this task; no tensors.
  const bmt::Model& header() const { return header_; }
  /// Of the data: files or samples in order, see the makers.
  const std::string& sha256() const { return sha256_; }

  /// Samples to learn from; the last ones may be set aside.
  virtual int train_count() const = 0;
  virtual int test_count() const = 0;

  virtual std::vector<bmt::Sample> train_samples(int first, int n) const = 0;
  virtual std::vector<bmt::Sample> test_samples(int first, int n) const = 0;

  /// The training samples [first, first + n) on a device; `moving` allows changes by epoch.
  virtual std::unique_ptr<DeviceData> on_device(int first, int n, bool moving,
                                                const torch::Device& device) const = 0;

  /// Whether the test samples are a development set, which may be looked at while training.
  virtual bool test_is_dev() const { return false; }
  /// The test samples on a device; tasks whose test set is a development set only.
  virtual std::unique_ptr<DeviceData> test_on_device(const torch::Device& /*device*/) const {
    return nullptr;
  }

 protected:
  bmt::Model header_;
  std::string sha256_;
};

/// Images: an IDX folder, by default the installed Fashion-MNIST. Text: GLUE folders and CLINC150.
/// "mlm": a corpus. `vocab` is the vocabulary that a checkpoint brings; empty: that of the options.
Result<std::unique_ptr<Task>> load_task(const TrainOptions& options, const std::string& vocab);

Result<std::unique_ptr<Task>> load_image_task(const TrainOptions& options);
Result<std::unique_ptr<Task>> load_text_task(const TrainOptions& options, const std::string& vocab);
Result<std::unique_ptr<Task>> load_corpus_task(const TrainOptions& options,
                                               const std::string& vocab);

/// The network that `options` describe for `task`.
NetworkSpec spec_of(const TrainOptions& options, const Task& task);

/// Samples of one network as a batch of inputs, padded to the longest of them, on the CPU.
Input input_of(const NetworkSpec& spec, std::span<const bmt::Sample> samples);

}  // namespace bat::train
