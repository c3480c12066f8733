// SPDX-License-Identifier: Apache-2.0
#include "models/train/export.hpp"

#include <torch/torch.h>

#include <cmath>
#include <map>

#include "models/bmt/primitives.hpp"
#include "models/train/fold.hpp"
#include "models/train/quantizers.hpp"

namespace bat::train {
namespace {

using bmt::TensorId;
using torch::Tensor;

constexpr int kCalibrationBatch = 128;

std::vector<double> values(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(torch::kDouble).contiguous().flatten();
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

Ranges measure_ranges(const Network& network, const ImageSet& set, int patch) {
  torch::NoGradGuard no_grad;
  const DeviceImages images(set, patch, 0, torch::kCPU);
  Ranges ranges;
  for (int first = 0; first < set.count; first += kCalibrationBatch) {
    Trace trace;
    network.forward(images.features(first, std::min(kCalibrationBatch, set.count - first)), &trace);
    for (const auto& [key, tensor] : trace.tensors) {
      ranges[key] = std::max(ranges[key], tensor.abs().max().item<double>());
    }
  }
  return ranges;
}

/// Folds one network. `ok` turns false with the first error; the steps after it do nothing.
class Exporter {
 public:
  Exporter(const Network& network, Ranges ranges) : net_(network), ranges_(std::move(ranges)) {}

  Result<bmt::Model> run(const ImageSet& images, const TrainOptions& options);

 private:
  void describe(const ImageSet& images, const TrainOptions& options);
  void embedding();
  void layer(int i);
  void attention(int i, bmt::Layer& out);
  void norm(const std::string& name, int lsb_log2, bmt::LayerNorm& out) const;
  void input_codes(int i, const std::string& name, int lsb_log2, bmt::LayerNorm& ln);
  void classifier();

  bmt::BitMatrix bits(const std::string& name, int slice, double& scale) const;
  bmt::CodeMatrix codes(const std::string& name, double& scale) const;
  bmt::Requant bit_or_code(double scale, const std::vector<double>& bias, double alpha,
                           bool is_signed, std::int64_t acc_max);
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

bmt::BitMatrix Exporter::bits(const std::string& name, int slice, double& scale) const {
  const BinaryWeight w = binary_weight(net_.at(name + ".weight"));
  scale = value(w.scale[slice]);
  const Tensor sign = w.sign[slice].contiguous();
  bmt::BitMatrix out(1, static_cast<int>(sign.size(0)), static_cast<int>(sign.size(1)));
  const float* data = sign.data_ptr<float>();
  for (int o = 0; o < out.out; ++o) {
    for (int i = 0; i < out.in; ++i) out.set_bit(0, o, i, *data++ > 0.0F);
  }
  return out;
}

bmt::CodeMatrix Exporter::codes(const std::string& name, double& scale) const {
  const OddWeight w = odd_weight(net_.at(name));
  scale = value(w.scale);
  bmt::CodeMatrix out(static_cast<int>(w.codes.size(0)), static_cast<int>(w.codes.size(1)));
  const std::vector<double> all = values(w.codes);
  for (std::size_t i = 0; i < all.size(); ++i) out.codes[i] = static_cast<std::uint8_t>(all[i]);
  return out;
}

/// Output stage of u = (scale * acc + bias) / alpha with signed or unsigned codes of u.
bmt::Requant Exporter::bit_or_code(double scale, const std::vector<double>& bias, double alpha,
                                   bool is_signed, std::int64_t acc_max) {
  const int b = net_.spec().act_bits;
  if (b == 1) {
    const std::vector<double> shifted = affine(bias, 1.0, is_signed ? 0.0 : -0.5 * alpha);
    return fold_bits(std::vector<double>{scale}, shifted);
  }
  const double step = is_signed ? 2.0 * alpha : alpha;
  const double start = is_signed ? std::ldexp(1.0, b - 1) : 0.5;
  return take(
      fold_affine(std::vector<double>{scale / step}, affine(bias, 1.0 / step, start), acc_max));
}

bmt::Linear Exporter::residual(const std::string& name, double input_alpha, int lsb_log2,
                               std::int64_t acc_max) {
  bmt::Linear out;
  double scale = 0.0;
  out.weight = bits(name, 0, scale);
  const double per_lsb = std::ldexp(1.0, -lsb_log2);
  const std::vector<double> bias = affine(values(net_.at(name + ".bias")), per_lsb, 0.5);
  out.out = take(fold_affine(std::vector<double>{scale * input_alpha * per_lsb}, bias, acc_max));
  return out;
}

void Exporter::norm(const std::string& name, int lsb_log2, bmt::LayerNorm& out) const {
  fold_norm(values(net_.at(name + ".gain")), values(net_.at(name + ".offset")), lsb_log2, out);
}

void Exporter::input_codes(int i, const std::string& name, int lsb_log2, bmt::LayerNorm& ln) {
  const std::string p = layer_prefix(i) + name;
  ln = take(fold_signed_codes(values(net_.at(p + ".beta")), value(net_.scale(p + ".alpha")),
                              net_.spec().act_bits, lsb_log2, ln));
}

void Exporter::describe(const ImageSet& images, const TrainOptions& options) {
  const NetworkSpec& spec = net_.spec();
  model_.name = options.name;
  model_.task = options.data.empty() ? "fashion-mnist" : options.data.filename().string();
  if (options.data.empty()) {
    model_.labels = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                     "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    model_.source = "Fashion-MNIST, Debian package dataset-fashion-mnist";
    model_.license = "Apache-2.0";
  }
  model_.train_command = command_line(options);
  model_.input = bmt::InputKind::kFeatures;
  model_.hidden = spec.shape.hidden;
  model_.head_dim = spec.shape.head_dim;
  model_.act_bits = spec.act_bits;
  model_.attention = spec.attention;
  model_.classes = spec.classes;
  model_.max_tokens = spec.rows;
  model_.features = {bmt::FeatureKind::kImage, images.height, images.width,
                     images.channels,          options.patch, spec.features};
}

void Exporter::embedding() {
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
  const double most = std::max(range(TensorId::kEmbeddingNorm, -1), range(TensorId::kResidual1, 0));
  stream_lsb_ = -residual_fraction_bits(most);
  norm("embed.ln", stream_lsb_, model_.embed_ln);
  input_codes(0, "input", stream_lsb_, model_.embed_ln);
}

void Exporter::attention(int i, bmt::Layer& out) {
  const NetworkSpec& spec = net_.spec();
  const std::string p = layer_prefix(i);
  const std::int64_t top = bmt::max_code(spec.act_bits);
  const double input_alpha = value(net_.scale(p + "input.alpha"));
  const std::vector<double> alpha = values(net_.scale(p + "qkv.alpha"));
  bmt::Linear* const targets[] = {&out.q, &out.k, &out.v};
  for (int k = 0; k < 3; ++k) {
    double scale = 0.0;
    targets[k]->weight = bits(p + "qkv", k, scale);
    targets[k]->out =
        bit_or_code(scale * input_alpha, values(net_.at(p + "qkv.bias")[k]),
                    alpha[static_cast<std::size_t>(k)], true, top * spec.shape.hidden);
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
  input_codes(i, "ffn_input", stream_lsb_, out.ln1);

  double scale = 0.0;
  const double ffn_alpha = value(net_.scale(p + "ffn.alpha"));
  out.f1.weight = bits(p + "f1", 0, scale);
  out.f1.out =
      bit_or_code(scale * value(net_.scale(p + "ffn_input.alpha")), values(net_.at(p + "f1.bias")),
                  ffn_alpha, false, top * spec.shape.hidden);
  out.f2 = residual(p + "f2", ffn_alpha, stream_lsb_, top * spec.shape.ffn);

  const double most2 = std::max(range(TensorId::kLn2, i), range(TensorId::kResidual1, i + 1));
  stream_lsb_ = -residual_fraction_bits(most2);
  const bool last = i + 1 == spec.shape.layers;
  if (last) stream_lsb_ = std::min(stream_lsb_, kClassifierStepLog2);
  norm(p + "ln2", stream_lsb_, out.ln2);
  if (last) {
    fold_shifted_codes(kClassifierStepLog2, bmt::kClassifierBits, stream_lsb_, out.ln2);
  } else {
    input_codes(i + 1, "input", stream_lsb_, out.ln2);
  }
  model_.layers.push_back(std::move(out));
}

void Exporter::classifier() {
  double scale = 0.0;
  model_.classifier = codes("classifier.weight", scale);
  const double logit_step = scale * std::ldexp(0.5, kClassifierStepLog2);
  for (const double b : values(net_.at("classifier.bias"))) {
    model_.classifier_offset.push_back(static_cast<std::int32_t>(std::lround(b / logit_step)));
  }
}

Result<bmt::Model> Exporter::run(const ImageSet& images, const TrainOptions& options) {
  describe(images, options);
  embedding();
  for (int i = 0; i < net_.spec().shape.layers; ++i) layer(i);
  classifier();
  if (error_) return *error_;
  if (Status s = bmt::validate(model_); !s) return s.error();
  return std::move(model_);
}

}  // namespace

Result<bmt::Model> export_model(const Network& network, const ImageSet& calibration,
                                const TrainOptions& options) {
  if (!network.spec().quantized()) return Error{"export: a float network has no integer view"};
  torch::NoGradGuard no_grad;
  Ranges ranges = measure_ranges(network, calibration, options.patch);
  return Exporter(network, std::move(ranges)).run(calibration, options);
}

}  // namespace bat::train
