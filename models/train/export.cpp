// SPDX-License-Identifier: Apache-2.0
#include "models/train/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "models/bmt/primitives.hpp"
#include "models/train/fold.hpp"
#include "models/train/pruner.hpp"
#include "models/train/quantizers.hpp"
#include "models/train/task.hpp"
#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using bmt::TensorId;
using torch::Tensor;

constexpr std::size_t kCalibrationBatch = 128;

std::vector<double> values(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(torch::kCPU).to(torch::kDouble).contiguous().flatten();
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

double value(const Tensor& tensor) { return tensor.detach().to(torch::kDouble).item<double>(); }

std::vector<double> affine(std::vector<double> v, double factor, double plus) {
  for (double& x : v) x = x * factor + plus;
  return v;
}

/// Largest magnitude of each traced tensor over the calibration images.
using Ranges = std::map<std::pair<TensorId, int>, double>;

/// `tensor` of a stream without the rows of padding tokens.
Tensor valid_rows(const Tensor& tensor, const Input& input) {
  if (!input.mask.defined() || tensor.dim() != 3) return tensor;
  return tensor * input.mask.narrow(1, 0, tensor.size(1)).to(torch::kFloat).unsqueeze(2);
}

/// `input` on the device of `network`.
Input on_device(Input input, const Network& network) {
  const torch::Device device = network.parameters().flat().device();
  for (Tensor* each : {&input.features, &input.ids, &input.segment, &input.mask}) {
    if (each->defined()) *each = each->to(device);
  }
  return input;
}

Ranges measure_ranges(const Network& network, std::span<const bmt::Sample> samples) {
  torch::NoGradGuard no_grad;
  Ranges ranges;
  for (std::size_t first = 0; first < samples.size(); first += kCalibrationBatch) {
    const auto n = std::min<std::size_t>(kCalibrationBatch, samples.size() - first);
    const Input input = on_device(input_of(network.spec(), samples.subspan(first, n)), network);
    Trace trace;
    network.forward(input, &trace);
    for (const auto& [key, tensor] : trace.tensors) {
      const double most = valid_rows(tensor, input).abs().max().item<double>();
      ranges[key] = std::max(ranges[key], most);
    }
  }
  return ranges;
}

/// Folds one network. `ok` turns false with the first error; the steps after it do nothing.
class Exporter {
 public:
  Exporter(const Network& network, Ranges ranges) : net_(network), ranges_(std::move(ranges)) {}

  Result<bmt::Model> run(const bmt::Model& header);

 private:
  void describe();
  void token_embedding();
  void feature_embedding();
  void embedding();
  void layer(int i);
  void attention(int i, bmt::Layer& out);
  void norm(const std::string& name, int lsb_log2, bmt::LayerNorm& out) const;
  void input_codes(const std::string& p, int lsb_log2, bmt::LayerNorm& ln);
  void pooler();
  void classifier();

  void matrix(const std::string& name, int slice, std::vector<double>& scales, bmt::Linear& out);
  bmt::BlockMask block_mask(const std::string& name, int slice) const;
  bmt::CodeMatrix codes(const std::string& name, double& scale) const;
  bmt::Requant bit_or_code(const std::vector<double>& scales, const std::vector<double>& bias,
                           double alpha, bool is_signed, std::int64_t acc_max, int bits);
  bmt::Linear residual(const std::string& name, double input_alpha, int lsb_log2,
                       std::int64_t acc_max);
  double range(TensorId id, int layer) const;
  template <typename T>
  T take(Result<T> result);

  const Network& net_;
  Ranges ranges_;
  bmt::Model model_;
  int stream_lsb_ = 0;  ///< log2 of the step of the residual stream at this point
  std::optional<Error> error_;
};

template <typename T>
T Exporter::take(Result<T> result) {
  if (result) return std::move(result.value());
  if (!error_) error_ = result.error();
  return T{};
}

double Exporter::range(TensorId id, int layer) const {
  const auto found = ranges_.find({id, layer});
  return found == ranges_.end() ? 0.0 : found->second;
}

/// Blocks of which any weight is kept; empty if that is all of them.
bmt::BlockMask Exporter::block_mask(const std::string& name, int slice) const {
  const Tensor kept = net_.mask(name);
  if (!kept.defined()) return {};
  const Tensor sums = block_sums(kept, net_.spec().cut)[slice].contiguous();
  bmt::BlockMask out(net_.spec().cut, static_cast<int>(kept.size(1)),
                     static_cast<int>(kept.size(2)));
  const float* data = sums.data_ptr<float>();
  for (std::uint8_t& block : out.kept) block = *data++ > 0.0F ? 1 : 0;
  const bool all = std::count(out.kept.begin(), out.kept.end(), 0) == 0;
  return all ? bmt::BlockMask{} : out;
}

/// Weights and mask of one slice of a matrix: all branches, and their scales.
void Exporter::matrix(const std::string& name, int slice, std::vector<double>& scales,
                      bmt::Linear& linear) {
  const std::vector<Branch> branches = branches_of(net_, name);
  linear.mask = block_mask(name, slice);
  if (!linear.mask.empty()) model_.pruning = linear.mask.cut;
  scales.clear();
  bmt::BitMatrix& out = linear.weight;
  for (std::size_t k = 0; k < branches.size(); ++k) {
    const Tensor sign = branches[k].sign[slice].to(torch::kCPU).contiguous();
    scales.push_back(value(branches[k].scale[slice]));
    if (k == 0) {
      out = bmt::BitMatrix(static_cast<int>(branches.size()), static_cast<int>(sign.size(0)),
                           static_cast<int>(sign.size(1)));
    }
    const float* data = sign.data_ptr<float>();
    for (int o = 0; o < out.out; ++o) {
      for (int i = 0; i < out.in; ++i) {
        const bool one = *data++ > 0.0F && linear.mask.keeps_input(o, i);
        out.set_bit(static_cast<int>(k), o, i, one);
      }
    }
  }
}

bmt::CodeMatrix Exporter::codes(const std::string& name, double& scale) const {
  const OddWeight w = odd_weight(net_.at(name));
  scale = value(w.scale);
  bmt::CodeMatrix out(static_cast<int>(w.codes.size(0)), static_cast<int>(w.codes.size(1)));
  const std::vector<double> all = values(w.codes);
  for (std::size_t i = 0; i < all.size(); ++i) out.codes[i] = static_cast<std::uint8_t>(all[i]);
  return out;
}

/// Output stage of u = (sum_k scale_k * acc_k + bias) / alpha with signed or unsigned codes of u.
bmt::Requant Exporter::bit_or_code(const std::vector<double>& scales,
                                   const std::vector<double>& bias, double alpha, bool is_signed,
                                   std::int64_t acc_max, int b) {
  if (b == 1 && scales.size() == 1) {
    const std::vector<double> shifted = affine(bias, 1.0, is_signed ? 0.0 : -0.5 * alpha);
    return fold_bits(scales, shifted);
  }
  const double step = is_signed ? 2.0 * alpha : alpha;
  const double start = is_signed ? std::ldexp(1.0, b - 1) : 0.5;
  return take(
      fold_branches(affine(scales, 1.0 / step, 0.0), affine(bias, 1.0 / step, start), acc_max));
}

bmt::Linear Exporter::residual(const std::string& name, double input_alpha, int lsb_log2,
                               std::int64_t acc_max) {
  bmt::Linear out;
  std::vector<double> scales;
  matrix(name, 0, scales, out);
  const double per_lsb = std::ldexp(1.0, -lsb_log2);
  const std::vector<double> bias = affine(values(net_.at(name + ".bias")), per_lsb, 0.5);
  out.out = take(fold_branches(affine(scales, input_alpha * per_lsb, 0.0), bias, acc_max));
  return out;
}

void Exporter::norm(const std::string& name, int lsb_log2, bmt::LayerNorm& out) const {
  fold_norm(values(net_.at(name + ".gain")), values(net_.at(name + ".offset")), lsb_log2, out);
}

void Exporter::input_codes(const std::string& p, int lsb_log2, bmt::LayerNorm& ln) {
  ln = take(fold_signed_codes(values(net_.at(p + ".beta")), value(net_.scale(p + ".alpha")),
                              net_.spec().act_bits, lsb_log2, ln));
}

void Exporter::describe() {
  const NetworkSpec& spec = net_.spec();
  model_.hidden = spec.shape.hidden;
  model_.head_dim = spec.shape.head_dim;
  model_.act_bits = spec.act_bits;
  model_.branches = spec.branches();
  model_.attention = spec.attention;
}

/// LayerNorm follows, so the step of the sum is immaterial: codes as they are, not shifted.
void Exporter::token_embedding() {
  const Tensor step = net_.scale("embed.step");
  const auto copy = [&](const Tensor& table, std::vector<std::int8_t>& out) {
    for (const double v : values(step_codes(table, step))) {
      out.push_back(static_cast<std::int8_t>(v));
    }
  };
  model_.embed_shift = 0;
  copy(net_.at("word"), model_.embed_word);
  const Tensor& position = net_.at("position");
  for (int s = 0; s < net_.spec().segments; ++s) {
    copy(net_.spec().segments == 2 ? position + net_.at("segment")[s] : position,
         model_.embed_position);
  }
}

void Exporter::feature_embedding() {
  const Int8Grid grid = int8_grid(net_.at("position"));
  const int step_log2 = static_cast<int>(std::lround(std::log2(value(grid.step))));
  int fraction = residual_fraction_bits(range(TensorId::kEmbedding, -1));
  fraction = std::clamp(fraction, -step_log2, 7 - step_log2);
  model_.embed_shift = step_log2 + fraction;
  for (const double v : values(grid.values)) {
    model_.embed_position.push_back(static_cast<std::int8_t>(v));
  }
  double scale = 0.0;
  model_.patch = codes("patch.weight", scale);
  const double per_lsb = std::ldexp(1.0, fraction);
  const std::vector<double> bias = affine(values(net_.at("patch.bias")), per_lsb, 0.5);
  const std::int64_t acc_max = std::int64_t{255} * 255 * net_.spec().features;
  const std::vector<double> factor(bias.size(), scale / 255.0 * per_lsb);
  model_.patch_out = take(fold_affine(factor, bias, acc_max));
}

void Exporter::embedding() {
  if (net_.spec().tokens()) {
    token_embedding();
  } else {
    feature_embedding();
  }
  const double most = std::max(range(TensorId::kEmbeddingNorm, -1), range(TensorId::kResidual1, 0));
  stream_lsb_ = -residual_fraction_bits(most);
  norm("embed.ln", stream_lsb_, model_.embed_ln);
  input_codes("layers.0.input", stream_lsb_, model_.embed_ln);
}

void Exporter::attention(int i, bmt::Layer& out) {
  const NetworkSpec& spec = net_.spec();
  const std::string p = layer_prefix(i);
  const std::int64_t top = bmt::max_code(spec.act_bits);
  const double input_alpha = value(net_.scale(p + "input.alpha"));
  const std::vector<double> alpha = values(net_.scale(p + "qkv.alpha"));
  bmt::Linear* const targets[] = {&out.q, &out.k, &out.v};
  for (int k = 0; k < 3; ++k) {
    std::vector<double> scales;
    matrix(p + "qkv", k, scales, *targets[k]);
    targets[k]->out = bit_or_code(
        affine(scales, input_alpha, 0.0), values(net_.at(p + "qkv.bias")[k]),
        alpha[static_cast<std::size_t>(k)], true, top * spec.shape.hidden, spec.act_bits);
  }
  const double unit = alpha[0] * alpha[1] / std::sqrt(static_cast<double>(spec.shape.head_dim));
  std::vector<double> value_scale(static_cast<std::size_t>(spec.attention_width()));
  if (spec.attention == bmt::Attention::kSoftmax) {
    const double a = value(net_.scale(p + "attention.alpha"));
    out.softmax = take(fold_softmax(unit, a, spec.shape.heads));
    value_scale.assign(value_scale.size(), a * alpha[2]);
  } else {
    const std::vector<double> step = values(net_.scale(p + "attention.step"));
    const std::vector<double> threshold = values(net_.at(p + "attention.threshold"));
    const std::vector<double> gain = values(net_.scale(p + "attention.value"));
    std::vector<double> slope, start;
    for (std::size_t h = 0; h < step.size(); ++h) {
      slope.push_back(unit / step[h]);
      start.push_back((spec.act_bits == 1 ? 0.0 : 1.0) - threshold[h] / step[h]);
    }
    out.threshold = spec.act_bits == 1
                        ? fold_bits(slope, start)
                        : take(fold_affine(slope, start, top * top * spec.shape.head_dim));
    for (std::size_t j = 0; j < value_scale.size(); ++j) {
      value_scale[j] = gain[j / static_cast<std::size_t>(spec.shape.head_dim)] * alpha[2];
    }
  }
  const std::vector<double> beta = values(net_.at(p + "context.beta"));
  if (spec.act_bits == 1) {
    out.context = fold_bits(value_scale, beta);
    return;
  }
  const double step = 2.0 * value(net_.scale(p + "context.alpha"));
  out.context = take(fold_affine(affine(value_scale, 1.0 / step, 0.0),
                                 affine(beta, 1.0 / step, std::ldexp(1.0, spec.act_bits - 1)),
                                 top * top * spec.rows));
}

void Exporter::layer(int i) {
  const NetworkSpec& spec = net_.spec();
  const std::string p = layer_prefix(i);
  const std::int64_t top = bmt::max_code(spec.act_bits);
  bmt::Layer out;
  attention(i, out);
  out.o = residual(p + "o", value(net_.scale(p + "context.alpha")), stream_lsb_,
                   top * spec.attention_width());

  const double most1 = std::max(range(TensorId::kLn1, i), range(TensorId::kResidual2, i));
  stream_lsb_ = -residual_fraction_bits(most1);
  norm(p + "ln1", stream_lsb_, out.ln1);
  input_codes(p + "ffn_input", stream_lsb_, out.ln1);

  std::vector<double> scales;
  const double ffn_alpha = value(net_.scale(p + "ffn.alpha"));
  matrix(p + "f1", 0, scales, out.f1);
  out.f1.out = bit_or_code(affine(scales, value(net_.scale(p + "ffn_input.alpha")), 0.0),
                           values(net_.at(p + "f1.bias")), ffn_alpha, false,
                           top * spec.shape.hidden, spec.act_bits);
  out.f2 = residual(p + "f2", ffn_alpha, stream_lsb_, top * spec.shape.ffn);

  const double most2 = std::max(range(TensorId::kLn2, i), range(TensorId::kResidual1, i + 1));
  stream_lsb_ = -residual_fraction_bits(most2);
  const bool last = i + 1 == spec.shape.layers;
  const bool to_classifier = last && !spec.pooler;
  if (to_classifier) stream_lsb_ = std::min(stream_lsb_, kClassifierStepLog2);
  norm(p + "ln2", stream_lsb_, out.ln2);
  if (to_classifier) {
    fold_shifted_codes(kClassifierStepLog2, bmt::kClassifierBits, stream_lsb_, out.ln2);
  } else {
    input_codes(last ? "pooler.input" : layer_prefix(i + 1) + "input", stream_lsb_, out.ln2);
  }
  model_.layers.push_back(std::move(out));
}

void Exporter::pooler() {
  const std::int64_t top = bmt::max_code(net_.spec().act_bits);
  bmt::Linear out;
  std::vector<double> scales;
  matrix("pooler", 0, scales, out);
  out.out = bit_or_code(affine(scales, value(net_.scale("pooler.input.alpha")), 0.0),
                        values(net_.at("pooler.bias")), kPoolerAlpha, true,
                        top * net_.spec().shape.hidden, bmt::kClassifierBits);
  model_.pooler = std::move(out);
}

void Exporter::classifier() {
  double scale = 0.0;
  model_.classifier = codes("classifier.weight", scale);
  const double input_unit =
      net_.spec().pooler ? kPoolerAlpha : std::ldexp(0.5, kClassifierStepLog2);
  const double logit_step = scale * input_unit;
  for (const double b : values(net_.at("classifier.bias"))) {
    model_.classifier_offset.push_back(static_cast<std::int32_t>(std::lround(b / logit_step)));
  }
  if (net_.spec().regression) model_.logit_scale = fmt::format("{:.9g}", logit_step);
}

Result<bmt::Model> Exporter::run(const bmt::Model& header) {
  model_ = header;
  describe();
  embedding();
  for (int i = 0; i < net_.spec().shape.layers; ++i) layer(i);
  if (net_.spec().pooler) pooler();
  classifier();
  if (error_) return *error_;
  if (Status s = bmt::validate(model_); !s) return s.error();
  return std::move(model_);
}

}  // namespace

Result<bmt::Model> export_model(const Network& network, const bmt::Model& header,
                                std::span<const bmt::Sample> calibration) {
  if (!network.spec().quantized()) return Error{"export: a float network has no integer view"};
  if (network.spec().branches() == 0) {
    return Error{
        "export: FFN and other matrices differ in their number of branches (option "
        "ffn_weights)"};
  }
  torch::NoGradGuard no_grad;
  return Exporter(network, measure_ranges(network, calibration)).run(header);
}

}  // namespace bat::train
