// SPDX-License-Identifier: Apache-2.0
// Training steps that are issued again and again. On a CUDA device each kind of step is recorded
// once as a graph and replayed, which removes the cost of launching its hundreds of small kernels;
// elsewhere it is simply called.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bat::train {

class StepGraph {
 public:
  /// `step(kind)` must do the same work on the same tensors at every call of one kind, 0 <= kind <
  /// `kinds`: no host reads, no random numbers, everything that changes lives in tensors.
  StepGraph(std::function<void(int)> step, int kinds, const torch::Device& device);
  ~StepGraph();

  /// Runs `work` on this graph's own stream (uploads, evaluation) and waits for it.
  void on_stream(const std::function<void()>& work) const;

  /// Whether steps are recorded on this device.
  bool records() const;

  /// Runs the steps `first` eagerly and then records each kind of which `wanted` is true: one graph
  /// at a time in a process.
  void record(std::span<const int> first, const std::vector<bool>& wanted);

  /// Issues the steps of these kinds and waits for them. Several graphs may run at once, each in
  /// its thread.
  void run(std::span<const int> kinds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The device that "auto", "cpu" or "cuda" means in this build on this machine; throws c10::Error
/// if CUDA is asked for and missing.
torch::Device pick_device(const std::string& name);

}  // namespace bat::train
