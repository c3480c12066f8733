// SPDX-License-Identifier: Apache-2.0
// Trained masks: every pruned model of the zoo on the RTL, all tensors beside the golden model; on
// one accelerator and on those of the grid.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"
#include "verif/grid/configs.hpp"
#include "verif/model/pruned_zoo.hpp"

namespace bat {
namespace {

void expect_exact(const Config& config, std::span<const bmt::Model> models, int count) {
  sim::RunOptions options;
  options.backend = sim::Backend::kRtl;
  options.check = sim::CheckLevel::kTensors;
  options.stall = sim::StallMode::kRandom;
  const auto bench = sim::Bench::create(config, options);
  ASSERT_TRUE(bench.ok()) << bench.error().message;
  for (const bmt::Model& model : models) {
    SCOPED_TRACE(model.name);
    std::vector<bmt::Sample> samples;
    for (int i = 1; i <= count; ++i) {
      samples.push_back(bmt::random_sample(model, model.max_tokens, static_cast<std::uint64_t>(i)));
    }
    const auto run = bench.value().run(model, samples, options, "PrunedZoo of " + model.name);
    ASSERT_TRUE(run.ok()) << run.error().message;
    for (const sim::Mismatch& m : run.value().first_mismatches) ADD_FAILURE() << m.text();
    EXPECT_TRUE(run.value().bit_exact);
    EXPECT_TRUE(run.value().violations.empty()) << run.value().violations.front();
  }
}

TEST(PrunedZoo, EveryTensorIsBitExact) {
  const std::vector<bmt::Model> models = pruned_zoo_models();
  if (models.empty()) GTEST_SKIP() << "no model in models/zoo has trained masks";
  Config config = holding(load_config("nano").value(), models);
  config.name = "pruned-zoo";
  expect_exact(config, models, 2);
}

/// Configurations of the grid with masks built in.
std::vector<Config> pruning_grid() {
  std::vector<Config> list = grid::configs();
  std::erase_if(list, [](const Config& config) { return !config.features.pruning; });
  return list;
}

class PrunedZooGrid : public testing::TestWithParam<Config> {};

// Arrays, ports, queues, guards and whatever else is built in are those of the grid; limits are
// raised to hold the models.
TEST_P(PrunedZooGrid, EveryTensorIsBitExact) {
  const std::vector<bmt::Model> models = pruned_zoo_models();
  if (models.empty()) GTEST_SKIP() << "no model in models/zoo has trained masks";
  Config config = enlarged(GetParam(), models);
  config.name += "-pruned-zoo";
  expect_exact(config, models, 1);
}

INSTANTIATE_TEST_SUITE_P(Grid, PrunedZooGrid, testing::ValuesIn(pruning_grid()),
                         [](const auto& which) {
                           std::string name = which.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace bat
