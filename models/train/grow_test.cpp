// SPDX-License-Identifier: Apache-2.0
// Grown networks compute what the small ones do; sizes that do not fit are refused.
#include "models/train/grow.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace bat::train {
namespace {

using torch::Tensor;

NetworkSpec float_spec(bmt::InputKind input) {
  NetworkSpec spec;
  spec.shape = {2, 24, 3, 8, 40};
  spec.input = input;
  spec.rows = 9;
  spec.features = 16;
  spec.vocab = 50;
  spec.segments = 2;
  spec.classes = 3;
  spec.act_bits = 0;
  spec.attention = bmt::Attention::kSoftmax;
  spec.gelu = true;
  return spec;
}

/// A network whose offsets, too, are away from their first values.
std::unique_ptr<Network> random_network(const NetworkSpec& spec) {
  auto network = std::make_unique<Network>(spec, 4);
  network->to(torch::kCPU);
  torch::NoGradGuard no_grad;
  torch::manual_seed(8);
  for (const std::string& name : network->parameters().names()) {
    network->at(name).detach().add_(torch::randn(network->at(name).sizes()) * 0.2);
  }
  return network;
}

Input random_input(const NetworkSpec& spec) {
  Input input;
  if (!spec.tokens()) {
    input.features = torch::randint(0, 256, {5, spec.rows - 1, spec.features}).to(torch::kFloat);
    return input;
  }
  input.ids = torch::randint(0, spec.vocab, {5, spec.rows});
  input.segment = torch::randint(0, 2, {5, spec.rows, 1}).to(torch::kFloat);
  input.mask = torch::arange(spec.rows).unsqueeze(0).lt(torch::arange(5, 10).unsqueeze(1));
  return input;
}

TEST(Grow, WiderNetworksComputeTheSame) {
  torch::NoGradGuard no_grad;
  for (const bmt::InputKind kind : {bmt::InputKind::kTokens, bmt::InputKind::kFeatures}) {
    const NetworkSpec spec = float_spec(kind);
    const std::unique_ptr<Network> small = random_network(spec);
    const Input input = random_input(spec);
    const Tensor wanted = small->forward(input).logits;
    for (const Shape& to : {Shape{2, 24, 3, 8, 40}, Shape{2, 48, 3, 8, 40}, Shape{2, 24, 3, 16, 40},
                            Shape{2, 24, 3, 8, 120}, Shape{2, 72, 3, 32, 80}}) {
      const auto large = grown(*small, to, 0.0, 1);
      ASSERT_TRUE(large.ok()) << large.error().message;
      EXPECT_EQ(large.value()->spec().shape, to);
      const Tensor got = large.value()->forward(input).logits;
      EXPECT_LT((got - wanted).abs().max().item<double>(), 1e-4) << to.hidden << " " << to.head_dim;
    }
  }
}

TEST(Grow, LayersAreRepeatedAndCopiesToldApart) {
  torch::NoGradGuard no_grad;
  const std::unique_ptr<Network> small = random_network(float_spec(bmt::InputKind::kTokens));
  const auto deep = grown(*small, {4, 24, 3, 8, 40}, 0.0, 1);
  ASSERT_TRUE(deep.ok());
  for (int i = 0; i < 4; ++i) {
    const std::string name = "f1.weight";
    EXPECT_TRUE(
        deep.value()->at(layer_prefix(i) + name).equal(small->at(layer_prefix(i / 2) + name)));
  }
  const auto noisy = grown(*small, {2, 48, 3, 8, 40}, 0.1, 1);
  ASSERT_TRUE(noisy.ok());
  const Tensor w = noisy.value()->at("layers.0.f1.weight")[0];
  EXPECT_GT((w.narrow(1, 0, 24) - w.narrow(1, 24, 24)).abs().max().item<double>(), 1e-3);
}

TEST(Grow, RefusesSizesThatDoNotFit) {
  const std::unique_ptr<Network> small = random_network(float_spec(bmt::InputKind::kTokens));
  const auto message = [&](const Shape& to) {
    const auto grown_network = grown(*small, to, 0.0, 1);
    return grown_network ? std::string() : grown_network.error().message;
  };
  EXPECT_NE(message({3, 24, 3, 8, 40}).find("layers 3"), std::string::npos);
  EXPECT_NE(message({2, 36, 3, 8, 40}).find("hidden 36"), std::string::npos);
  EXPECT_NE(message({2, 24, 6, 8, 40}).find("heads 6"), std::string::npos);
  EXPECT_NE(message({2, 24, 3, 8, 20}).find("ffn 20"), std::string::npos);
  NetworkSpec quantized = float_spec(bmt::InputKind::kTokens);
  quantized.act_bits = 1;
  quantized.gelu = false;
  const std::unique_ptr<Network> binary = random_network(quantized);
  EXPECT_FALSE(grown(*binary, {2, 48, 3, 8, 40}, 0.0, 1).ok());
}

}  // namespace
}  // namespace bat::train
