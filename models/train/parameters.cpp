// SPDX-License-Identifier: Apache-2.0
#include "models/train/parameters.hpp"

#include <algorithm>

#include "models/train/torch.hpp"

namespace bat::train {

void Parameters::add(const std::string& name, const torch::Tensor& value) {
  TORCH_CHECK(!contains(name), "parameter added twice: ", name);
  names_.push_back(name);
  tensors_.push_back(value.detach().to(torch::kFloat).contiguous());
}

void Parameters::replace(const std::string& name, const torch::Tensor& value) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  TORCH_CHECK(found != names_.end() && value.sizes() == at(name).sizes(), "cannot replace ", name);
  tensors_[static_cast<std::size_t>(found - names_.begin())] =
      value.detach().to(torch::kFloat).contiguous();
}

void Parameters::flatten(const torch::Device& device) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& tensor : tensors_) parts.push_back(tensor.reshape({-1}));
  flat_ = torch::cat(parts).to(device);
  std::int64_t start = 0;
  for (torch::Tensor& tensor : tensors_) {
    const torch::Tensor view = flat_.narrow(0, start, tensor.numel()).view(tensor.sizes());
    start += tensor.numel();
    tensor = view.detach().requires_grad_(true);
  }
}

const torch::Tensor& Parameters::at(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  TORCH_CHECK(found != names_.end(), "no parameter ", name);
  return tensors_[static_cast<std::size_t>(found - names_.begin())];
}

bool Parameters::contains(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

torch::Tensor Parameters::part(const torch::Tensor& vector, const std::string& name) const {
  std::int64_t start = 0;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::int64_t size = tensors_[i].numel();
    if (names_[i] == name) return vector.narrow(0, start, size).view(tensors_[i].sizes());
    start += size;
  }
  TORCH_CHECK(false, "no parameter ", name);
}

torch::Tensor Parameters::gradient(const torch::Tensor& loss) const {
  std::vector<torch::Tensor> parts = torch::autograd::grad(
      {loss}, tensors_, {}, {}, /*create_graph=*/false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const torch::Tensor part = parts[i].defined() ? parts[i] : torch::zeros_like(tensors_[i]);
    parts[i] = part.reshape({-1});
  }
  return torch::cat(parts);
}

}  // namespace bat::train
