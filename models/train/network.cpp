// SPDX-License-Identifier: Apache-2.0
#include "models/train/network.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <cmath>
#include <utility>

#include "models/train/quantizers.hpp"

namespace bat::train {

using bmt::TensorId;
using torch::Tensor;

namespace {

/// LayerNorm of the integer view has no epsilon; this one only avoids 0/0.
constexpr double kEpsilon = 1e-12;

/// Creates parameters from one generator, in order.
class Initializer {
 public:
  Initializer(Parameters& parameters, std::int64_t seed)
      : parameters_(parameters),
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

 private:
  Parameters& parameters_;
  at::Generator generator_;
};

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
  const auto deviation = [](std::int64_t in) { return 1.0 / std::sqrt(static_cast<double>(in)); };
  init.normal(p + "qkv.weight", {3, width, d}, deviation(d));
  init.constant(p + "qkv.bias", {3, width}, 0.0);
  init.normal(p + "o.weight", {1, d, width}, deviation(width));
  init.constant(p + "o.bias", {d}, 0.0);
  init.layer_norm(p + "ln1", d);
  init.normal(p + "f1.weight", {1, f, d}, deviation(d));
  init.constant(p + "f1.bias", {f}, 0.0);
  init.normal(p + "f2.weight", {1, d, f}, deviation(f));
  init.constant(p + "f2.bias", {d}, 0.0);
  init.layer_norm(p + "ln2", d);
  if (spec.quantized()) add_layer_quantizers(init, spec, p);
}

}  // namespace

std::string layer_prefix(int layer) { return "layers." + std::to_string(layer) + "."; }

Network::Network(const NetworkSpec& spec, std::int64_t seed) : spec_(spec) {
  Initializer init(parameters_, seed);
  const std::int64_t d = spec.shape.hidden;
  init.normal("position", {spec.rows, d}, 0.2);
  init.normal("patch.weight", {d, spec.features}, 1.0 / std::sqrt(spec.features));
  init.constant("patch.bias", {d}, 0.0);
  init.layer_norm("embed.ln", d);
  for (int i = 0; i < spec.shape.layers; ++i) add_layer(init, spec, layer_prefix(i));
  init.normal("classifier.weight", {spec.classes, d}, 1.0 / std::sqrt(static_cast<double>(d)));
  init.constant("classifier.bias", {spec.classes}, 0.0);
}

void Network::copy_common(const Network& other) {
  torch::NoGradGuard no_grad;
  for (const std::string& name : parameters_.names()) {
    if (!other.parameters_.contains(name)) continue;
    const Tensor& source = other.at(name);
    if (source.sizes() == at(name).sizes()) at(name).detach().copy_(source);
  }
}

namespace {

/// Elements of one item of a batch.
double elements(const Tensor& batch) { return static_cast<double>(batch[0].numel()); }

/// First guess of a signed quantizer's alpha: 2 mean|x|, divided by the root of the largest value.
Tensor signed_guess(const Tensor& x, int bits) {
  return x.abs().mean() * (2.0 / std::sqrt(static_cast<double>((1 << bits) - 1)));
}

/// The same for an unsigned quantizer: 4 mean|x| for the step at one bit.
Tensor unsigned_guess(const Tensor& x, int bits) {
  return x.mean() * (bits == 1 ? 4.0 : 2.0 / std::sqrt(static_cast<double>((1 << bits) - 1)));
}

}  // namespace

/// One forward pass. With `calibrating`, each quantizer is set from the first data that it sees.
class Pass {
 public:
  Pass(const Network& network, Trace* trace, bool calibrating)
      : net_(network), spec_(network.spec()), trace_(trace), calibrating_(calibrating) {}

  Output run(const Tensor& features);

 private:
  Tensor embed(const Tensor& features);
  Tensor float_layer(const Tensor& x, const std::string& p, bool last) const;
  Tensor layer(const Tensor& x, int i);
  Tensor attention(const Tensor& x_in, int i);
  Tensor feed_forward(const Tensor& x, int i);
  Tensor project(const Tensor& input, const Tensor& input_alpha, const Tensor& qkv_alpha,
                 const std::string& p) const;
  void calibrate_qkv(const Tensor& y, const std::string& p) const;
  Tensor probabilities(const Tensor& scores, const Tensor& qkv_alpha, const std::string& p);
  Tensor classify(const Tensor& x);
  Tensor norm(const Tensor& x, const std::string& name) const;
  Tensor alpha(const std::string& name, double elements) const;
  Tensor divisor(const Tensor& alpha) const;
  Tensor signed_input(const Tensor& x, const std::string& name);
  void set(const std::string& name, const Tensor& scale) const;
  void keep(TensorId id, int i, const Tensor& value) const;

