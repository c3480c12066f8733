// SPDX-License-Identifier: Apache-2.0
// Pruning while training: choices, schedule, options, masks of a trained model.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "models/bmt/model_file.hpp"
#include "models/io/temporary_folder.hpp"
#include "models/train/pruner.hpp"
#include "models/train/quarter_images.hpp"
#include "models/train/trainer.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

TEST(PruneSchedule, RampIsCubicAndEnds) {
  PruneSchedule s;
  s.begin = 2;
  s.end = 10;
  EXPECT_EQ(s.ramp(0), 0.0);
  EXPECT_EQ(s.ramp(2), 0.0);
  EXPECT_DOUBLE_EQ(s.ramp(6), 1.0 - 0.125);
  EXPECT_EQ(s.ramp(10), 1.0);
  EXPECT_EQ(s.ramp(99), 1.0);
  for (int e = 0; e < 12; ++e) EXPECT_LE(s.ramp(e), s.ramp(e + 1));
}

TEST(PruneSchedule, OneAlwaysStays) {
  EXPECT_EQ(pruned_of(4, 0.5), 2);
  EXPECT_EQ(pruned_of(4, 0.99), 3);
  EXPECT_EQ(pruned_of(1, 0.9), 0);
  EXPECT_EQ(pruned_of(8, 0.0), 0);
  EXPECT_EQ(pruned_of(3, 0.5), 2);  // half away from 0
}

TEST(KeepBest, KeptThenScoreThenIndex) {
  const Tensor score = torch::tensor({5.0, 1.0, 9.0, 1.0});
  const Tensor kept = torch::tensor({1.0, 1.0, 0.0, 1.0});
  const auto row = [](std::vector<double> v) { return torch::tensor(v, torch::kDouble); };
  EXPECT_TRUE(torch::equal(keep_best(score, kept, 2), row({1, 1, 0, 0})));
  EXPECT_TRUE(torch::equal(keep_best(score, torch::ones(4), 2), row({1, 0, 1, 0})));
  EXPECT_TRUE(torch::equal(keep_best(torch::zeros(4), torch::ones(4), 3), row({1, 1, 1, 0})));
}

TEST(BlockSums, LastBlocksAreShorter) {
  const Tensor sums = block_sums(torch::ones({2, 5, 7}), {3, 2});
  EXPECT_EQ(sums.sizes(), (std::vector<std::int64_t>{2, 3, 3}));
  EXPECT_EQ(sums[1][0][0].item<float>(), 6.0F);
  EXPECT_EQ(sums[1][2][2].item<float>(), 1.0F);
}

Status checked(const std::function<void(TrainOptions&)>& change) {
  TrainOptions o;
  o.out = "out";
  o.prune = 0.5;
  change(o);
  return check(o);
}

TEST(PruneOptions, ImpossibleOnesAreRefused) {
  EXPECT_TRUE(checked([](TrainOptions&) {}).ok());
  const auto refused = [](const char* text, const std::function<void(TrainOptions&)>& change) {
    const Status s = checked(change);
    ASSERT_FALSE(s.ok()) << text;
    EXPECT_NE(s.error().message.find(text), std::string::npos) << s.error().message;
  };
  refused("prune must be in [0, 1)", [](TrainOptions& o) { o.prune = 1.0; });
  refused("prune_fine must be in", [](TrainOptions& o) { o.prune_fine = -0.1; });
  refused("prune_fine needs weights=ternary", [](TrainOptions& o) { o.prune_fine = 0.5; });
  refused("prune needs weights=binary", [](TrainOptions& o) { o.weights = "tws"; });
  refused("a float network", [](TrainOptions& o) {
    o.act_bits = 0;
    o.attention = "softmax";
  });
  refused("prune_heads must be", [](TrainOptions& o) { o.prune_heads = 4; });
  refused("prune_by must be", [](TrainOptions& o) { o.prune_by = "luck"; });
  refused("0 <= begin < end < 1", [](TrainOptions& o) { o.prune_end = 1.0; });
  refused("too few epochs", [](TrainOptions& o) { o.epochs = 1; });
  refused("prune_block=24: must divide head_dim (32) or be a multiple",
          [](TrainOptions& o) { o.prune_block = 24; });
  refused("prune_columns=20", [](TrainOptions& o) { o.prune_columns = 20; });
  refused("where heads are pruned too; nearest legal value is 32", [](TrainOptions& o) {
    o.prune_block = 64;
    o.prune_heads = 1;
  });
  refused("prunes nothing, as a row has 4 block(s)", [](TrainOptions& o) {
    o.prune = 0.1;
    o.ffn = 128;
  });
}

