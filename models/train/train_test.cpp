// SPDX-License-Identifier: Apache-2.0
// A few steps on a synthetic task: it learns, resumes, exports and agrees with the integer view.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "models/bmt/dataset.hpp"
#include "models/bmt/golden.hpp"
#include "models/bmt/model_file.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"
#include "models/train/quantizers.hpp"
#include "models/train/quarter_images.hpp"
#include "models/train/trainer.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

class Training : public ::testing::Test {
 protected:
  void SetUp() override {
    write_half(folder_.path(), "train", 400, 1);
    write_half(folder_.path(), "t10k", 100, 2);
  }

  TrainOptions options(const std::string& out, int act_bits, const std::string& attention) const {
    TrainOptions o;
    o.name = "tiny";
    o.data = folder_.path();
    o.out = folder_.path() / out;
    o.device = "cpu";
    o.act_bits = act_bits;
    o.attention = attention;
    o.layers = o.teacher_layers = 2;
    o.hidden = o.teacher_hidden = 32;
    o.heads = o.teacher_heads = 2;
    o.head_dim = o.teacher_head_dim = 16;
    o.ffn = o.teacher_ffn = 64;
    o.batch = 40;
    o.epochs = 15;
    o.teacher_epochs = 3;
    o.learning_rate = o.teacher_learning_rate = 5e-3;
    o.shift = 1;
    o.flip = false;
    o.holdout = 80;
    return o;
  }

  io::TemporaryFolder folder_;
};

struct Variant {
  int act_bits;
  const char* attention;
  const char* weights = "binary";
};

class Variants : public Training, public ::testing::WithParamInterface<Variant> {};

TEST_P(Variants, LearnsExportsAndAgrees) {
  TrainOptions o = options("run", GetParam().act_bits, GetParam().attention);
  o.weights = GetParam().weights;
  std::vector<double> losses;
  const auto report = train(o, [&](const Progress& p) {
    if (p.phase == "model") losses.push_back(p.stats.loss);
    return true;
  });
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_EQ(losses.size(), 15U);
  EXPECT_LT(losses.back(), 0.8 * losses.front());
  const ViewReport& views = report.value().views.value();
  EXPECT_EQ(views.saturated, 0);
  EXPECT_GT(views.float_metric, 0.5);
  EXPECT_NEAR(views.float_metric, views.integer_metric, 0.08);
  EXPECT_GE(views.same_class, 90);
  for (const TensorAgreement& t : views.tensors) {
    const double most = t.id == bmt::TensorId::kInputCodes ? 0.01 : 0.2;
    EXPECT_LT(t.share(), most) << bmt::name(t.id) << " of layer " << t.layer;
  }
  // The exported file is the model that was judged, bit for bit.
  const Result<bmt::Model> once = bmt::load_model(report.value().model);
  ASSERT_TRUE(once.ok()) << once.error().message;
  const fs::path copy = folder_.path() / "copy.safetensors";
  ASSERT_TRUE(bmt::save_model(once.value(), copy).ok());
  std::ifstream a(report.value().model, std::ios::binary), b(copy, std::ios::binary);
  EXPECT_TRUE(
      std::equal(std::istreambuf_iterator<char>(a), {}, std::istreambuf_iterator<char>(b), {}));
  EXPECT_TRUE(fs::exists(report.value().card));
  EXPECT_TRUE(fs::exists(report.value().curves));
}

INSTANTIATE_TEST_SUITE_P(All, Variants,
                         ::testing::Values(Variant{1, "threshold"}, Variant{1, "softmax"},
                                           Variant{4, "threshold"}, Variant{4, "softmax"},
                                           Variant{2, "softmax"},
                                           Variant{1, "threshold", "ternary"},
                                           Variant{1, "softmax", "tws"},
                                           Variant{4, "softmax", "wtws"}));

