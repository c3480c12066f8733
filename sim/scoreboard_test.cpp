// SPDX-License-Identifier: Apache-2.0
// The scoreboard must locate a difference, not only notice it.
#include "sim/scoreboard.hpp"

#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "sim/driver.hpp"
#include "sim/golden_device.hpp"

namespace bat::sim {
namespace {

class ScoreboardTest : public testing::Test {
 protected:
  ScoreboardTest() : plan_(plan(config_).value()) {
    config_.name = "unit";
    spec_.input = bmt::InputKind::kFeatures;
    spec_.hidden = 21;
    model_ = bmt::random_model(spec_, 5);
    sample_ = bmt::random_sample(model_, 9, 6);
  }

  /// Runs `model_` on the interpreter against the golden tensors of `reference`.
  void run(Scoreboard& board, const bmt::Model& reference) {
    const ModelImage image = build_image(config_, plan_, model_).value();
    GoldenDevice device(config_, plan_, ExecutionOrder{}, &board);
    Driver driver(device, config_, plan_, image, DriverOptions{});
    ASSERT_TRUE(driver.start().ok());
    const bmt::GoldenModel golden(reference);
    DriverHooks hooks;
    hooks.before_push = [&](std::size_t i, const Program& program) {
      auto tensors = std::make_unique<GoldenTensors>();
      ASSERT_TRUE(golden.logits(sample_, tensors.get()).ok());
      std::vector<std::unique_ptr<GoldenTensors>> of_job;
      of_job.push_back(std::move(tensors));
      board.expect(i, program, std::move(of_job));
    };
    const Status status = driver.run({sample_}, hooks);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }

  Config config_;
  Plan plan_;
  bmt::RandomModelSpec spec_;
  bmt::Model model_;
  bmt::Sample sample_;
};

TEST_F(ScoreboardTest, EqualModelsAgreeInEveryTensor) {
  Scoreboard board(config_, plan_, 1, "again");
  run(board, model_);
  EXPECT_EQ(board.mismatch_count(), 0U) << board.mismatches().front().text();
  EXPECT_TRUE(board.faults().empty());
  EXPECT_GT(board.compared_bits(), 1000U);
}

TEST_F(ScoreboardTest, LocatesADifferentThreshold) {
  bmt::Model other = model_;
  std::int16_t& threshold = other.layers[0].f1.out.threshold[13];
  threshold = threshold == 32767 ? -32768 : 32767;
  Scoreboard board(config_, plan_, 77, "batkit verify unit --cases 1 --seed 77");
  run(board, other);
  ASSERT_GT(board.mismatch_count(), 0U);
  const Mismatch& first = board.mismatches().front();
  EXPECT_EQ(first.tensor, "ffn1");
  EXPECT_EQ(first.layer, 0);
  EXPECT_EQ(first.column, 13);
  EXPECT_EQ(first.seed, 77U);
  EXPECT_EQ(first.unit, "qmm");
  const std::string text = first.text();
  EXPECT_NE(text.find("ffn1 layer 0 row"), std::string::npos) << text;
  EXPECT_NE(text.find("QMM "), std::string::npos) << text;
  EXPECT_NE(text.find("replay: batkit verify unit --cases 1 --seed 77"), std::string::npos) << text;
}

TEST_F(ScoreboardTest, ReportsImpossibleTapsAndUnfinishedWork) {
  Scoreboard board(config_, plan_, 1, "again");
  board.done(4, 1);
  board.write(5, 0, 0, 1 << 20, 0, 1, 1);
  board.flush();
  ASSERT_EQ(board.faults().size(), 2U);
  EXPECT_NE(board.faults()[0].find("was not given"), std::string::npos);
  EXPECT_NE(board.faults()[1].find("outside memory"), std::string::npos);
  const auto compiled = compile(config_, plan_, model_, 9);
  board.expect(0, compiled.value().program, {});
  EXPECT_NE(board.pending().find("qmm: sample 0, instruction"), std::string::npos)
      << board.pending();
  EXPECT_NE(board.pending().find("rings: W 0 of"), std::string::npos);
}

}  // namespace
}  // namespace bat::sim