TEST(PruneOptions, SayNothingWhereNothingIsPruned) {
  TrainOptions o;
  EXPECT_EQ(identity(o).find("prune"), std::string::npos);
  o.prune = 0.5;
  EXPECT_NE(identity(o).find("prune_block=32"), std::string::npos);
}

class Pruned : public ::testing::Test {
 protected:
  void SetUp() override {
    write_half(folder_.path(), "train", 400, 1);
    write_half(folder_.path(), "t10k", 100, 2);
  }

  TrainOptions options(const std::string& out) const {
    TrainOptions o;
    o.name = "pruned";
    o.data = folder_.path();
    o.out = folder_.path() / out;
    o.device = "cpu";
    o.layers = o.teacher_layers = 2;
    o.hidden = o.teacher_hidden = 32;
    o.heads = o.teacher_heads = 4;
    o.head_dim = o.teacher_head_dim = 8;
    o.ffn = o.teacher_ffn = 64;
    o.batch = 40;
    o.epochs = 16;
    o.teacher_epochs = 2;
    o.learning_rate = o.teacher_learning_rate = 5e-3;
    o.shift = 0;
    o.flip = false;
    o.holdout = 0;
    o.prune = 0.5;
    o.prune_block = o.prune_columns = 8;
    return o;
  }

  io::TemporaryFolder folder_;
};

/// Every group of every matrix keeps `share` of its blocks, and some choose others.
void expect_balanced(const bmt::Model& model, double share) {
  bool differ = false;
  for (const bmt::Layer& layer : model.layers) {
    for (const bmt::Linear* l : {&layer.q, &layer.k, &layer.v, &layer.o, &layer.f1, &layer.f2}) {
      ASSERT_FALSE(l->mask.empty());
      for (int g = 0; g < l->mask.groups; ++g) {
        EXPECT_EQ(l->mask.kept_inputs(g, l->weight.in), std::lround(share * l->weight.in));
        for (int b = 0; b < l->mask.blocks; ++b) {
          differ = differ || l->mask.keeps(g, b) != l->mask.keeps(0, b);
        }
      }
    }
  }
  EXPECT_TRUE(differ);
}

bmt::Model trained(const TrainOptions& o, TrainReport& report) {
  const auto result = train(o, nullptr);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  if (!result.ok()) return {};
  report = result.value();
  const auto model = bmt::load_model(report.model);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message);
  return model.ok() ? model.value() : bmt::Model{};
}

void expect_views_agree(const TrainReport& report) {
  const ViewReport& views = report.views.value();
  EXPECT_GT(views.float_metric, 0.5);
  EXPECT_NEAR(views.float_metric, views.integer_metric, 0.08);
  EXPECT_GE(views.same_class, 90);
  for (const TensorAgreement& t : views.tensors) {
    const double most = t.id == bmt::TensorId::kInputCodes ? 0.01 : 0.2;
    EXPECT_LT(t.share(), most) << bmt::name(t.id) << " of layer " << t.layer;
  }
}

TEST_F(Pruned, BlocksAreBalancedAndViewsAgree) {
  for (const char* by : {"magnitude", "taylor"}) {
    SCOPED_TRACE(by);
    TrainOptions o = options(by);
    o.prune_by = by;
    TrainReport report;
    const bmt::Model model = trained(o, report);
    ASSERT_EQ(model.layer_count(), 2);
    EXPECT_EQ(model.pruning, (bmt::Pruning{8, 8}));
    expect_balanced(model, 0.5);
    expect_views_agree(report);
    EXPECT_DOUBLE_EQ(report.pruned, 0.5);
  }
}

TEST_F(Pruned, HeadsGoAndBlocksOfTheOthersToo) {
  TrainOptions o = options("heads");
  o.prune_heads = 2;
  o.attention = "softmax";
  o.act_bits = 4;
  o.prune_by = "taylor";
  TrainReport report;
  const bmt::Model model = trained(o, report);
  ASSERT_EQ(model.layer_count(), 2);
  EXPECT_EQ(model.heads(0), 2);
  EXPECT_EQ(model.heads(1), 2);
  expect_balanced(model, 0.5);
  expect_views_agree(report);
}

