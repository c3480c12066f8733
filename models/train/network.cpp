// SPDX-License-Identifier: Apache-2.0
// Parameters of a network: their first values, and where else they can come from.
#include "models/train/network.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "models/train/quantizers.hpp"
#include "models/train/split.hpp"
#include "models/train/torch.hpp"

namespace bat::train {

using torch::Tensor;

namespace {

/// Creates parameters from one generator, in order.
class Initializer {
 public:
  Initializer(Parameters& parameters, const NetworkSpec& spec, std::int64_t seed)
      : parameters_(parameters),
        spec_(spec),
        generator_(at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed))) {}

  void normal(const std::string& name, at::IntArrayRef shape, double deviation) {
    parameters_.add(name, torch::empty(shape).normal_(0.0, deviation, generator_));
  }
  void constant(const std::string& name, at::IntArrayRef shape, double value) {
    parameters_.add(name, torch::full(shape, value, torch::kFloat));
  }
  void layer_norm(const std::string& name, std::int64_t width) {
    constant(name + ".gain", {width}, 1.0);
    constant(name + ".offset", {width}, 0.0);
  }
  /// A binarized matrix, [slices, out, in]: one latent weight or two.
  void matrix(const std::string& name, std::int64_t slices, std::int64_t out, std::int64_t in) {
    const double deviation = 1.0 / std::sqrt(static_cast<double>(in));
    normal(name + ".weight", {slices, out, in}, deviation);
    if (!spec_.split(name)) return;
    split(parameters_.at(name + ".weight"), name);
  }

 private:
  void split(const Tensor& latent, const std::string& name);

  Parameters& parameters_;
  const NetworkSpec& spec_;
  at::Generator generator_;
};

/// Both latent weights of `latent`, and the logarithm of the scale of a branch, per slice.
struct SplitTensors {
  Tensor first, second, log_scale;
};

SplitTensors split_tensors(const Tensor& latent) {
  const Tensor w = latent.detach().to(torch::kCPU, torch::kDouble).contiguous();
  SplitTensors out{torch::empty_like(w), torch::empty_like(w),
                   torch::empty({w.size(0), 1, 1}, torch::kDouble)};
  const auto size = static_cast<std::size_t>(w[0].numel());
  for (std::int64_t s = 0; s < w.size(0); ++s) {
    const SplitWeight split = split_ternary({w[s].data_ptr<double>(), size});
    std::copy(split.first.begin(), split.first.end(), out.first[s].data_ptr<double>());
    std::copy(split.second.begin(), split.second.end(), out.second[s].data_ptr<double>());
    out.log_scale[s].fill_(std::log(std::max(split.scale / 2.0, 1e-12)));
  }
  return out;
}

void Initializer::split(const Tensor& latent, const std::string& name) {
  const SplitTensors both = split_tensors(latent);
  parameters_.replace(name + ".weight", both.first);
  parameters_.add(name + ".weight2", both.second);
  if (spec_.kind_of(name) != WeightKind::kWeightedSplit) return;
  parameters_.add(name + ".scale", torch::stack({both.log_scale, both.log_scale}));
}

void add_layer_quantizers(Initializer& init, const NetworkSpec& spec, const std::string& p) {
  const std::int64_t d = spec.shape.hidden;
  const std::int64_t width = spec.attention_width();
  for (const char* name : {"input", "ffn_input"}) {
    init.constant(p + name + ".alpha", {}, 0.0);
    init.constant(p + name + ".beta", {d}, 0.0);
  }
  init.constant(p + "qkv.alpha", {3}, 0.0);
  init.constant(p + "context.alpha", {}, 0.0);
  init.constant(p + "context.beta", {width}, 0.0);
  init.constant(p + "ffn.alpha", {}, 0.0);
  if (spec.attention == bmt::Attention::kSoftmax) {
    init.constant(p + "attention.alpha", {}, 0.0);
  } else {
    init.constant(p + "attention.threshold", {spec.shape.heads, 1, 1}, 0.0);
    init.constant(p + "attention.step", {spec.shape.heads, 1, 1}, 0.0);
    init.constant(p + "attention.value", {spec.shape.heads, 1, 1}, 0.0);
  }
}

