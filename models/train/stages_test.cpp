// SPDX-License-Identifier: Apache-2.0
// Each stage of an exported model on its own: fed with the codes that the integer view computed,
// the real formulas of the training view must give the integer view's next codes. Unlike a
// comparison of whole runs this leaves no room for errors that grow.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>

#include "models/bmt/golden.hpp"
#include "models/bmt/random_model.hpp"
#include "models/train/export.hpp"
#include "models/train/quantizers.hpp"
#include "models/train/task.hpp"

namespace bat::train {
namespace {

using bmt::TensorId;
using torch::Tensor;

/// Keeps every tensor of one image as doubles: [rows, cols], or [heads, rows, cols].
class Keeper : public bmt::Tap {
 public:
  void tensor(TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override {
    const std::vector<double> copy(values.begin(), values.end());
    const Tensor matrix = torch::tensor(copy, torch::kDouble).view({1, rows, cols});
    Tensor& kept = kept_[{id, layer}];
    kept = head > 0 ? torch::cat({kept, matrix}) : matrix;
  }
  /// Codes of a signed tensor as values.
  Tensor values(TensorId id, int layer, int bits) const {
    return codes(id, layer) * 2.0 - bmt_top(bits);
  }
  Tensor codes(TensorId id, int layer) const { return kept_.at({id, layer}); }

 private:
  static double bmt_top(int bits) { return static_cast<double>((1 << bits) - 1); }
  std::map<std::pair<TensorId, int>, Tensor> kept_;
};

constexpr int kHeads = 2;
constexpr int kHeadDim = 16;
constexpr int kWidth = kHeads * kHeadDim;

std::vector<bmt::Sample> random_images(int count) {
  std::vector<bmt::Sample> out;
  std::uint32_t state = 12345;
  for (int i = 0; i < count; ++i) {
    bmt::Sample s;
    s.feature_count = 16;
    for (int k = 0; k < 144; ++k) {
      state = state * 1664525U + 1013904223U;
      s.features.push_back(static_cast<std::uint8_t>(state >> 24));
    }
    out.push_back(std::move(s));
  }
  return out;
}

struct Case {
  int bits;
  bmt::Attention attention;
};

class Stages : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    NetworkSpec spec;
    spec.shape = {2, 48, kHeads, kHeadDim, 80};
    spec.rows = 10;
    spec.features = 16;
    spec.classes = 3;
    spec.act_bits = GetParam().bits;
    spec.attention = GetParam().attention;
    network_ = std::make_unique<Network>(spec, 5);
    network_->to(torch::kCPU);
    // Offsets away from 0, so that none of them can be mixed up unnoticed.
    torch::NoGradGuard no_grad;
    torch::manual_seed(9);
    for (const std::string& name : network_->parameters().names()) {
      const bool offset =
          name.ends_with("bias") || name.ends_with("beta") || name.ends_with("offset");
      if (offset) network_->at(name).detach().normal_(0.0, 0.3);
    }
    const std::vector<bmt::Sample> images = random_images(32);
    network_->calibrate(input_of(spec, images));
    bmt::Model header;
    header.name = header.task = "images";
    header.input = bmt::InputKind::kFeatures;
    header.classes = 3;
    header.max_tokens = 10;
    header.features = {bmt::FeatureKind::kImage, 12, 12, 1, 4, 16};
    const Result<bmt::Model> model = export_model(*network_, header, images);
    ASSERT_TRUE(model.ok()) << model.error().message;
    model_ = model.value();
    const bmt::Sample sample = bmt::random_sample(model_, 10, 3);
    const bmt::GoldenModel golden(model_);
    ASSERT_TRUE(golden.logits(sample, &integer_).ok());
    network_->forward(input_of(spec, {&sample, 1}), &trace_);
  }

  int bits() const { return GetParam().bits; }
  Tensor parameter(const std::string& name) const {
    return network_->at(name).detach().to(torch::kDouble);
  }
  Tensor scale(const std::string& name) const { return parameter(name).exp(); }
  Tensor weight(const std::string& name, int slice) const {
    const BinaryWeight w = binary_weight(network_->at(name));
    return (w.sign * w.scale)[slice].to(torch::kDouble);
  }
  Tensor signed_of(const Tensor& u) const {
    const double top = static_cast<double>((1 << bits()) - 1);
    return (u * 0.5 + std::ldexp(1.0, bits() - 1)).floor().clamp(0.0, top);
  }
  Tensor unsigned_of(const Tensor& u) const {
    return (u + 0.5).floor().clamp(0.0, static_cast<double>((1 << bits()) - 1));
  }
  /// Share of codes that differ.
  static double differ(const Tensor& a, const Tensor& b) {
    return a.ne(b.reshape(a.sizes())).to(torch::kDouble).mean().item<double>();
  }

