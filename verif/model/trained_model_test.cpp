// SPDX-License-Identifier: Apache-2.0
// The trained Fashion-MNIST model on the generated `nano` accelerator, beside the golden model.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "models/bmt/dataset.hpp"
#include "models/bmt/model_file.hpp"
#include "sim/run.hpp"

namespace bat {
namespace {

namespace fs = std::filesystem;

class TrainedModel : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path path = fs::path(BAT_ZOO) / "fashion-nano.safetensors";
    if (!fs::exists(path)) GTEST_SKIP() << path.filename() << " is not in models/zoo";
    if (!fs::exists(bmt::kFashionMnistPath)) {
      GTEST_SKIP() << "no data set: apt-get install dataset-fashion-mnist";
    }
    auto model = bmt::load_model(path);
    ASSERT_TRUE(model.ok()) << model.error().message;
    model_ = std::move(model).value();
    auto samples = bmt::load_dataset("", model_);
    ASSERT_TRUE(samples.ok()) << samples.error().message;
    samples_ = std::move(samples).value();
    auto config = load_config("nano");
    ASSERT_TRUE(config.ok()) << config.error().message;
    config_ = std::move(config).value();
  }

  void run(std::size_t count, const sim::RunOptions& options) {
    samples_.resize(std::min(count, samples_.size()));
    const auto result = sim::run(config_, model_, samples_, options);
    ASSERT_TRUE(result.ok()) << result.error().message;
    for (const sim::Mismatch& mismatch : result.value().first_mismatches) {
      ADD_FAILURE() << mismatch.text();
    }
    EXPECT_TRUE(result.value().violations.empty()) << result.value().violations.front();
    EXPECT_TRUE(result.value().bit_exact);
    EXPECT_GT(result.value().compared_bits, 0U);
    std::printf("%zu images: accuracy %.4f, %.0f cycles each, QMM %.1f %%, %.0f cycles/s\n",
                samples_.size(), result.value().accuracy.value_or(0.0),
                result.value().cycles_per_sample, 100.0 * result.value().qmm_utilization,
                result.value().sim_cycles_per_second);
  }

  bmt::Model model_;
  std::vector<bmt::Sample> samples_;
  Config config_;
};

TEST_F(TrainedModel, EveryTensorOfTwoImagesUnderAdversarialStalls) {
  sim::RunOptions options;
  options.check = sim::CheckLevel::kTensors;
  options.stall = sim::StallMode::kAdversarial;
  run(2, options);
}

TEST_F(TrainedModel, LogitsOfTwentyImages) { run(20, sim::RunOptions{}); }

TEST_F(TrainedModel, NightlyLogitsOfAThousandImages) { run(1000, sim::RunOptions{}); }

}  // namespace
}  // namespace bat