  const Network& net_;
  const NetworkSpec& spec_;
  Trace* trace_;
  bool calibrating_;
};

Tensor Pass::norm(const Tensor& x, const std::string& name) const {
  return torch::layer_norm(x, {spec_.shape.hidden}, net_.at(name + ".gain"),
                           net_.at(name + ".offset"), kEpsilon);
}

/// The scale `name`; its gradient, a sum over `elements` values, is brought to the size of the
/// others before clipping.
Tensor Pass::alpha(const std::string& name, double elements) const {
  const double codes = static_cast<double>((1 << spec_.act_bits) - 1);
  return scale_gradient(net_.at(name), 1.0 / std::sqrt(elements * codes)).exp();
}

/// What a signed activation is divided by before it is quantized. At one bit the code does not
/// depend on a positive scale, so neither does the gradient.
Tensor Pass::divisor(const Tensor& a) const { return spec_.act_bits == 1 ? a.detach() : a; }

void Pass::set(const std::string& name, const Tensor& value) const {
  net_.at(name).detach().copy_(value.clamp_min(1e-5).log());
}

void Pass::keep(TensorId id, int i, const Tensor& value) const {
  if (trace_ != nullptr) trace_->tensors[{id, i}] = value;
}

/// Codes of x + beta, per channel.
Tensor Pass::signed_input(const Tensor& x, const std::string& name) {
  if (calibrating_) set(name + ".alpha", signed_guess(x, spec_.act_bits));
  const Tensor a = divisor(alpha(name + ".alpha", elements(x)));
  const Tensor u = torch::addcmul(net_.at(name + ".beta") / a, x, a.reciprocal());
  return signed_codes(u, spec_.act_bits);
}

Tensor Pass::embed(const Tensor& features) {
  const bool q = spec_.quantized();
  const Tensor position = q ? int8_quantized(net_.at("position")) : net_.at("position");
  const Tensor patch = q ? odd_quantized(net_.at("patch.weight")) : net_.at("patch.weight");
  const Tensor rows = torch::linear(features, patch / 255.0, net_.at("patch.bias"));
  const std::int64_t d = spec_.shape.hidden;
  const Tensor first = position.narrow(0, 0, 1).expand({features.size(0), 1, d});
  const Tensor y = torch::cat({first, rows + position.narrow(0, 1, spec_.rows - 1)}, 1);
  keep(TensorId::kEmbedding, -1, y);
  const Tensor x = norm(y, "embed.ln");
  keep(TensorId::kEmbeddingNorm, -1, x);
  return x;
}

Tensor Pass::float_layer(const Tensor& x, const std::string& p, bool last) const {
  const std::int64_t h = spec_.shape.heads;
  const std::int64_t dim = spec_.shape.head_dim;
  const Tensor qkv =
      torch::linear(x, net_.at(p + "qkv.weight").flatten(0, 1), net_.at(p + "qkv.bias").flatten());
  const Tensor heads = qkv.view({x.size(0), x.size(1), 3, h, dim}).permute({2, 0, 3, 1, 4});
  const Tensor q = last ? heads[0].narrow(2, 0, 1) : heads[0];
  const Tensor rows = last ? x.narrow(1, 0, 1) : x;
  const Tensor scores = torch::matmul(q, heads[1].transpose(2, 3));
  const Tensor prob = torch::softmax(scores / std::sqrt(static_cast<double>(dim)), -1);
  const Tensor context = torch::matmul(prob, heads[2]).transpose(1, 2).flatten(2);
  const Tensor y = rows + torch::linear(context, net_.at(p + "o.weight")[0], net_.at(p + "o.bias"));
  const Tensor x1 = norm(y, p + "ln1");
  const Tensor f = torch::linear(x1, net_.at(p + "f1.weight")[0], net_.at(p + "f1.bias")).relu();
  const Tensor y2 = x1 + torch::linear(f, net_.at(p + "f2.weight")[0], net_.at(p + "f2.bias"));
  return norm(y2, p + "ln2");
}