void add_layer(Initializer& init, const NetworkSpec& spec, const std::string& p) {
  const std::int64_t d = spec.shape.hidden;
  const std::int64_t f = spec.shape.ffn;
  const std::int64_t width = spec.attention_width();
  init.matrix(p + "qkv", 3, width, d);
  init.constant(p + "qkv.bias", {3, width}, 0.0);
  init.matrix(p + "o", 1, d, width);
  init.constant(p + "o.bias", {d}, 0.0);
  init.layer_norm(p + "ln1", d);
  init.matrix(p + "f1", 1, f, d);
  init.constant(p + "f1.bias", {f}, 0.0);
  init.matrix(p + "f2", 1, d, f);
  init.constant(p + "f2.bias", {d}, 0.0);
  init.layer_norm(p + "ln2", d);
  if (spec.quantized()) add_layer_quantizers(init, spec, p);
}

void add_token_embedding(Initializer& init, const NetworkSpec& spec) {
  const std::int64_t d = spec.shape.hidden;
  init.normal("word", {spec.vocab, d}, 0.05);
  init.normal("position", {spec.rows, d}, 0.05);
  if (spec.segments == 2) init.normal("segment", {2, d}, 0.05);
  if (spec.quantized()) init.constant("embed.step", {}, 0.0);
}

void add_feature_embedding(Initializer& init, const NetworkSpec& spec) {
  const std::int64_t d = spec.shape.hidden;
  init.normal("position", {spec.rows, d}, 0.2);
  init.normal("patch.weight", {d, spec.features}, 1.0 / std::sqrt(spec.features));
  init.constant("patch.bias", {d}, 0.0);
}

void add_heads(Initializer& init, const NetworkSpec& spec) {
  const std::int64_t d = spec.shape.hidden;
  const double deviation = 1.0 / std::sqrt(static_cast<double>(d));
  if (spec.pooler) {
    init.matrix("pooler", 1, d, d);
    init.constant("pooler.bias", {d}, 0.0);
    if (spec.quantized()) {
      init.constant("pooler.input.alpha", {}, 0.0);
      init.constant("pooler.input.beta", {d}, 0.0);
    }
  }
  init.normal("classifier.weight", {spec.classes, d}, deviation);
  init.constant("classifier.bias", {spec.classes}, 0.0);
  if (spec.word_head) {
    init.normal("word_head.weight", {d, d}, deviation);
    init.constant("word_head.bias", {d}, 0.0);
    init.layer_norm("word_head.ln", d);
    init.constant("word_head.offset", {spec.vocab}, 0.0);
  }
}

/// The leading part of `source` of the size of `target`; undefined if it is too small.
Tensor leading(const Tensor& source, const Tensor& target) {
  if (source.dim() != target.dim()) return {};
  Tensor part = source;
  for (std::int64_t i = 0; i < part.dim(); ++i) {
    if (part.size(i) < target.size(i)) return {};
    part = part.narrow(i, 0, target.size(i));
  }
  return part;
}

}  // namespace

std::string layer_prefix(int layer) { return "layers." + std::to_string(layer) + "."; }

Network::Network(const NetworkSpec& spec, std::int64_t seed) : spec_(spec) {
  Initializer init(parameters_, spec_, seed);
  if (spec.tokens()) {
    add_token_embedding(init, spec_);
  } else {
    add_feature_embedding(init, spec_);
  }
  init.layer_norm("embed.ln", spec.shape.hidden);
  for (int i = 0; i < spec.shape.layers; ++i) add_layer(init, spec_, layer_prefix(i));
  add_heads(init, spec_);
  if (!spec.cut.used()) return;
  for (const std::string& name : matrices()) {
    masks_[name] = torch::ones_like(parameters_.at(name + ".weight"));
  }
}

