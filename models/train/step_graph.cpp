// SPDX-License-Identifier: Apache-2.0
#include "models/train/step_graph.hpp"

#include <torch/torch.h>

#include <optional>

#ifdef BAT_TRAIN_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace bat::train {

torch::Device pick_device(const std::string& name) {
  const bool wanted = name == "cuda" || name == "auto";
#ifdef BAT_TRAIN_CUDA
  if (wanted && torch::cuda::is_available()) {
    // Codes are exact in TF32; only scales and gradients lose bits.
    at::globalContext().setAllowTF32CuBLAS(true);
    return torch::Device(torch::kCUDA, 0);
  }
#endif
  TORCH_CHECK(name != "cuda", "device cuda: this build or machine has no CUDA");
  return wanted || name == "cpu" ? torch::Device(torch::kCPU) : torch::Device(name);
}

#ifdef BAT_TRAIN_CUDA

namespace {
/// Steps before the recording: they let libraries allocate what must not be allocated in it.
constexpr int kEagerSteps = 3;
}  // namespace

struct StepGraph::Impl {
  std::function<void()> step;
  bool cuda = false;
  std::optional<c10::cuda::CUDAStream> stream;
  std::unique_ptr<at::cuda::CUDAGraph> graph;
};

StepGraph::StepGraph(std::function<void()> step, const torch::Device& device)
    : impl_(std::make_unique<Impl>()) {
  impl_->step = std::move(step);
  impl_->cuda = device.is_cuda();
  if (!impl_->cuda) return;
  // A stream of its own: graphs recorded on one shared stream may share library workspaces. It does
  // not wait for the default stream, where the network was set up.
  c10::cuda::device_synchronize();
  impl_->stream = c10::cuda::getStreamFromPool(false, device.index());
}

StepGraph::~StepGraph() = default;

void StepGraph::on_stream(const std::function<void()>& work) const {
  if (!impl_->cuda) return work();
  const c10::cuda::CUDAStreamGuard guard(*impl_->stream);
  work();
  impl_->stream->synchronize();
}

int StepGraph::record() {
  if (!impl_->cuda) return 0;
  on_stream([&] {
    for (int i = 0; i < kEagerSteps; ++i) impl_->step();
  });
  const c10::cuda::CUDAStreamGuard guard(*impl_->stream);
  c10::cuda::device_synchronize();
  impl_->graph = std::make_unique<at::cuda::CUDAGraph>();
  impl_->graph->capture_begin();
  impl_->step();
  impl_->graph->capture_end();
  return kEagerSteps;
}

void StepGraph::run(int count) {
  on_stream([&] {
    for (int i = 0; i < count; ++i) {
      if (impl_->graph) {
        impl_->graph->replay();
      } else {
        impl_->step();
      }
    }
  });
}

#else

struct StepGraph::Impl {
  std::function<void()> step;
};

StepGraph::StepGraph(std::function<void()> step, const torch::Device&)
    : impl_(std::make_unique<Impl>()) {
  impl_->step = std::move(step);
}

StepGraph::~StepGraph() = default;

void StepGraph::on_stream(const std::function<void()>& work) const { work(); }

int StepGraph::record() { return 0; }

void StepGraph::run(int count) {
  for (int i = 0; i < count; ++i) impl_->step();
}

#endif

}  // namespace bat::train