/// Codes of the attention probabilities, from exact integer scores [batch, head, n, m].
Tensor Pass::probabilities(const Tensor& scores, const Tensor& qkv_alpha, const std::string& p) {
  const double root = std::sqrt(static_cast<double>(spec_.shape.head_dim));
  const Tensor unit = qkv_alpha[0] * qkv_alpha[1] / root;
  const int bits = spec_.act_bits;
  if (spec_.attention == bmt::Attention::kSoftmax) {
    const Tensor prob = torch::softmax(scores * unit, -1);
    if (calibrating_) set(p + "attention.alpha", unsigned_guess(prob, bits));
    return unsigned_codes(prob / alpha(p + "attention.alpha", elements(prob)), bits);
  }
  if (calibrating_) {
    const Tensor s = (scores * unit).detach();
    const Tensor deviation = s.std({0, 2, 3}).view({-1, 1, 1});
    const Tensor mean = s.mean(std::vector<std::int64_t>{0, 2, 3}).view({-1, 1, 1});
    net_.at(p + "attention.threshold").detach().copy_(mean + 0.8 * deviation);
    set(p + "attention.step", deviation * (3.0 / static_cast<double>((1 << bits) - 1)));
    const double ones = 0.2 * static_cast<double>(scores.size(3)) * ((1 << bits) - 1);
    set(p + "attention.value", torch::full_like(deviation, 1.0 / ones));
  }
  const Tensor step = divisor(net_.scale(p + "attention.step"));
  const Tensor start = 0.5 - net_.at(p + "attention.threshold") / step;
  return unsigned_codes(torch::addcmul(start, scores, unit / step), bits);
}

/// Sets the scales of Q, K and V from their values before quantization.
void Pass::calibrate_qkv(const Tensor& y, const std::string& p) const {
  const std::int64_t width = spec_.attention_width();
  for (int k = 0; k < 3; ++k) {
    const Tensor guess = signed_guess(y.narrow(2, k * width, width), spec_.act_bits);
    net_.at(p + "qkv.alpha").detach()[k].copy_(guess.clamp_min(1e-5).log());
  }
}

/// Codes of Q, K and V, [batch, n, 3 * width], from the input codes of a layer.
Tensor Pass::project(const Tensor& input, const Tensor& input_alpha, const Tensor& qkv_alpha,
                     const std::string& p) const {
  const Tensor divide_by = divisor(qkv_alpha);
  const Tensor weight = binarized(net_.at(p + "qkv.weight"));
  const Tensor folded = weight * (input_alpha / divide_by).view({3, 1, 1});
  const Tensor bias = net_.at(p + "qkv.bias") / divide_by.view({3, 1});
  return signed_codes(torch::linear(input, folded.flatten(0, 1), bias.flatten()), spec_.act_bits);
}

/// Attention of layer `i`: x (row 0 alone in the last layer) plus the output projection.
Tensor Pass::attention(const Tensor& x_in, int i) {
  const std::string p = layer_prefix(i);
  const int bits = spec_.act_bits;
  const bool last = i + 1 == spec_.shape.layers;
  const std::int64_t h = spec_.shape.heads;
  const std::int64_t dim = spec_.shape.head_dim;
  const std::int64_t width = spec_.attention_width();

  const Tensor input = signed_input(x_in, p + "input");
  keep(i == 0 ? TensorId::kInputCodes : TensorId::kLn2Codes, i - 1, input);
  const Tensor input_alpha = alpha(p + "input.alpha", elements(x_in));
  if (calibrating_) {
    const Tensor weight = binarized(net_.at(p + "qkv.weight")) * input_alpha;
    calibrate_qkv(torch::linear(input, weight.flatten(0, 1), net_.at(p + "qkv.bias").flatten()), p);
  }
  const Tensor qkv_alpha = alpha(p + "qkv.alpha", elements(x_in));
  const Tensor codes = project(input, input_alpha, qkv_alpha, p);
  const Tensor heads = codes.view({x_in.size(0), x_in.size(1), 3, h, dim}).permute({2, 0, 3, 1, 4});
  const Tensor q = last ? heads[0].narrow(2, 0, 1) : heads[0];
  const Tensor x = last ? x_in.narrow(1, 0, 1) : x_in;
  keep(TensorId::kQ, i, codes.narrow(1, 0, x.size(1)).narrow(2, 0, width));
  keep(TensorId::kK, i, codes.narrow(2, width, width));
  keep(TensorId::kV, i, codes.narrow(2, 2 * width, width));

  const Tensor scores = torch::matmul(q, heads[1].transpose(2, 3));
  keep(TensorId::kScores, i, scores);
  const Tensor prob = probabilities(scores, qkv_alpha, p);
  keep(TensorId::kProbabilities, i, prob);
  const Tensor value = spec_.attention == bmt::Attention::kSoftmax
                           ? alpha(p + "attention.alpha", elements(scores)).view({1, 1, 1})
                           : net_.scale(p + "attention.value");
  const Tensor acc = torch::matmul(prob, heads[2]);  // [batch, head, n, dim]
  const Tensor unit = value * qkv_alpha[2];
  if (calibrating_) set(p + "context.alpha", signed_guess(acc * unit, bits));
  const Tensor context_alpha = alpha(p + "context.alpha", elements(x));
  const Tensor divide_by = divisor(context_alpha);
  const Tensor beta = net_.at(p + "context.beta").view({h, 1, dim}) / divide_by;
  const Tensor u = torch::addcmul(beta, acc, unit / divide_by);
  const Tensor context = signed_codes(u, bits).transpose(1, 2).flatten(2);
  keep(TensorId::kContext, i, context);

  const Tensor weight = (binarized(net_.at(p + "o.weight")) * context_alpha)[0];
  return x + torch::linear(context, weight, net_.at(p + "o.bias"));
}