TEST_F(Training, ResumedRunEqualsOneWithoutABreak) {
  TrainOptions o = options("whole", 1, "threshold");
  o.finish = false;
  o.epochs = 4;
  ASSERT_TRUE(train(o, nullptr).ok());
  o.out = folder_.path() / "broken";
  const auto stop = [](const Progress& p) { return p.phase == "teacher" || p.stats.epoch < 2; };
  const auto first = train(o, stop);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first.value().complete);
  EXPECT_EQ(first.value().epochs_done, 2);
  o.resume = true;
  const auto second = train(o, nullptr);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second.value().complete);
  const auto whole = load_network(folder_.path() / "whole" / "checkpoint.safetensors");
  const auto broken = load_network(folder_.path() / "broken" / "checkpoint.safetensors");
  ASSERT_TRUE(whole.ok() && broken.ok());
  EXPECT_TRUE(torch::equal(whole.value().network->parameters().flat(),
                           broken.value().network->parameters().flat()));
}

/// The acceptance test of the issue on real data: a few steps learn, and the export is stable.
TEST_F(Training, TimeLimitEndsAndExports) {
  TrainOptions o = options("limited", 1, "threshold");
  o.epochs = 100000;
  o.time_limit = 1;
  const auto report = train(o, nullptr);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report.value().complete);
  EXPECT_GT(report.value().epochs_done, 0);
  EXPECT_TRUE(bmt::load_model(report.value().model).ok());
  const auto card = io::read_text(report.value().card);
  ASSERT_TRUE(card.ok());
  EXPECT_NE(card.value().find("of 100000, cut off by time_limit"), std::string::npos);
}

TEST_F(Training, GrowsFromASmallerNetwork) {
  TrainOptions o = options("small", 0, "softmax");
  o.epochs = 2;
  ASSERT_TRUE(train(o, nullptr).ok());
  o.start = o.out / "checkpoint.safetensors";
  o.out = folder_.path() / "large";
  o.grow = true;
  o.layers = 4;
  o.hidden = 64;
  o.head_dim = 32;
  o.ffn = 192;
  const auto report = train(o, nullptr);
  ASSERT_TRUE(report.ok()) << report.error().message;
  const auto large = load_network(report.value().checkpoint);
  ASSERT_TRUE(large.ok());
  EXPECT_EQ(large.value().network->spec().shape, (Shape{4, 64, 2, 32, 192}));
  o.out = folder_.path() / "misfit";
  o.hidden = 48;
  const auto misfit = train(o, nullptr);
  ASSERT_FALSE(misfit.ok());
  EXPECT_NE(misfit.error().message.find("hidden 48"), std::string::npos);
}

/// Split weights start where the ternary network that they come from stands.
TEST_F(Training, SplitStartsFromTheTernaryNetwork) {
  NetworkSpec spec;
  spec.shape = {2, 32, 2, 16, 64};
  spec.rows = 5;
  spec.features = 16;
  spec.classes = 4;
  spec.act_bits = 4;
  spec.weights = WeightKind::kTernary;
  Network ternary(spec, 3);
  ternary.to(torch::kCPU);
  torch::manual_seed(1);  // a value on the edge of a code would flip it and others after it
  Input input;
  input.features = torch::randint(0, 256, {20, 4, 16}).to(torch::kFloat);
  ternary.calibrate(input);
  const Tensor wanted = ternary.forward(input).logits;
  for (const WeightKind kind : {WeightKind::kSplit, WeightKind::kWeightedSplit}) {
    spec.weights = kind;
    Network split(spec, 4);
    split.to(torch::kCPU);
    split.start_from(ternary);
    EXPECT_LT((split.forward(input).logits - wanted).abs().max().item<double>(), 1e-3);
    EXPECT_EQ(branches_of(split, "layers.0.o").size(), 2U);
  }
}

TEST_F(Training, MixedImages) {
  TrainOptions o = options("mix", 4, "softmax");
  o.mix = 0.4;
  const auto report = train(o, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report.value().views->integer_metric, 0.5);
  o.mix = 1.0;
  EXPECT_NE(check(o).error().message.find("mix"), std::string::npos);
}

TEST_F(Training, SplittingTheFfnAlone) {
  TrainOptions o = options("ffn-ternary", 1, "threshold");
  o.ffn_weights = "ternary";
  o.finish = false;
  ASSERT_TRUE(train(o, {}).ok());
  TrainOptions split = o;
  split.out = folder_.path() / "ffn-split";
  split.ffn_weights = "wtws";
  split.start = o.out / "checkpoint.safetensors";
  std::vector<double> losses;
  ASSERT_TRUE(train(split, [&](const Progress& p) {
                if (p.phase == "model") losses.push_back(p.stats.loss);
                return true;
              }).ok());
  EXPECT_LT(losses.back(), losses.front());
  split.out = folder_.path() / "ffn-export";
  split.finish = true;
  const auto refused = train(split, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("ffn_weights"), std::string::npos);
}

