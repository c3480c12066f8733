// SPDX-License-Identifier: Apache-2.0
// Trained masks: every pruned model of the zoo on the RTL, all tensors beside the golden model.
#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"
#include "verif/model/pruned_zoo.hpp"

namespace bat {
namespace {

TEST(PrunedZoo, EveryTensorIsBitExact) {
  const std::vector<bmt::Model> models = pruned_zoo_models();
  if (models.empty()) GTEST_SKIP() << "no model in models/zoo has trained masks";
  Config config = holding(load_config("nano").value(), models);
  config.name = "pruned-zoo";
  sim::RunOptions options;
  options.backend = sim::Backend::kRtl;
  options.check = sim::CheckLevel::kTensors;
  options.stall = sim::StallMode::kRandom;
  const auto bench = sim::Bench::create(config, options);
  ASSERT_TRUE(bench.ok()) << bench.error().message;
  for (const bmt::Model& model : models) {
    SCOPED_TRACE(model.name);
    const std::vector<bmt::Sample> samples{bmt::random_sample(model, model.max_tokens, 1),
                                           bmt::random_sample(model, model.max_tokens, 2)};
    const auto run = bench.value().run(model, samples, options, "PrunedZoo of " + model.name);
    ASSERT_TRUE(run.ok()) << run.error().message;
    for (const sim::Mismatch& m : run.value().first_mismatches) ADD_FAILURE() << m.text();
    EXPECT_TRUE(run.value().bit_exact);
    EXPECT_TRUE(run.value().violations.empty()) << run.value().violations.front();
  }
}

}  // namespace
}  // namespace bat
