// SPDX-License-Identifier: Apache-2.0
#include "models/train/pruner.hpp"

#include <algorithm>

#include "models/train/torch.hpp"

namespace bat::train {

using torch::Tensor;

namespace {

/// [slices, groups, blocks] spread over the weights, [slices, out, in].
Tensor spread(const Tensor& blocks, const bmt::Pruning& cut, std::int64_t out, std::int64_t in) {
  return blocks.repeat_interleave(cut.group, 1)
      .narrow(1, 0, out)
      .repeat_interleave(cut.block, 2)
      .narrow(2, 0, in);
}

/// The signs that the forward pass uses, 0 where pruned; scales are common to a matrix and rank
/// nothing.
Tensor signs_of(const Network& network, const std::string& matrix) {
  const std::vector<Branch> branches = branches_of(network, matrix);
  if (branches.size() == 1) return branches[0].sign;
  return (branches[0].sign + branches[1].sign) * 0.5 * network.mask(matrix);
}

Tensor to_host(const Tensor& tensor) { return tensor.detach().to(torch::kCPU, torch::kDouble); }

/// How many weights of the queries of each head are kept, [heads]. (A head of which the output
/// projection happens to keep no block is not gone: the number of heads is the same in all layers.)
Tensor head_weights(const Network& network, int layer) {
  const Shape& s = network.spec().shape;
  const Tensor mask = to_host(network.mask(layer_prefix(layer) + "qkv"))[0];
  return mask.view({s.heads, s.head_dim, s.hidden}).sum(std::vector<std::int64_t>{1, 2});
}

/// The largest sum along the last dimension.
int most(const Tensor& values) { return static_cast<int>(values.sum(-1).max().item<double>()); }

}  // namespace

Tensor block_sums(const Tensor& values, const bmt::Pruning& cut) {
  const std::int64_t groups = (values.size(1) + cut.group - 1) / cut.group;
  const std::int64_t blocks = (values.size(2) + cut.block - 1) / cut.block;
  const Tensor padded = torch::constant_pad_nd(
      values, {0, blocks * cut.block - values.size(2), 0, groups * cut.group - values.size(1)});
  return padded.view({values.size(0), groups, cut.group, blocks, cut.block}).sum({2, 4});
}

Tensor keep_best(const Tensor& score, const Tensor& kept, std::int64_t keep) {
  const Tensor s = score.to(torch::kDouble);
  // At most 1, so that no score outweighs being kept.
  const Tensor key = kept.to(torch::kDouble) * 2.0 + s / s.max().clamp_min(1e-300);
  const Tensor order = std::get<1>(key.sort(/*stable=*/true, -1, /*descending=*/true));
  return torch::zeros_like(key).scatter_(-1, order.narrow(-1, 0, keep), 1.0);
}

Pruner::Pruner(Network& network, const PruneSchedule& schedule)
    : network_(network), schedule_(schedule) {
  TORCH_CHECK(network.spec().cut.used(), "pruning needs a network with masks");
  if (!schedule.taylor) return;
  torch::NoGradGuard no_grad;
  for (const std::string& name : network.matrices()) {
    const Tensor weight = network.at(name + ".weight").detach();
    blocks_[name] = torch::zeros_like(block_sums(weight, network.spec().cut));
    if (schedule.fine > 0.0) weights_[name] = torch::zeros_like(weight);
    if (name.ends_with(".o")) {
      heads_[name] = torch::zeros({network.spec().shape.heads}, weight.options());
    }
  }
}

/// Sums over the inputs of each head, [heads], of values of an output projection.
Tensor Pruner::heads_of(const Tensor& values) const {
  const Shape& s = network_.spec().shape;
  return values.view({values.size(1), s.heads, s.head_dim}).sum(std::vector<std::int64_t>{0, 2});
}

void Pruner::observe(const Tensor& gradient) {
  if (!schedule_.taylor) return;
  torch::NoGradGuard no_grad;
  for (auto& [name, sum] : blocks_) {
    const Tensor change =
        network_.parameters().part(gradient, name + ".weight") * signs_of(network_, name);
    sum.add_(block_sums(change, network_.spec().cut).square());
    if (const auto found = weights_.find(name); found != weights_.end()) {
      found->second.add_(change.square());
    }
    if (const auto found = heads_.find(name); found != heads_.end()) {
      found->second.add_(heads_of(change).square());
    }
  }
}

Pruner::Scores Pruner::scores(const std::string& matrix) const {
  if (schedule_.taylor) {
    const auto fine = weights_.find(matrix);
    return {to_host(blocks_.at(matrix)), fine == weights_.end() ? Tensor() : to_host(fine->second)};
  }
  const Tensor size = to_host(network_.at(matrix + ".weight")).abs();
  return {block_sums(size, network_.spec().cut), schedule_.fine > 0.0 ? size : Tensor()};
}

Tensor Pruner::head_scores(const std::string& output_projection) const {
  if (schedule_.taylor) return to_host(heads_.at(output_projection));
  return heads_of(to_host(network_.at(output_projection + ".weight")).abs());
}

/// 1 for the heads of a layer that stay.
Tensor Pruner::alive_heads(int layer) const {
  const std::string o = layer_prefix(layer) + "o";
  const Tensor alive = head_weights(network_, layer).gt(0.0).to(torch::kDouble);
  return keep_best(head_scores(o), alive, network_.spec().shape.heads - schedule_.heads);
}

/// Chooses again what a matrix keeps among the weights that `possible` is 1 for.
void Pruner::set_mask(const std::string& matrix, const Tensor& possible, double ramp) {
  const bmt::Pruning& cut = network_.spec().cut;
  const Tensor before = to_host(network_.mask(matrix));
  const Scores by = scores(matrix);
  const Tensor can = block_sums(possible, cut).gt(0.0).to(torch::kDouble);
  const Tensor kept = block_sums(before, cut).gt(0.0).to(torch::kDouble) * can;
  // The same for every group that has anything left; nothing comes back.
  const int blocks = most(can);
  const int keep = std::clamp(most(kept), 1, blocks - pruned_of(blocks, schedule_.blocks * ramp));
  const Tensor chosen = keep_best(by.blocks * can, kept + can, keep) * can;
  Tensor mask = spread(chosen, cut, before.size(1), before.size(2)) * possible;
  if (schedule_.fine > 0.0) fine_level(by, before, mask, ramp);
  network_.mask(matrix).copy_(mask);
}

/// Each row of a kept block keeps the same number of weights.
void Pruner::fine_level(const Scores& by, const Tensor& before, Tensor& mask, double ramp) const {
  const int block = network_.spec().cut.block;
  const auto in = static_cast<int>(mask.size(2));
  for (int first = 0; first < in; first += block) {
    const int size = std::min(block, in - first);
    const int keep = std::clamp(most(before.narrow(2, first, size)), 1,
                                size - pruned_of(size, schedule_.fine * ramp));
    const Tensor part = mask.narrow(2, first, size);
    part.mul_(keep_best(by.weights.narrow(2, first, size), before.narrow(2, first, size), keep));
  }
}

void Pruner::update(int done) {
  torch::NoGradGuard no_grad;
  if (done > schedule_.begin && done <= schedule_.end) {
    const std::int64_t dim = network_.spec().shape.head_dim;
    for (int i = 0; i < network_.spec().shape.layers; ++i) {
      const std::string p = layer_prefix(i);
      const Tensor alive = alive_heads(i).repeat_interleave(dim);
      const double ramp = schedule_.ramp(done);
      for (const char* name : {"qkv", "o", "f1", "f2"}) {
        Tensor possible = torch::ones_like(to_host(network_.mask(p + name)));
        if (std::string_view(name) == "qkv") possible *= alive.view({1, -1, 1});
        if (std::string_view(name) == "o") possible *= alive.view({1, 1, -1});
        set_mask(p + name, possible, ramp);
      }
    }
  }
  for (auto* sums : {&blocks_, &weights_, &heads_}) {
    for (auto& [name, sum] : *sums) sum.zero_();
  }
}

namespace {

std::vector<std::int64_t> heads_left(const Network& network, int layer) {
  const Tensor weights = head_weights(network, layer);
  std::vector<std::int64_t> left;
  for (std::int64_t h = 0; h < weights.size(0); ++h) {
    if (weights[h].item<double>() > 0.0) left.push_back(h);
  }
  return left;
}

/// `source` in the size of `target`: of what is as long as the heads or the attention width, the
/// parts of the heads that are left.
Tensor selected(const Tensor& source, const Tensor& target, const std::vector<std::int64_t>& left,
                std::int64_t heads, std::int64_t dim) {
  const Tensor index = torch::tensor(left, torch::kInt64);
  const Tensor rows = (index.unsqueeze(1) * dim + torch::arange(dim, torch::kInt64)).flatten();
  Tensor out = source.detach();
  for (std::int64_t d = 0; d < out.dim(); ++d) {
    if (out.size(d) == target.size(d)) continue;
    out = out.index_select(d, out.size(d) == heads ? index : rows);
  }
  return out;
}

}  // namespace

std::unique_ptr<Network> without_pruned_heads(const Network& network) {
  NetworkSpec spec = network.spec();
  if (!spec.cut.used()) return nullptr;
  torch::NoGradGuard no_grad;
  const int heads = spec.shape.heads;
  std::vector<std::vector<std::int64_t>> left;
  for (int i = 0; i < spec.shape.layers; ++i) left.push_back(heads_left(network, i));
  spec.shape.heads = static_cast<int>(left[0].size());
  if (spec.shape.heads == heads) return nullptr;
  for (const std::vector<std::int64_t>& each : left) {
    TORCH_CHECK(each.size() == left[0].size(), "layers have lost different numbers of heads");
  }
  auto out = std::make_unique<Network>(spec, 0);
  out->to(torch::kCPU);
  const auto layer_of = [](const std::string& name) {
    return name.starts_with("layers.") ? std::stoul(name.substr(7)) : 0UL;
  };
  for (const std::string& name : out->parameters().names()) {
    const Tensor target = out->at(name).detach();
    target.copy_(
        selected(network.at(name), target, left[layer_of(name)], heads, spec.shape.head_dim));
  }
  for (const std::string& name : out->matrices()) {
    const Tensor target = out->mask(name);
    target.copy_(
        selected(network.mask(name), target, left[layer_of(name)], heads, spec.shape.head_dim));
  }
  return out;
}

double pruned_share(const Network& network) {
  double kept = 0.0;
  double all = 0.0;
  for (const std::string& name : network.matrices()) {
    const Tensor mask = network.mask(name);
    if (!mask.defined()) return 0.0;
    kept += mask.sum().item<double>();
    all += static_cast<double>(mask.numel());
  }
  return 1.0 - kept / all;
}

}  // namespace bat::train
