// SPDX-License-Identifier: Apache-2.0
// Random models on every configuration of the grid in every stall mode; each job follows the last
// without a pause, and each tensor is compared. Popcounts are simulated as they are synthesized.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "models/io/atomic_file.hpp"
#include "sim/verify.hpp"
#include "verif/grid/configs.hpp"

namespace bat::grid {
namespace {

constexpr std::size_t kCases = 16;

class Grid : public testing::TestWithParam<std::tuple<Config, sim::StallMode>> {};

/// Writes a configuration that has no name in `batkit` to a file, for replay commands.
std::string config_file(const Config& config) {
  const std::filesystem::path path =
      std::filesystem::path(BAT_GRID_CONFIG_DIR) / (config.name + ".toml");
  std::filesystem::create_directories(path.parent_path());
  const Status written = io::write_text_atomic(path, canonical_text(config));
  EXPECT_TRUE(written.ok()) << written.error().message;
  return path.string();
}

TEST_P(Grid, EveryTensorIsBitExact) {
  sim::VerifyOptions options;
  options.config_argument = config_file(std::get<0>(GetParam()));
  options.cases = kCases;
  options.seed = 1;
  options.stall = std::get<1>(GetParam());
  options.structures = true;
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

// Every popcount structure with every number of registers, and accumulators in DSP blocks with and
// without doubling, in some rows and in all.
TEST(GridConfigs, CoverTheStructuresOfTheArray) {
  std::set<std::pair<Popcount, int>> popcounts;
  std::set<std::pair<bool, bool>> in_dsp;
  for (const Config& config : configs()) {
    popcounts.emplace(config.array.popcount, config.array.pop_stages);
    if (config.array.dsp_rows > 0) {
      in_dsp.emplace(config.array.dsp_rows == config.array.rows, config.features.act_bits > 1);
    }
  }
  EXPECT_EQ(popcounts.size(), 15U);
  EXPECT_EQ(in_dsp.size(), 4U);
}

TEST(GridConfigs, ReplayFilesHoldTheSameHardware) {
  for (const Config& config : configs()) {
    const auto read = load_config(config_file(config));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(config_hash(read.value()), config_hash(config)) << config.name;
  }
}

}  // namespace
}  // namespace bat::grid
