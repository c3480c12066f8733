// SPDX-License-Identifier: Apache-2.0
// The energy model: its fit on made-up runs, and its error on the measured ones.
#include "synth/energy_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace bat::synth {
namespace {

std::string runs(int count, bool gated) {
  std::mt19937 random(3);
  const auto draw = [&random](double high) {
    return high * static_cast<double>(1 + random() % 1000) / 1000.0;
  };
  std::string lines;
  for (int i = 0; i < count; ++i) {
    EnergySample s;
    s.config = "made-up";
    s.gated = gated;
    s.inputs = {draw(20000), draw(300000), draw(1e7), draw(1e6)};
    s.cycles = draw(20000);
    s.clock_nj = gated
                     ? 4e-5 * s.inputs.ff * s.cycles + 1e-5 * s.inputs.macs + 3e-4 * s.inputs.lanes
                     : 2e-4 * s.inputs.ff * s.cycles;
    s.work_nj = 1e-7 * s.inputs.ge * s.cycles + 5e-5 * s.inputs.macs + 2e-3 * s.inputs.lanes;
    lines += to_line(s);
  }
  return lines;
}

TEST(EnergyModel, FindsTheCoefficientsOfItsRuns) {
  const auto model = EnergyModel::fit(runs(8, false) + '\n' + runs(8, true), "made-up");
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_EQ(model.value().samples().size(), 16U);
  const EnergyInputs inputs{1000, 20000, 5e6, 4e5};
  const EnergyCost plain = model.value().cost(inputs, false);
  EXPECT_NEAR(plain.per_cycle_nj, 2e-4 * 1000 + 1e-7 * 20000, 1e-6);
  EXPECT_NEAR(plain.fixed_nj, 5e-5 * 5e6 + 2e-3 * 4e5, 1e-3);
  const EnergyCost gated = model.value().cost(inputs, true);
  EXPECT_NEAR(gated.per_cycle_nj, 4e-5 * 1000 + 1e-7 * 20000, 1e-6);
  EXPECT_NEAR(gated.fixed_nj, 6e-5 * 5e6 + 2.3e-3 * 4e5, 1e-3);
  EXPECT_NEAR(gated.nj(1000), 1000 * gated.per_cycle_nj + gated.fixed_nj, 1e-9);
}

TEST(EnergyModel, KeepsRunsOutOfTheFitThatAreForItsError) {
  EnergySample odd;
  odd.fitted = false;
  odd.inputs = {1, 1, 1, 1};
  odd.cycles = odd.clock_nj = odd.work_nj = 1e6;
  const auto with = EnergyModel::fit(runs(6, false) + to_line(odd), "made-up");
  const auto without = EnergyModel::fit(runs(6, false), "made-up");
  ASSERT_TRUE(with && without);
  const EnergyInputs inputs{1000, 20000, 5e6, 4e5};
  EXPECT_EQ(with.value().cost(inputs, false).nj(1e4), without.value().cost(inputs, false).nj(1e4));
}

TEST(EnergyModel, BadRunsAreNamedByLine) {
  const auto error = [](const std::string& lines) {
    const auto model = EnergyModel::fit(lines, "runs");
    return model ? std::string() : model.error().message;
  };
  EXPECT_EQ(error(runs(4, false) + "{]\n"), "runs:5: is no JSON object");
  EXPECT_NE(error("{\"ff\": -1}").find("runs:1: ff must be"), std::string::npos);
  EXPECT_NE(error(runs(3, true)).find("3 runs with clock gates"), std::string::npos);
}

// docs/area.md states the errors.
TEST(EnergyModel, IsCloseToTheMeasuredRuns) {
  const auto& model = EnergyModel::builtin();
  ASSERT_TRUE(model) << model.error().message;
  std::size_t held = 0;
  for (const EnergySample& s : model.value().samples()) {
    const double measured = s.clock_nj + s.work_nj + s.leakage_nj;
    const double error = model.value().cost(s.inputs, s.gated).nj(s.cycles) / measured - 1.0;
    EXPECT_LT(std::abs(error), s.fitted ? 0.02 : 0.10)
        << s.config << ' ' << s.model << " gated " << s.gated;
    held += s.fitted ? 0 : 1;
  }
  EXPECT_GE(held, 3U);
}

}  // namespace
}  // namespace bat::synth
