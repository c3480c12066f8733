// SPDX-License-Identifier: Apache-2.0
// One network being trained on one device: the step, the epochs, the checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "models/train/image_data.hpp"
#include "models/train/network.hpp"
#include "models/train/optimizer.hpp"
#include "models/train/step_graph.hpp"

namespace bat::train {

struct SessionOptions {
  int epochs = 1;
  int batch = 256;
  Schedule schedule;  ///< `steps` is filled in by the session
  double weight_decay = 0.0;
  double clip = 1.0;
  double hard_weight = 1.0;
  double soft_weight = 0.0;  ///< needs a teacher
  double hidden_weight = 0.0;
  int shift = 2;
  bool flip = true;
  std::int64_t seed = 0;
  std::string identity;  ///< what a checkpoint must carry to be resumed
};

struct EpochStats {
  int epoch = 0;          ///< epochs done
  double loss = 0.0;      ///< mean over the epoch
  double accuracy = 0.0;  ///< on the training images as moved
  double rate = 0.0;      ///< learning rate of the last step
  double seconds = 0.0;
};

class Session {
 public:
  /// `network` is trained in place; it, `images` and `teacher` (may be null) must outlive the
  /// session and be on `device`. Images beyond a whole number of batches sit out an epoch.
  Session(Network& network, const DeviceImages& images, const Network* teacher,
          const SessionOptions& options, const torch::Device& device);

  /// Sets the quantizers from the first batches; not to be called after `load`.
  void calibrate();

  /// Trains one epoch. Sessions may do so at the same time, each in its thread, once every one of
  /// them has recorded its step with `record`.
  EpochStats run_epoch();

  /// Does the first steps of an epoch and records the rest as a graph where the device can.
  void record();

  /// Share of `images` that the network gets right, on this session's stream.
  double accuracy(const DeviceImages& images) const;

  int epochs_done() const { return epoch_; }
  bool finished() const { return epoch_ >= options_.epochs; }

  /// Writes parameters, optimizer (unless finished) and progress, whole or not at all.
  Status save(const std::filesystem::path& path) const;
  /// Continues from a checkpoint of a run with the same identity.
  Status load(const std::filesystem::path& path);

 private:
  void step();
  void start_epoch();
  torch::Tensor loss(const Output& out, const torch::Tensor& features,
                     const torch::Tensor& labels) const;

  Network& network_;
  const DeviceImages& images_;
  const Network* teacher_;
  SessionOptions options_;
  torch::Device device_;
  int steps_per_epoch_;
  int epoch_ = 0;
  int epoch_steps_ = 0;  ///< steps of the current epoch done while recording
  std::unique_ptr<Optimizer> optimizer_;
  torch::Tensor order_;      ///< int64 [images]: order of the images in this epoch
  torch::Tensor moves_;      ///< int64 [images]: move code by place in the order
  torch::Tensor batch_;      ///< int64 [batch]: 0, 1, ...
  torch::Tensor loss_sum_;   ///< over the epoch
  torch::Tensor right_sum_;  ///< over the epoch
  std::unique_ptr<StepGraph> graph_;
};

/// Class scores of all images in order, [count, classes] on the CPU.
torch::Tensor all_logits(const Network& network, const DeviceImages& images);

/// Parameters of a network as a file, with its spec in the metadata, and back.
Status save_network(const Network& network, const std::filesystem::path& path);
Result<std::unique_ptr<Network>> load_network(const std::filesystem::path& path);

}  // namespace bat::train
