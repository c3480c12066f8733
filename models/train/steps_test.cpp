// SPDX-License-Identifier: Apache-2.0
// What the gate checks of the trainer: a few steps on Fashion-MNIST lower the loss, and the
// exported model comes back bit for bit, in its file and in its logits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "models/bmt/dataset.hpp"
#include "models/bmt/golden.hpp"
#include "models/bmt/metrics.hpp"
#include "models/bmt/model_file.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"
#include "models/train/task.hpp"
#include "models/train/trainer.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;

constexpr int kTestImages = 200;

class Steps : public ::testing::TestWithParam<const char*> {};

TEST_P(Steps, LossFallsAndTheExportComesBack) {
  if (!fs::exists(bmt::kFashionMnistPath)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const io::TemporaryFolder folder;
  TrainOptions o;
  o.name = "steps";
  o.out = folder.path() / "run";
  o.device = "cpu";
  o.attention = GetParam();
  o.layers = o.teacher_layers = 2;
  o.hidden = o.teacher_hidden = 32;
  o.heads = o.teacher_heads = 2;
  o.head_dim = o.teacher_head_dim = 16;
  o.ffn = o.teacher_ffn = 64;
  o.batch = 40;
  o.epochs = 4;
  o.teacher_epochs = 1;
  o.learning_rate = o.teacher_learning_rate = 5e-3;
  o.train_limit = 2000;
  o.test_limit = kTestImages;
  o.holdout = 0;
  std::vector<double> losses;
  const auto report = train(o, [&](const Progress& p) {
    if (p.phase == "model") losses.push_back(p.stats.loss);
    return true;
  });
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_EQ(losses.size(), 4U);
  for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_LT(losses[i], losses[i - 1]);
  EXPECT_LT(losses.back(), 0.9 * losses.front());
  const ViewReport& views = report.value().views.value();
  EXPECT_GT(views.integer_metric, 0.25);  // chance: 0.1

  // The file: read and written again, the same bytes.
  const Result<bmt::Model> model = bmt::load_model(report.value().model);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const fs::path copy = folder.path() / "copy.safetensors";
  ASSERT_TRUE(bmt::save_model(model.value(), copy).ok());
  EXPECT_EQ(io::read_file(copy).value(), io::read_file(report.value().model).value());

  // The network of the checkpoint, folded anew: every logit of the golden model is that of the
  // file.
  const auto task = load_task(o, "");
  ASSERT_TRUE(task.ok()) << task.error().message;
  const std::vector<bmt::Sample> samples = task.value()->test_samples(0, kTestImages);
  o.resume = true;
  o.out = folder.path() / "again";
  fs::create_directories(o.out);
  fs::copy_file(report.value().checkpoint, o.out / "checkpoint.safetensors");
  const auto again = train(o, nullptr);
  ASSERT_TRUE(again.ok()) << again.error().message;
  const Result<bmt::Model> folded = bmt::load_model(again.value().model);
  ASSERT_TRUE(folded.ok()) << folded.error().message;
  const bmt::GoldenModel exported(model.value()), fresh(folded.value());
  std::vector<bmt::Prediction> predictions;
  for (const bmt::Sample& sample : samples) {
    const auto logits = exported.logits(sample);
    ASSERT_TRUE(logits.ok()) << logits.error().message;
    EXPECT_EQ(logits.value(), fresh.logits(sample).value());
    predictions.push_back(bmt::predict(model.value(), logits.value(), sample));
  }
  EXPECT_EQ(bmt::metric(model.value(), predictions), views.integer_metric);
}

INSTANTIATE_TEST_SUITE_P(Attention, Steps, ::testing::Values("softmax", "threshold"));

}  // namespace
}  // namespace bat::train
