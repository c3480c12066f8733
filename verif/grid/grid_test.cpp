// SPDX-License-Identifier: Apache-2.0
// Random models on every configuration of the grid in every stall mode; each job follows the last
// without a pause, and each tensor is compared.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <tuple>

#include "sim/verify.hpp"
#include "verif/grid/configs.hpp"

namespace bat::grid {
namespace {

constexpr std::size_t kCases = 16;

class Grid : public testing::TestWithParam<std::tuple<Config, sim::StallMode>> {};

TEST_P(Grid, EveryTensorIsBitExact) {
  sim::VerifyOptions options;
  options.cases = kCases;
  options.seed = 1;
  options.stall = std::get<1>(GetParam());
  const auto result = sim::verify(std::get<0>(GetParam()), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  for (const sim::CaseFailure& failure : result.value().failures) ADD_FAILURE() << failure.text();
  EXPECT_EQ(result.value().cases, kCases);
  EXPECT_GT(result.value().compared_bits, 10000U);
}

std::string param_name(const testing::TestParamInfo<Grid::ParamType>& info) {
  std::string name =
      fmt::format("{}_{}", std::get<0>(info.param).name,
                  sim::kStallModeNames[static_cast<std::size_t>(std::get<1>(info.param))]);
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Grid,
                         testing::Combine(testing::ValuesIn(configs()),
                                          testing::Values(sim::StallMode::kNone,
                                                          sim::StallMode::kRandom,
                                                          sim::StallMode::kAdversarial)),
                         param_name);

TEST(GridConfigs, AreValidAndDifferent) {
  std::vector<std::string> hashes;
  for (const Config& config : configs()) {
    const Status valid = validate(config);
    EXPECT_TRUE(valid.ok()) << config.name << ": " << valid.error().message;
    hashes.push_back(config_hash(config));
  }
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::adjacent_find(hashes.begin(), hashes.end()), hashes.end());
  EXPECT_GE(hashes.size(), 12U);
}

}  // namespace
}  // namespace bat::grid
