// SPDX-License-Identifier: Apache-2.0
#include "models/train/step_graph.hpp"

#include <optional>

#include "models/train/torch.hpp"

#ifdef BAT_TRAIN_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#endif

namespace bat::train {

torch::Device pick_device(const std::string& name) {
  const bool wanted = name == "cuda" || name == "auto";
#ifdef BAT_TRAIN_CUDA
  if (wanted && torch::cuda::is_available()) {
    // Runs side by side each wait with a thread of their own: let those sleep, not spin.
    cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync);
    // Codes are exact in TF32; only scales and gradients lose bits.
    at::globalContext().setAllowTF32CuBLAS(true);
    return torch::Device(torch::kCUDA, 0);
  }
#endif
  TORCH_CHECK(name != "cuda", "device cuda: this build or machine has no CUDA");
  return wanted || name == "cpu" ? torch::Device(torch::kCPU) : torch::Device(name);
}

#ifdef BAT_TRAIN_CUDA

struct StepGraph::Impl {
  std::function<void(int)> step;
  bool cuda = false;
  std::optional<c10::cuda::CUDAStream> stream;
  std::vector<std::unique_ptr<at::cuda::CUDAGraph>> graphs;
};

StepGraph::StepGraph(std::function<void(int)> step, int kinds, const torch::Device& device)
    : impl_(std::make_unique<Impl>()) {
  impl_->step = std::move(step);
  impl_->cuda = device.is_cuda();
  impl_->graphs.resize(static_cast<std::size_t>(kinds));
  if (!impl_->cuda) return;
  // A stream of its own: graphs recorded on one shared stream may share library workspaces. It does
  // not wait for the default stream, where the network was set up.
  c10::cuda::device_synchronize();
  impl_->stream = c10::cuda::getStreamFromPool(false, device.index());
}

StepGraph::~StepGraph() = default;

bool StepGraph::records() const { return impl_->cuda; }

void StepGraph::on_stream(const std::function<void()>& work) const {
  if (!impl_->cuda) return work();
  const c10::cuda::CUDAStreamGuard guard(*impl_->stream);
  work();
  impl_->stream->synchronize();
}

void StepGraph::record(std::span<const int> first, const std::vector<bool>& wanted) {
  run(first);
  if (!impl_->cuda) return;
  const c10::cuda::CUDAStreamGuard guard(*impl_->stream);
  for (std::size_t kind = 0; kind < impl_->graphs.size(); ++kind) {
    if (!wanted[kind]) continue;
    c10::cuda::device_synchronize();
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    graph->capture_begin();
    impl_->step(static_cast<int>(kind));
    graph->capture_end();
    impl_->graphs[kind] = std::move(graph);
  }
}

void StepGraph::run(std::span<const int> kinds) {
  on_stream([&] {
    for (const int kind : kinds) {
      const auto& graph = impl_->graphs[static_cast<std::size_t>(kind)];
      if (graph) {
        graph->replay();
      } else {
        impl_->step(kind);
      }
    }
  });
}

#else

struct StepGraph::Impl {
  std::function<void(int)> step;
};

StepGraph::StepGraph(std::function<void(int)> step, int, const torch::Device&)
    : impl_(std::make_unique<Impl>()) {
  impl_->step = std::move(step);
}

StepGraph::~StepGraph() = default;

bool StepGraph::records() const { return false; }

void StepGraph::on_stream(const std::function<void()>& work) const { work(); }

void StepGraph::record(std::span<const int> first, const std::vector<bool>&) { run(first); }

void StepGraph::run(std::span<const int> kinds) {
  for (const int kind : kinds) impl_->step(kind);
}

#endif

}  // namespace bat::train