TEST_F(Training, CheckpointOfOtherOptionsIsRefused) {
  TrainOptions o = options("run", 1, "threshold");
  o.finish = false;
  o.epochs = 1;
  o.teacher_epochs = 1;
  ASSERT_TRUE(train(o, nullptr).ok());
  o.resume = true;
  o.learning_rate = 1e-3;
  const auto report = train(o, nullptr);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().message.find("other options"), std::string::npos);
}

TEST_F(Training, BadDataIsRefused) {
  TrainOptions o = options("run", 1, "threshold");
  o.data = folder_.path() / "nothing";
  EXPECT_FALSE(train(o, nullptr).ok());
  write_bytes(folder_.path() / "train-labels-idx1-ubyte", {3}, {0, 1, 2});
  o.data = folder_.path();
  EXPECT_FALSE(train(o, nullptr).ok());
}

/// A tone of a pitch of its own for each of two digits, as recordings.
void write_recordings(const fs::path& folder) {
  fs::create_directories(folder);
  for (int i = 0; i < 120; ++i) {
    const int digit = i % 2;
    const int index = i / 2 < 10 ? i / 2 % 5 : 5 + i / 2;
    std::vector<std::uint8_t> bytes;
    const auto put = [&](std::uint32_t value, int count) {
      for (int k = 0; k < count; ++k) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * k)));
    };
    put(0x46464952, 4);  // RIFF
    put(0, 4);
    put(0x45564157, 4);  // WAVE
    put(0x20746D66, 4);  // fmt
    for (const auto& [value, size] : std::initializer_list<std::pair<std::uint32_t, int>>{
             {16, 4}, {1, 2}, {1, 2}, {8000, 4}, {16000, 4}, {2, 2}, {16, 2}}) {
      put(value, size);
    }
    put(0x61746164, 4);  // data
    put(1600, 4);
    for (int k = 0; k < 800; ++k) {
      const double tone = 5000.0 * std::sin(0.2 * (1 + 3 * digit) * (k + 7 * i));
      put(static_cast<std::uint16_t>(static_cast<std::int16_t>(tone)), 2);
    }
    const std::string name = fmt::format("{}_tone{}_{}.wav", digit, i, index);
    ASSERT_TRUE(io::write_file_atomic(folder / name, bytes).ok());
  }
}

TEST_F(Training, RecordingsAsRows) {
  TrainOptions o = options("digits", 1, "softmax");
  o.task = "spoken-digits";
  o.data = folder_.path() / "recordings";
  o.holdout = 0;
  o.batch = 20;
  o.epochs = 8;
  EXPECT_FALSE(train(o, nullptr).ok());  // no such folder
  write_recordings(o.data);
  const auto report = train(o, nullptr);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report.value().views.value().integer_metric, 0.9);
  const auto model = bmt::load_model(report.value().model);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const auto samples = bmt::load_dataset(o.data, model.value());
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(static_cast<int>(samples.value().size()), report.value().views.value().samples);
  EXPECT_EQ(samples.value()[0].tokens(), 33);
  EXPECT_FALSE(bmt::load_dataset("", model.value()).ok());
  o.flip = true;
  EXPECT_FALSE(train(o, nullptr).ok());
  ASSERT_TRUE(io::write_text_atomic(o.data / "noise.wav", "x").ok());
  EXPECT_FALSE(bmt::load_dataset(o.data, model.value()).ok());
}

