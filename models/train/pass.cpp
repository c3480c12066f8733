// SPDX-License-Identifier: Apache-2.0
// One forward pass of a network.

#include <cmath>

#include "models/train/network.hpp"
#include "models/train/quantizers.hpp"
#include "models/train/torch.hpp"

namespace bat::train {

using bmt::TensorId;
using torch::Tensor;

namespace {

/// LayerNorm of the integer view has no epsilon; this one only avoids 0/0.
constexpr double kEpsilon = 1e-12;
/// Score of a padding token before the softmax.
constexpr double kMasked = -1e30;

/// Elements of one item of a batch.
double elements(const Tensor& batch) { return static_cast<double>(batch[0].numel()); }

/// First guess of a signed quantizer's alpha: 2 mean|x|, divided by the root of the largest value.
Tensor signed_guess(const Tensor& x, int bits) {
  return x.abs().mean() * (2.0 / std::sqrt(static_cast<double>((1 << bits) - 1)));
}

/// The same for an unsigned quantizer: 4 mean|x| for the step at one bit.
Tensor unsigned_guess(const Tensor& mean, int bits) {
  return mean * (bits == 1 ? 4.0 : 2.0 / std::sqrt(static_cast<double>((1 << bits) - 1)));
}

}  // namespace

/// With `calibrating`, each quantizer is set from the first data that it sees.
class Pass {
 public:
  Pass(const Network& network, const Input& input, Trace* trace, bool calibrating)
      : net_(network),
        spec_(network.spec()),
        input_(input),
        trace_(trace),
        calibrating_(calibrating) {}

  Output run();

 private:
  Tensor embed();
  Tensor embed_features();
  Tensor embed_tokens();
  Tensor float_layer(const Tensor& x, const std::string& p, bool first_only);
  Tensor layer(const Tensor& x, int i, bool first_only);
  Tensor attention(const Tensor& x_in, int i, bool first_only);
  Tensor feed_forward(const Tensor& x, int i);
  Tensor project(const Tensor& input, const Tensor& input_alpha, const Tensor& qkv_alpha,
                 const std::string& p) const;
  void calibrate_qkv(const Tensor& y, const std::string& p) const;
  Tensor probabilities(const Tensor& scores, const Tensor& unit, const std::string& p);
  Tensor softmax(const Tensor& scores) const;
  Tensor valid_mean(const Tensor& prob) const;
  Tensor pool(const Tensor& row);
  Tensor classify(const Tensor& x);
  Tensor norm(const Tensor& x, const std::string& name) const;
  Tensor weight(const std::string& name) const;
  Tensor alpha(const std::string& name, double elements) const;
  Tensor divisor(const Tensor& alpha) const;
  Tensor signed_input(const Tensor& x, const std::string& name);
  Tensor drop(const Tensor& x) const;
  void set(const std::string& name, const Tensor& scale) const;
  void keep(TensorId id, int i, const Tensor& value) const;

