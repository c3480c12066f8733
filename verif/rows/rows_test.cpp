// SPDX-License-Identifier: Apache-2.0
// Random programs of drain tiles, LN, EMBED, FEAT and SMX on the rows bench, under several paces of
// the environment.
#include <gtest/gtest.h>

#include "verif/rows/rows_scenario.hpp"

namespace bat::rows {
namespace {

constexpr int kSeeds = 6;
constexpr int kJobs = 150;

class Rows : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Rows, NothingWaits) {
  Scenario scenario(GetParam() * 4 + 1, Pace{.tile_write = 0});
  EXPECT_TRUE(scenario.run(kJobs)) << "seed " << GetParam();
}

TEST_P(Rows, EverythingWaits) {
  Pace pace{.tile = 50,
            .p_ring = 60,
            .l_ring = 60,
            .plane = 50,
            .instr = 70,
            .request = 50,
            .response = 60};
  Scenario scenario(GetParam() * 4 + 2, pace);
  EXPECT_TRUE(scenario.run(kJobs)) << "seed " << GetParam();
}

TEST_P(Rows, EngineWritesOften) {
  Pace pace{.p_ring = 20, .response = 20, .tile_write = 90};
  Scenario scenario(GetParam() * 4 + 3, pace);
  EXPECT_TRUE(scenario.run(kJobs)) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Rows, ::testing::Range<std::uint64_t>(0, kSeeds));

}  // namespace
}  // namespace bat::rows
