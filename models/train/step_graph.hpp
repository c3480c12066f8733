// SPDX-License-Identifier: Apache-2.0
// A training step that is issued again and again. On a CUDA device it is recorded once as a graph
// and replayed, which removes the cost of launching its hundreds of small kernels; elsewhere it is
// simply called.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>

namespace bat::train {

class StepGraph {
 public:
  /// `step` must do the same work on the same tensors at every call: no host reads, no random
  /// numbers, everything that changes lives in tensors.
  StepGraph(std::function<void()> step, const torch::Device& device);
  ~StepGraph();

  /// Runs `work` on this graph's own stream (uploads, evaluation) and waits for it.
  void on_stream(const std::function<void()>& work) const;

  /// Runs the first steps eagerly and then records the graph: one graph at a time in a process.
  /// Returns the number of steps done.
  int record();

  /// Issues `count` steps and waits for them. Several graphs may run at once, each in its thread.
  void run(int count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The device that "auto", "cpu" or "cuda" means in this build on this machine; throws c10::Error
/// if CUDA is asked for and missing.
torch::Device pick_device(const std::string& name);

}  // namespace bat::train