/// x plus the feed-forward network of layer `i`.
Tensor Pass::feed_forward(const Tensor& x, int i) {
  const std::string p = layer_prefix(i);
  const int bits = spec_.act_bits;
  const Tensor input = signed_input(x, p + "ffn_input");
  keep(TensorId::kLn1Codes, i, input);
  const Tensor input_alpha = alpha(p + "ffn_input.alpha", elements(x));
  const Tensor w1 = (binarized(net_.at(p + "f1.weight")) * input_alpha)[0];
  const Tensor b1 = net_.at(p + "f1.bias");
  if (calibrating_) {
    set(p + "ffn.alpha", unsigned_guess(torch::linear(input, w1, b1).relu(), bits));
  }
  const Tensor a = alpha(p + "ffn.alpha", static_cast<double>(x.size(1) * spec_.shape.ffn));
  const Tensor f = unsigned_codes(torch::linear(input, w1 / a, b1 / a), bits);
  keep(TensorId::kFfn1, i, f);
  const Tensor w2 = (binarized(net_.at(p + "f2.weight")) * a)[0];
  return x + torch::linear(f, w2, net_.at(p + "f2.bias"));
}

Tensor Pass::layer(const Tensor& x, int i) {
  const std::string p = layer_prefix(i);
  const Tensor y1 = attention(x, i);
  keep(TensorId::kResidual1, i, y1);
  const Tensor x1 = norm(y1, p + "ln1");
  keep(TensorId::kLn1, i, x1);
  const Tensor y2 = feed_forward(x1, i);
  keep(TensorId::kResidual2, i, y2);
  const Tensor x2 = norm(y2, p + "ln2");
  keep(TensorId::kLn2, i, x2);
  return x2;
}

Tensor Pass::classify(const Tensor& x) {
  const Tensor row = x.select(1, 0);
  if (!spec_.quantized()) {
    return torch::linear(row, net_.at("classifier.weight"), net_.at("classifier.bias"));
  }
  const double half_step = std::ldexp(0.5, kClassifierStepLog2);
  const Tensor codes = signed_codes(row / half_step, bmt::kClassifierBits);
  keep(TensorId::kLn2Codes, spec_.shape.layers - 1, codes);
  const Tensor weight = odd_quantized(net_.at("classifier.weight")) * half_step;
  return torch::linear(codes, weight, net_.at("classifier.bias"));
}

Output Pass::run(const Tensor& features) {
  Output out;
  Tensor x = embed(features);
  out.hidden.push_back(x);
  for (int i = 0; i < spec_.shape.layers; ++i) {
    const bool last = i + 1 == spec_.shape.layers;
    x = spec_.quantized() ? layer(x, i) : float_layer(x, layer_prefix(i), last);
    out.hidden.push_back(x);
  }
  out.logits = classify(x);
  keep(TensorId::kLogits, -1, out.logits);
  return out;
}

Output Network::forward(const Tensor& features, Trace* trace) const {
  return Pass(*this, trace, false).run(features);
}

void Network::calibrate(const Tensor& features) {
  torch::NoGradGuard no_grad;
  if (spec_.quantized()) Pass(*this, nullptr, true).run(features);
}

}  // namespace bat::train