  std::unique_ptr<Network> network_;
  bmt::Model model_;
  Keeper integer_;
  Trace trace_;
};

/// What the 15-bit multipliers of multi-bit codes may move across a code boundary.
constexpr double kFew = 0.005;

TEST_P(Stages, EmbeddingIsTheSame) {
  for (const TensorId id : {TensorId::kEmbedding, TensorId::kEmbeddingNorm}) {
    const Tensor real = trace_.tensors.at({id, -1}).to(torch::kDouble);
    const Tensor integer = integer_.codes(id, -1);
    const Tensor step = (real * integer).sum() / (integer * integer).sum();
    EXPECT_NEAR(std::log2(step.item<double>()), std::round(std::log2(step.item<double>())), 1e-3);
    EXPECT_LT((real - integer * step).abs().max().item<double>(), 4e-3);
  }
}

TEST_P(Stages, ProjectionsFollow) {
  for (int i = 0; i < 2; ++i) {
    const std::string p = layer_prefix(i);
    const TensorId source = i == 0 ? TensorId::kInputCodes : TensorId::kLn2Codes;
    const Tensor input = integer_.values(source, i - 1, bits()) * scale(p + "input.alpha");
    int k = 0;
    for (const TensorId id : {TensorId::kQ, TensorId::kK, TensorId::kV}) {
      const Tensor y =
          torch::matmul(input, weight(p + "qkv.weight", k).t()) + parameter(p + "qkv.bias")[k];
      EXPECT_LE(differ(integer_.codes(id, i), signed_of(y / scale(p + "qkv.alpha")[k])),
                bits() == 1 ? 0.0 : kFew);
      ++k;
    }
  }
}

TEST_P(Stages, AttentionFollows) {
  const bool softmax = GetParam().attention == bmt::Attention::kSoftmax;
  for (int i = 0; i < 2; ++i) {
    const std::string p = layer_prefix(i);
    const Tensor alpha = scale(p + "qkv.alpha");
    const auto heads = [&](TensorId id) {
      return integer_.values(id, i, bits()).view({10, kHeads, kHeadDim}).transpose(0, 1);
    };
    const Tensor scores = torch::matmul(heads(TensorId::kQ), heads(TensorId::kK).transpose(1, 2));
    EXPECT_EQ(differ(integer_.codes(TensorId::kScores, i), scores), 0.0);
    const Tensor s = scores * alpha[0] * alpha[1] / std::sqrt(double{kHeadDim});
    const Tensor u =
        softmax ? torch::softmax(s, -1) / scale(p + "attention.alpha")
                : (s - parameter(p + "attention.threshold")) / scale(p + "attention.step") + 0.5;
    // The softmax of the integer view has an exponent table of 32 steps an octave.
    const double most = softmax ? 0.06 : bits() == 1 ? 0.0 : kFew;
    EXPECT_LE(differ(integer_.codes(TensorId::kProbabilities, i), unsigned_of(u)), most);

    const Tensor value =
        softmax ? scale(p + "attention.alpha").view({1, 1, 1}) : scale(p + "attention.value");
    const Tensor acc =
        torch::matmul(integer_.codes(TensorId::kProbabilities, i), heads(TensorId::kV));
    const Tensor context = (acc * value * alpha[2]).transpose(0, 1).reshape({1, 10, kWidth}) +
                           parameter(p + "context.beta");
    EXPECT_LE(differ(integer_.codes(TensorId::kContext, i),
                     signed_of(context / scale(p + "context.alpha"))),
              bits() == 1 ? 0.0 : kFew);
  }
}

TEST_P(Stages, FeedForwardFollows) {
  for (int i = 0; i < 2; ++i) {
    const std::string p = layer_prefix(i);
    const Tensor input =
        integer_.values(TensorId::kLn1Codes, i, bits()) * scale(p + "ffn_input.alpha");
    const Tensor y =
        torch::matmul(input, weight(p + "f1.weight", 0).t()) + parameter(p + "f1.bias");
    EXPECT_LE(differ(integer_.codes(TensorId::kFfn1, i), unsigned_of(y / scale(p + "ffn.alpha"))),
              bits() == 1 ? 0.0 : kFew);
  }
}

/// Residual addition, LayerNorm and quantization from the integer view's own stream.
TEST_P(Stages, StreamFollows) {
  for (int i = 0; i < 2; ++i) {
    const std::string p = layer_prefix(i);
    const Tensor context =
        integer_.values(TensorId::kContext, i, bits()) * scale(p + "context.alpha");
    const Tensor v =
        torch::matmul(context, weight(p + "o.weight", 0).t()) + parameter(p + "o.bias");
    const TensorId before = i == 0 ? TensorId::kEmbeddingNorm : TensorId::kLn2;
    const Tensor added = integer_.codes(TensorId::kResidual1, i) - integer_.codes(before, i - 1);
    const Tensor step = (added * v).sum() / (added * added).sum();
    EXPECT_LT((added * step - v).abs().max().item<double>(), 2.0 * step.item<double>());

    const Tensor y = integer_.codes(TensorId::kResidual1, i);
    const Tensor x =
        torch::layer_norm(y, {48}, parameter(p + "ln1.gain"), parameter(p + "ln1.offset"), 0.0);
    const Tensor u = (x + parameter(p + "ffn_input.beta")) / scale(p + "ffn_input.alpha");
    EXPECT_LE(differ(integer_.codes(TensorId::kLn1Codes, i), signed_of(u)), 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Stages,
                         ::testing::Values(Case{1, bmt::Attention::kThreshold},
                                           Case{1, bmt::Attention::kSoftmax},
                                           Case{4, bmt::Attention::kThreshold},
                                           Case{4, bmt::Attention::kSoftmax},
                                           Case{8, bmt::Attention::kSoftmax}));

}  // namespace
}  // namespace bat::train
