// SPDX-License-Identifier: Apache-2.0
// One network being trained on one device: the step, the epochs, the checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/train/device_data.hpp"
#include "models/train/loss.hpp"
#include "models/train/network.hpp"
#include "models/train/optimizer.hpp"
#include "models/train/pruner.hpp"
#include "models/train/step_graph.hpp"

namespace bat::train {

struct SessionOptions {
  int epochs = 1;
  int batch = 256;
  Schedule schedule;  ///< `steps` is filled in by the session
  double weight_decay = 0.0;
  double clip = 1.0;
  double dropout = 0.0;
  double extra_part = 0.0;  ///< share of unlabelled samples in an epoch, where the data have any
  LossWeights weights;
  std::optional<PruneSchedule> prune;  ///< only for networks with masks
  std::int64_t seed = 0;
  std::string identity;  ///< what a checkpoint must carry to be resumed
  std::string vocab;     ///< kept in checkpoints; token networks only
};

struct EpochStats {
  int epoch = 0;          ///< epochs done
  double loss = 0.0;      ///< mean over the epoch
  double accuracy = 0.0;  ///< on the training samples as moved; 0 for regression
  double rate = 0.0;      ///< learning rate of the last step
  double seconds = 0.0;
};

class Session {
 public:
  /// `network` is trained in place; it, `data` and `teacher` (may be null) must outlive the
  /// session and be on `device`. Samples beyond a whole number of batches sit out an epoch.
  Session(Network& network, DeviceData& data, const Network* teacher, const SessionOptions& options,
          const torch::Device& device);

  /// Sets the quantizers from the first samples; not to be called after `load`.
  void calibrate();

  /// Trains one epoch. Sessions may do so at the same time, each in its thread, once every one of
  /// them has recorded its step with `record`.
  EpochStats run_epoch();

  /// Does the first steps of an epoch and records the rest as a graph where the device can.
  void record();

  /// Copies the parameters as they are now into `other`, a network of the same spec.
  void copy_parameters(const Network& other) const;

  /// Outputs for `data` in order, [count, classes] on the CPU, on this session's stream.
  torch::Tensor logits(const DeviceData& data) const;

  int epochs_done() const { return epoch_; }
  bool finished() const { return epoch_ >= options_.epochs; }
  /// Whether the last epoch was trained with the masks that stay to the end.
  bool settled() const { return !pruner_ || pruner_->settled(epoch_); }

  /// Writes the parameters alone, with the figure for which they were picked.
  Status save_picked(const std::filesystem::path& path, double figure) const;
  /// Takes the parameters of such a file.
  Status load_picked(const std::filesystem::path& path);

  /// Writes parameters, optimizer (unless finished) and progress, whole or not at all.
  Status save(const std::filesystem::path& path) const;
  /// Continues from a checkpoint of a run with the same identity.
  Status load(const std::filesystem::path& path);

 private:
  /// Order of the samples in an epoch and the kind of each batch.
  struct Plan {
    std::vector<std::int64_t> order;
    std::vector<int> kinds;
  };

  void step(int kind);
  void start_epoch();
  int epoch_items() const;
  Plan plan(std::mt19937_64& generator) const;

  Network& network_;
  DeviceData& data_;
  const Network* teacher_;
  SessionOptions options_;
  torch::Device device_;
  int steps_per_epoch_;
  int epoch_ = 0;
  std::vector<int> kinds_;   ///< of the batches of the current epoch
  std::size_t started_ = 0;  ///< steps of the current epoch done while recording
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Pruner> pruner_;  ///< null: nothing is pruned
  torch::Tensor order_;             ///< int64 [samples]: samples in the order of this epoch
  torch::Tensor batch_;             ///< int64 [batch]: 0, 1, ...
  torch::Tensor loss_sum_;          ///< over the epoch
  torch::Tensor right_sum_;         ///< over the epoch
  torch::Tensor known_sum_;         ///< labelled samples of the epoch
  std::unique_ptr<StepGraph> graph_;
};

/// Outputs for all items of `data` in order, [count, classes] on the CPU.
torch::Tensor all_logits(const Network& network, const DeviceData& data);

/// A network as a file, with its spec and vocabulary in the metadata, and back.
struct StoredNetwork {
  std::unique_ptr<Network> network;  ///< on the CPU
  std::string vocab;                 ///< token networks only
};
Result<StoredNetwork> load_network(const std::filesystem::path& path);

/// The figure of a file of `Session::save_picked`; none if there is no such file.
std::optional<double> picked_figure(const std::filesystem::path& path);

/// Whether `path` is a checkpoint whose run had all its epochs.
bool is_complete(const std::filesystem::path& path);

}  // namespace bat::train