  const Network& net_;
  const NetworkSpec& spec_;
  const Input& input_;
  Trace* trace_;
  bool calibrating_;
  std::vector<Tensor> scores_;
};

Tensor Pass::norm(const Tensor& x, const std::string& name) const {
  return torch::layer_norm(x, {spec_.shape.hidden}, net_.at(name + ".gain"),
                           net_.at(name + ".offset"), kEpsilon);
}

/// The quantized matrix `name`, [slices, out, in]; two branches are added up, as they share input.
Tensor Pass::weight(const std::string& name) const {
  const Tensor& w = net_.at(name + ".weight");
  switch (spec_.kind_of(name)) {
    case WeightKind::kBinary:
      return binarized(w, net_.mask(name));
    case WeightKind::kTernary:
      return spec_.fine ? mask_ternarized(w, net_.mask(name)) : ternarized(w, net_.mask(name));
    case WeightKind::kSplit:
      return plain_binarized(w) + plain_binarized(net_.at(name + ".weight2"));
    case WeightKind::kWeightedSplit:
      break;
  }
  // The gradient of a scale, a sum over a slice, is brought to the size of the others.
  const double factor = 1.0 / std::sqrt(static_cast<double>(w[0].numel()));
  const Tensor scale = scale_gradient(net_.at(name + ".scale"), factor).exp();
  return scaled_signs(w, scale[0]) + scaled_signs(net_.at(name + ".weight2"), scale[1]);
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

Tensor Pass::drop(const Tensor& x) const {
  return input_.dropout > 0.0 ? torch::dropout(x, input_.dropout, true) : x;
}

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

Tensor Pass::embed_features() {
  const bool q = spec_.quantized();
  const Tensor& features = input_.features;
  const Tensor position = q ? int8_quantized(net_.at("position")) : net_.at("position");
  const Tensor patch = q ? odd_quantized(net_.at("patch.weight")) : net_.at("patch.weight");
  const Tensor rows = torch::linear(features, patch / 255.0, net_.at("patch.bias"));
  const std::int64_t d = spec_.shape.hidden;
  const Tensor first = position.narrow(0, 0, 1).expand({features.size(0), 1, d});
  return torch::cat({first, rows + position.narrow(0, 1, features.size(1))}, 1);
}

/// Word and position rows share one int8 step, as numerics section 3 adds their codes. LayerNorm
/// makes the step itself immaterial.
Tensor Pass::embed_tokens() {
  const Tensor& ids = input_.ids;
  const std::int64_t d = spec_.shape.hidden;
  const std::int64_t n = ids.size(1);
  if (calibrating_) {
    const Tensor all = torch::cat({net_.at("word").flatten(), net_.at("position").flatten()});
    set("embed.step", best_step(all));
  }
  const auto table = [&](const Tensor& values) {
    return spec_.quantized() ? stepped(values, net_.scale("embed.step")) : values;
  };
  const Tensor words = net_.at("word").index_select(0, ids.flatten()).view({ids.size(0), n, d});
  const Tensor places = net_.at("position").narrow(0, 0, n);
  if (spec_.segments == 1) return table(words) + table(places);
  const Tensor& segment = net_.at("segment");
  const Tensor first = table(places + segment[0]);
  if (!input_.segment.defined()) return table(words) + first;
  const Tensor second = table(places + segment[1]);
  return table(words) + first + input_.segment * (second - first);
}

Tensor Pass::embed() {
  const Tensor y = spec_.tokens() ? embed_tokens() : embed_features();
  keep(TensorId::kEmbedding, -1, y);
  const Tensor x = norm(y, "embed.ln");
  keep(TensorId::kEmbeddingNorm, -1, x);
  return drop(x);
}

Tensor Pass::softmax(const Tensor& scores) const {
  if (!input_.mask.defined()) return torch::softmax(scores, -1);
  const Tensor padding = input_.mask.logical_not().unsqueeze(1).unsqueeze(1);
  return torch::softmax(scores.masked_fill(padding, kMasked), -1);
}

Tensor Pass::float_layer(const Tensor& x, const std::string& p, bool first_only) {
  const std::int64_t h = spec_.shape.heads;
  const std::int64_t dim = spec_.shape.head_dim;
  const Tensor qkv =
      torch::linear(x, net_.at(p + "qkv.weight").flatten(0, 1), net_.at(p + "qkv.bias").flatten());
  const Tensor heads = qkv.view({x.size(0), x.size(1), 3, h, dim}).permute({2, 0, 3, 1, 4});
  const Tensor q = first_only ? heads[0].narrow(2, 0, 1) : heads[0];
  const Tensor rows = first_only ? x.narrow(1, 0, 1) : x;
  const Tensor scores =
      torch::matmul(q, heads[1].transpose(2, 3)) / std::sqrt(static_cast<double>(dim));
  scores_.push_back(scores);
  const Tensor context = torch::matmul(softmax(scores), heads[2]).transpose(1, 2).flatten(2);
  const Tensor o = torch::linear(context, net_.at(p + "o.weight")[0], net_.at(p + "o.bias"));
  const Tensor y = rows + drop(o);
  const Tensor x1 = norm(y, p + "ln1");
  const Tensor f = torch::linear(x1, net_.at(p + "f1.weight")[0], net_.at(p + "f1.bias"));
  const Tensor active = spec_.gelu ? torch::gelu(f) : f.relu();
  const Tensor f2 = torch::linear(active, net_.at(p + "f2.weight")[0], net_.at(p + "f2.bias"));
  return norm(x1 + drop(f2), p + "ln2");
}

/// Mean of `prob` over the keys that are no padding.
Tensor Pass::valid_mean(const Tensor& prob) const {
  if (!input_.mask.defined()) return prob.mean();
  const Tensor keys = input_.mask.to(torch::kFloat).sum();
  return prob.sum() / (keys * static_cast<double>(prob.size(1) * prob.size(2)));
}

/// Codes of the attention probabilities, from exact integer scores [batch, head, n, m].
Tensor Pass::probabilities(const Tensor& scores, const Tensor& unit, const std::string& p) {
  const int bits = spec_.act_bits;
  if (spec_.attention == bmt::Attention::kSoftmax) {
    const Tensor prob = softmax(scores * unit);
    if (calibrating_) set(p + "attention.alpha", unsigned_guess(valid_mean(prob), bits));
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
  const Tensor codes = unsigned_codes(torch::addcmul(start, scores, unit / step), bits);
  if (!input_.mask.defined()) return codes;
  return codes * input_.mask.to(torch::kFloat).unsqueeze(1).unsqueeze(1);
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
  const Tensor folded = weight(p + "qkv") * (input_alpha / divide_by).view({3, 1, 1});
  const Tensor bias = net_.at(p + "qkv.bias") / divide_by.view({3, 1});
  return signed_codes(torch::linear(input, folded.flatten(0, 1), bias.flatten()), spec_.act_bits);
}

/// Attention of layer `i`: x (row 0 alone with `first_only`) plus the output projection.
Tensor Pass::attention(const Tensor& x_in, int i, bool first_only) {
  const std::string p = layer_prefix(i);
  const int bits = spec_.act_bits;
  const std::int64_t h = spec_.shape.heads;
  const std::int64_t dim = spec_.shape.head_dim;
  const std::int64_t width = spec_.attention_width();

  const Tensor input = signed_input(x_in, p + "input");
  keep(i == 0 ? TensorId::kInputCodes : TensorId::kLn2Codes, i - 1, input);
  const Tensor input_alpha = alpha(p + "input.alpha", elements(x_in));
  if (calibrating_) {
    const Tensor w = weight(p + "qkv") * input_alpha;
    calibrate_qkv(torch::linear(input, w.flatten(0, 1), net_.at(p + "qkv.bias").flatten()), p);
  }
  const Tensor qkv_alpha = alpha(p + "qkv.alpha", elements(x_in));
  const Tensor codes = project(input, input_alpha, qkv_alpha, p);
  const Tensor heads = codes.view({x_in.size(0), x_in.size(1), 3, h, dim}).permute({2, 0, 3, 1, 4});
  const Tensor q = first_only ? heads[0].narrow(2, 0, 1) : heads[0];
  const Tensor x = first_only ? x_in.narrow(1, 0, 1) : x_in;
  keep(TensorId::kQ, i, codes.narrow(1, 0, x.size(1)).narrow(2, 0, width));
  keep(TensorId::kK, i, codes.narrow(2, width, width));
  keep(TensorId::kV, i, codes.narrow(2, 2 * width, width));

  const Tensor scores = torch::matmul(q, heads[1].transpose(2, 3));
  keep(TensorId::kScores, i, scores);
  const Tensor score_unit =
      qkv_alpha[0] * qkv_alpha[1] / std::sqrt(static_cast<double>(spec_.shape.head_dim));
  scores_.push_back(scores * score_unit);
  const Tensor prob = probabilities(scores, score_unit, p);
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

  const Tensor w = (weight(p + "o") * context_alpha)[0];
  return x + drop(torch::linear(context, w, net_.at(p + "o.bias")));
}

/// x plus the feed-forward network of layer `i`.
Tensor Pass::feed_forward(const Tensor& x, int i) {
  const std::string p = layer_prefix(i);
  const int bits = spec_.act_bits;
  const Tensor input = signed_input(x, p + "ffn_input");
  keep(TensorId::kLn1Codes, i, input);
  const Tensor input_alpha = alpha(p + "ffn_input.alpha", elements(x));
  const Tensor w1 = (weight(p + "f1") * input_alpha)[0];
  const Tensor b1 = net_.at(p + "f1.bias");
  if (calibrating_) {
    set(p + "ffn.alpha", unsigned_guess(torch::linear(input, w1, b1).relu().mean(), bits));
  }
  const Tensor a = alpha(p + "ffn.alpha", static_cast<double>(x.size(1) * spec_.shape.ffn));
  const Tensor f = unsigned_codes(torch::linear(input, w1 / a, b1 / a), bits);
  keep(TensorId::kFfn1, i, f);
  const Tensor w2 = (weight(p + "f2") * a)[0];
  return x + drop(torch::linear(f, w2, net_.at(p + "f2.bias")));
}

Tensor Pass::layer(const Tensor& x, int i, bool first_only) {
  const std::string p = layer_prefix(i);
  const Tensor y1 = attention(x, i, first_only);
  keep(TensorId::kResidual1, i, y1);
  const Tensor x1 = norm(y1, p + "ln1");
  keep(TensorId::kLn1, i, x1);
  const Tensor y2 = feed_forward(x1, i);
  keep(TensorId::kResidual2, i, y2);
  const Tensor x2 = norm(y2, p + "ln2");
  keep(TensorId::kLn2, i, x2);
  return x2;
}

/// The classifier's input from row 0 through the pooler.
Tensor Pass::pool(const Tensor& row) {
  if (!spec_.quantized()) {
    return torch::hardtanh(torch::linear(row, net_.at("pooler.weight")[0], net_.at("pooler.bias")));
  }
  const Tensor input = signed_input(row, "pooler.input");
  keep(TensorId::kLn2Codes, spec_.shape.layers - 1, input.unsqueeze(1));
  const Tensor w = (weight("pooler") * alpha("pooler.input.alpha", elements(row)))[0];
  const Tensor y = torch::linear(input, w / kPoolerAlpha, net_.at("pooler.bias") / kPoolerAlpha);
  const Tensor codes = signed_codes(y, bmt::kClassifierBits);
  keep(TensorId::kPooler, -1, codes.unsqueeze(1));
  return codes * kPoolerAlpha;
}

Tensor Pass::classify(const Tensor& x) {
  Tensor row = x.select(1, 0);
  if (spec_.pooler) row = pool(row);
  if (!spec_.quantized()) {
    return torch::linear(row, net_.at("classifier.weight"), net_.at("classifier.bias"));
  }
  if (!spec_.pooler) {
    const double half_step = std::ldexp(0.5, kClassifierStepLog2);
    const Tensor codes = signed_codes(row / half_step, bmt::kClassifierBits);
    keep(TensorId::kLn2Codes, spec_.shape.layers - 1, codes.unsqueeze(1));
    row = codes * half_step;
  }
  return torch::linear(row, odd_quantized(net_.at("classifier.weight")),
                       net_.at("classifier.bias"));
}

Output Pass::run() {
  Output out;
  Tensor x = embed();
  out.hidden.push_back(x);
  for (int i = 0; i < spec_.shape.layers; ++i) {
    const bool first_only = i + 1 == spec_.shape.layers && !input_.all_rows;
    x = spec_.quantized() ? layer(x, i, first_only) : float_layer(x, layer_prefix(i), first_only);
    out.hidden.push_back(x);
  }
  out.logits = classify(x);
  keep(TensorId::kLogits, -1, out.logits);
  out.scores = std::move(scores_);
  return out;
}

Output Network::forward(const Input& input, Trace* trace) const {
  return Pass(*this, input, trace, false).run();
}

Tensor Network::word_logits(const Tensor& rows) const {
  const Tensor y = torch::linear(rows, at("word_head.weight"), at("word_head.bias")).relu();
  const Tensor x = torch::layer_norm(y, {spec_.shape.hidden}, at("word_head.ln.gain"),
                                     at("word_head.ln.offset"), kEpsilon);
  return torch::linear(x, at("word"), at("word_head.offset"));
}

void Network::calibrate(const Input& input) {
  torch::NoGradGuard no_grad;
  if (spec_.quantized()) Pass(*this, input, nullptr, true).run();
}

}  // namespace bat::train