TEST(Options, KeysAndRules) {
  TrainOptions o;
  o.out = "out";
  EXPECT_TRUE(check(o).ok());
  EXPECT_TRUE(set_option(o, "act_bits", "4").ok());
  EXPECT_EQ(o.act_bits, 4);
  EXPECT_TRUE(set_option(o, "learning_rate", "2.5e-3").ok());
  EXPECT_FALSE(set_option(o, "epochs", "many").ok());
  EXPECT_FALSE(set_option(o, "epochs", "7x").ok());
  EXPECT_FALSE(set_option(o, "no_such_key", "1").ok());
  o.act_bits = 3;
  EXPECT_FALSE(check(o).ok());
  o.act_bits = 4;
  o.time_limit = -1;
  EXPECT_FALSE(check(o).ok());
  o.time_limit = 0;
  o.grow = true;
  EXPECT_FALSE(check(o).ok());
  EXPECT_FALSE(recipe("no-such-recipe").ok());
}

TEST(Options, RecipesPassAndNameTheirCommand) {
  for (const std::string& name : recipe_names()) {
    Result<TrainOptions> o = recipe(name);
    ASSERT_TRUE(o.ok());
    o.value().out = "out";
    if (o.value().task != "images" && o.value().task != "mlm") o.value().data = "data";
    if (o.value().task == "mlm") o.value().corpus = "reviews.json";
    if (o.value().grow) o.value().start = "start";
    const Status status = check(o.value());
    EXPECT_TRUE(status.ok()) << name << ": " << (status.ok() ? "" : status.error().message);
    EXPECT_EQ(command_line(o.value()), "batkit train --recipe " + name + " --seed 0");
  }
}

TEST(Quantizers, SignedCodesAreTheValuesOfTheSpecification) {
  const Tensor u = torch::tensor({-9.0F, -2.0F, -0.01F, 0.0F, 1.99F, 2.0F, 3.5F, 100.0F});
  EXPECT_TRUE(
      torch::equal(signed_codes(u, 1), torch::tensor({-1.F, -1.F, -1.F, 1.F, 1.F, 1.F, 1.F, 1.F})));
  EXPECT_TRUE(
      torch::equal(signed_codes(u, 2), torch::tensor({-3.F, -1.F, -1.F, 1.F, 1.F, 3.F, 3.F, 3.F})));
}

TEST(Quantizers, UnsignedCodesRoundHalfUp) {
  const Tensor u = torch::tensor({-1.0F, 0.49F, 0.5F, 1.5F, 2.4F, 99.0F});
  EXPECT_TRUE(torch::equal(unsigned_codes(u, 1), torch::tensor({0.F, 0.F, 1.F, 1.F, 1.F, 1.F})));
  EXPECT_TRUE(torch::equal(unsigned_codes(u, 2), torch::tensor({0.F, 0.F, 1.F, 2.F, 2.F, 3.F})));
}

TEST(Quantizers, GradientsPassInTheWindow) {
  const Tensor u = torch::tensor({-1.5F, -0.5F, 0.5F, 1.5F}).requires_grad_(true);
  const Tensor g = torch::autograd::grad({signed_codes(u, 1).sum()}, {u})[0];
  EXPECT_TRUE(torch::equal(g, torch::tensor({0.F, 1.F, 1.F, 0.F})));
  const Tensor h = torch::autograd::grad({unsigned_codes(u, 1).sum()}, {u})[0];
  EXPECT_TRUE(torch::equal(h, torch::tensor({0.F, 0.F, 1.F, 0.F})));
}

TEST(Quantizers, WeightsOfTheSpecification) {
  const Tensor w = torch::tensor({0.2F, -0.4F, 0.6F, 0.8F}).view({1, 2, 2});
  const BinaryWeight b = binary_weight(w);
  EXPECT_TRUE(torch::equal(b.sign.flatten(), torch::tensor({-1.F, -1.F, 1.F, 1.F})));
  EXPECT_FLOAT_EQ(b.scale.item<float>(), 0.5F);
  const OddWeight o = odd_weight(w);
  EXPECT_EQ(o.codes.max().item<float>(), 255.0F);
  EXPECT_TRUE(
      ((o.codes * 2 - 255) * o.scale - w.flatten(0, 1).view({1, 2, 2})).abs().max().item<float>() <=
      o.scale.item<float>() * 1.001F);
  const Int8Grid p = int8_grid(w);
  EXPECT_FLOAT_EQ(p.step.item<float>(), 0.0078125F);
  EXPECT_LE(p.values.abs().max().item<float>(), 127.0F);
}

}  // namespace
}  // namespace bat::train