TEST_F(Pruned, HeadsAlone) {
  TrainOptions o = options("heads-alone");
  o.prune = 0.0;
  o.prune_heads = 1;
  o.prune_block = o.prune_columns = 5;  // without a meaning here
  TrainReport report;
  const bmt::Model model = trained(o, report);
  ASSERT_EQ(model.layer_count(), 2);
  EXPECT_EQ(model.heads(1), 3);
  EXPECT_FALSE(model.pruning.used());
  expect_views_agree(report);
}

/// Rows of kept blocks have the same number of weights that are 0: two branches that cancel.
TEST_F(Pruned, FineLevelInsideBlocks) {
  TrainOptions o = options("fine");
  o.weights = "ternary";
  o.prune_fine = 0.25;
  o.epochs = 30;
  TrainReport report;
  const bmt::Model model = trained(o, report);
  ASSERT_EQ(model.layer_count(), 2);
  EXPECT_EQ(model.branches, 2);
  EXPECT_NEAR(report.pruned, 1.0 - 0.5 * 0.75, 1e-9);
  expect_balanced(model, 0.5);
  expect_views_agree(report);
  const bmt::Linear& f2 = model.layers[1].f2;
  for (int row = 0; row < f2.weight.out; ++row) {
    for (int b = 0; b < f2.mask.blocks; ++b) {
      int zeros = 0;
      for (int i = 8 * b; i < 8 * b + 8; ++i) {
        zeros += f2.weight.bit(0, row, i) != f2.weight.bit(1, row, i) ? 1 : 0;
      }
      EXPECT_EQ(zeros, f2.mask.keeps(row / 8, b) ? 2 : 0);
    }
  }
}

TEST_F(Pruned, ResumedRunKeepsItsMasks) {
  for (const int stop : {5, 12}) {  // while blocks go, and after
    TrainOptions o = options(fmt::format("whole{}", stop));
    o.prune_by = "taylor";
    o.finish = false;
    ASSERT_TRUE(train(o, nullptr).ok());
    const fs::path whole_path = o.out / "checkpoint.safetensors";
    o.out = folder_.path() / fmt::format("broken{}", stop);
    ASSERT_TRUE(train(o, [stop](const Progress& p) {
                  return p.phase == "teacher" || p.stats.epoch < stop;
                }).ok());
    o.resume = true;
    ASSERT_TRUE(train(o, nullptr).ok());
    const auto whole = load_network(whole_path);
    const auto broken = load_network(o.out / "checkpoint.safetensors");
    ASSERT_TRUE(whole.ok() && broken.ok());
    const Network& a = *whole.value().network;
    const Network& b = *broken.value().network;
    EXPECT_TRUE(torch::equal(a.parameters().flat(), b.parameters().flat()));
    for (const std::string& name : a.matrices()) {
      EXPECT_TRUE(torch::equal(a.mask(name), b.mask(name))) << name;
      EXPECT_DOUBLE_EQ(a.mask(name).mean().item<double>(), 0.5);
    }
  }
}

/// A pruned start hands its masks to a run that prunes alike.
TEST_F(Pruned, MasksOfAStartStay) {
  TrainOptions o = options("first");
  o.finish = false;
  ASSERT_TRUE(train(o, nullptr).ok());
  o.start = o.out / "checkpoint.safetensors";
  o.out = folder_.path() / "second";
  o.seed = 9;
  ASSERT_TRUE(train(o, nullptr).ok());
  const auto first = load_network(o.start);
  const auto second = load_network(o.out / "checkpoint.safetensors");
  ASSERT_TRUE(first.ok() && second.ok());
  for (const std::string& name : first.value().network->matrices()) {
    EXPECT_TRUE(torch::equal(first.value().network->mask(name), second.value().network->mask(name)))
        << name;
  }
}

TEST_F(Pruned, BestEpochIsOneWithAllMasks) {
  TrainOptions o = options("best");
  o.pick = "best";
  o.holdout = 80;
  TrainReport report;
  const bmt::Model model = trained(o, report);
  ASSERT_EQ(model.layer_count(), 2);
  expect_balanced(model, 0.5);
}

}  // namespace
}  // namespace bat::train