void Network::to(const torch::Device& device) {
  parameters_.flatten(device);
  for (auto& [name, mask] : masks_) mask = mask.to(device);
}

std::vector<std::string> Network::matrices() const {
  std::vector<std::string> names;
  for (int i = 0; i < spec_.shape.layers; ++i) {
    for (const char* name : {"qkv", "o", "f1", "f2"}) names.push_back(layer_prefix(i) + name);
  }
  return names;
}

Tensor Network::mask(const std::string& matrix) const {
  const auto found = masks_.find(matrix);
  return found == masks_.end() ? Tensor() : found->second;
}

void Network::split_from(const Network& other, const std::string& name) {
  const Tensor source = leading(other.at(name + ".weight"), at(name + ".weight"));
  if (!source.defined()) return;
  const SplitTensors both = split_tensors(source);
  at(name + ".weight").detach().copy_(both.first);
  at(name + ".weight2").detach().copy_(both.second);
  if (spec_.kind_of(name) != WeightKind::kWeightedSplit) return;
  at(name + ".scale").detach().copy_(torch::stack({both.log_scale, both.log_scale}));
}

void Network::start_from(const Network& other) {
  torch::NoGradGuard no_grad;
  const bool narrow = spec_.shape.hidden == other.spec_.shape.hidden;
  // The codes of another number of bits have other scales.
  const bool same_bits = spec_.act_bits == other.spec_.act_bits;
  for (const std::string& name : parameters_.names()) {
    if (!other.parameters_.contains(name)) continue;
    const bool quantizer = name.ends_with(".alpha");
    if (quantizer && !same_bits) continue;
    const bool first_of_two = parameters_.contains(name + "2");
    if (first_of_two && !other.parameters_.contains(name + "2")) {
      if (narrow) split_from(other, name.substr(0, name.rfind('.')));
      continue;
    }
    const Tensor& source = other.at(name);
    const Tensor part = narrow ? leading(source, at(name))
                               : (source.sizes() == at(name).sizes() ? source : Tensor());
    if (part.defined()) at(name).detach().copy_(part);
  }
  take_masks(other);
}

void Network::take_masks(const Network& other) {
  if (spec_.cut != other.spec_.cut) return;
  for (const auto& [name, mask] : masks_) {
    const Tensor source = other.mask(name);
    if (source.defined() && source.sizes() == mask.sizes()) mask.copy_(source);
  }
}

std::vector<Branch> branches_of(const Network& network, const std::string& name) {
  const Tensor& w = network.at(name + ".weight");
  switch (network.spec().kind_of(name)) {
    case WeightKind::kBinary: {
      const BinaryWeight b = binary_weight(w, network.mask(name));
      return {{b.sign, b.scale}};
    }
    case WeightKind::kTernary: {
      const Tensor mask = network.mask(name);
      const TernaryWeight t =
          network.spec().fine ? masked_weight(w, mask) : ternary_weight(w, mask);
      // Opposite signs cancel where the level is 0.
      const Tensor first = t.level.ge(0.0).to(torch::kFloat) * 2.0 - 1.0;
      const Tensor second = t.level.gt(0.0).to(torch::kFloat) * 2.0 - 1.0;
      return {{first, t.scale * 0.5}, {second, t.scale * 0.5}};
    }
    case WeightKind::kSplit: {
      const BinaryWeight a = plain_weight(w);
      const BinaryWeight b = plain_weight(network.at(name + ".weight2"));
      return {{a.sign, a.scale}, {b.sign, b.scale}};
    }
    case WeightKind::kWeightedSplit:
      break;
  }
  const Tensor scale = network.scale(name + ".scale").detach();
  return {{plain_weight(w).sign, scale[0]},
          {plain_weight(network.at(name + ".weight2")).sign, scale[1]}};
}

}  // namespace bat::train
