// SPDX-License-Identifier: Apache-2.0
#include "models/train/grow.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <vector>

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using torch::Tensor;

/// How often each size of the small network is repeated.
struct Factors {
  std::int64_t layers, hidden, head_dim, ffn;
};

Error misfit(const char* size, int from, int to) {
  return Error{fmt::format("option grow: {} {} is no whole multiple of the {} of the start", size,
                           to, from)};
}

Result<Factors> factors_of(const Shape& from, const Shape& to) {
  struct Size {
    const char* name;
    int from, to;
  };
  const std::array sizes = {
      Size{"layers", from.layers, to.layers}, Size{"hidden", from.hidden, to.hidden},
      Size{"head_dim", from.head_dim, to.head_dim}, Size{"ffn", from.ffn, to.ffn}};
  for (const Size& s : sizes) {
    if (s.to < s.from || s.to % s.from != 0) return misfit(s.name, s.from, s.to);
  }
  if (from.heads != to.heads) {
    return Error{
        fmt::format("option grow: heads {} must equal the {} of the start", to.heads, from.heads)};
  }
  return Factors{to.layers / from.layers, to.hidden / from.hidden, to.head_dim / from.head_dim,
                 to.ffn / from.ffn};
}

/// Fills one network from another; `other` lends the names.
class Grower {
 public:
  Grower(const Network& small, const Network& large, const Factors& factors, double noise,
         std::int64_t seed)
      : small_(small),
        large_(large),
        factors_(factors),
        noise_(noise),
        generator_(at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed))) {}

  void run() {
    embedding();
    for (int i = 0; i < large_.spec().shape.layers; ++i) layer(i);
    put("classifier.weight", wide(small_.at("classifier.weight"), 1) / factor(factors_.hidden));
    put("classifier.bias", small_.at("classifier.bias"));
  }

 private:
  static double factor(std::int64_t count) { return static_cast<double>(count); }

  void put(const std::string& name, const Tensor& value) const {
    large_.at(name).detach().copy_(value);
  }

  /// Dimension `dim` is of hidden size: repeated as a whole.
  Tensor wide(const Tensor& x, std::int64_t dim) const {
    return torch::cat(std::vector<Tensor>(static_cast<std::size_t>(factors_.hidden), x), dim);
  }
  Tensor ffn_wide(const Tensor& x, std::int64_t dim) const {
    return torch::cat(std::vector<Tensor>(static_cast<std::size_t>(factors_.ffn), x), dim);
  }
  /// Dimension `dim` holds heads: each is repeated within itself.
  Tensor head_wide(const Tensor& x, std::int64_t dim) const {
    const Shape& s = small_.spec().shape;
    std::vector<std::int64_t> sizes = x.sizes().vec();
    sizes[static_cast<std::size_t>(dim)] = s.head_dim;
    sizes.insert(sizes.begin() + dim, s.heads);
    const Tensor split = x.view(sizes);
    return torch::cat(std::vector<Tensor>(static_cast<std::size_t>(factors_.head_dim), split),
                      dim + 1)
        .flatten(dim, dim + 1);
  }

  Tensor noisy(const Tensor& x) {
    if (noise_ <= 0.0) return x;
    const double deviation = noise_ * x.square().mean().sqrt().item<double>();
    return x + torch::empty_like(x).normal_(0.0, deviation, generator_);
  }

  void norm(const std::string& to, const std::string& from) const {
    put(to + ".gain", wide(small_.at(from + ".gain"), 0));
    put(to + ".offset", wide(small_.at(from + ".offset"), 0));
  }

  void embedding() const {
    for (const char* table : {"word", "position", "segment"}) {
      if (large_.parameters().contains(table)) put(table, wide(small_.at(table), 1));
    }
    if (large_.parameters().contains("patch.weight")) {
      put("patch.weight", wide(small_.at("patch.weight"), 0));
      put("patch.bias", wide(small_.at("patch.bias"), 0));
    }
    norm("embed.ln", "embed.ln");
  }

  void layer(int i) {
    const std::string to = layer_prefix(i);
    const std::string from = layer_prefix(i / static_cast<int>(factors_.layers));
    const double inputs = factor(factors_.hidden);
    // Products of repeated heads are larger by the factor, their divisor by its root only.
    const double shrink = std::pow(factor(factors_.head_dim), -0.25);
    const Tensor by = torch::tensor({shrink, shrink, 1.0}, torch::kFloat);
    const Tensor qkv = head_wide(wide(small_.at(from + "qkv.weight"), 2), 1) / inputs;
    put(to + "qkv.weight", noisy(qkv * by.view({3, 1, 1})));
    put(to + "qkv.bias", head_wide(small_.at(from + "qkv.bias"), 1) * by.view({3, 1}));
    const Tensor o = wide(head_wide(small_.at(from + "o.weight"), 2), 1);
    put(to + "o.weight", noisy(o / factor(factors_.head_dim)));
    put(to + "o.bias", wide(small_.at(from + "o.bias"), 0));
    norm(to + "ln1", from + "ln1");
    put(to + "f1.weight", noisy(ffn_wide(wide(small_.at(from + "f1.weight"), 2), 1) / inputs));
    put(to + "f1.bias", ffn_wide(small_.at(from + "f1.bias"), 0));
    const Tensor f2 = wide(ffn_wide(small_.at(from + "f2.weight"), 2), 1);
    put(to + "f2.weight", noisy(f2 / factor(factors_.ffn)));
    put(to + "f2.bias", wide(small_.at(from + "f2.bias"), 0));
    norm(to + "ln2", from + "ln2");
  }

  const Network& small_;
  const Network& large_;
  Factors factors_;
  double noise_;
  at::Generator generator_;
};

}  // namespace

Result<std::unique_ptr<Network>> grown(const Network& small, const Shape& to, double noise,
                                       std::int64_t seed) {
  if (small.spec().quantized()) return Error{"option grow: the start must be a float network"};
  const Result<Factors> factors = factors_of(small.spec().shape, to);
  if (!factors) return factors.error();
  NetworkSpec spec = small.spec();
  spec.shape = to;
  spec.word_head = spec.pooler = false;
  torch::NoGradGuard no_grad;
  auto out = std::make_unique<Network>(spec, seed);
  out->to(torch::kCPU);
  Grower(small, *out, factors.value(), noise, seed).run();
  return out;
}

}  // namespace bat::train
