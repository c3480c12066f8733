// SPDX-License-Identifier: Apache-2.0
// Masks and protected weights in the mapped netlist of a whole accelerator, which runs models with
// random and with trained masks; logits are compared with the golden model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"
#include "sim/verify.hpp"
#include "synth/netlist_check.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"
#include "verif/model/pruned_zoo.hpp"

namespace bat {
namespace {

constexpr std::chrono::seconds kTimeout{3000};

/// The netlist of a configuration as a device.
class NetlistDevice {
 public:
  explicit NetlistDevice(Config config) : config_(std::move(config)) {}

  Status build(synth::Target target) {
    auto scratch = synth::ScratchDir::create("bat-pruned-netlist");
    if (!scratch) return scratch.error();
    scratch_.emplace(std::move(scratch).value());
    const std::filesystem::path& dir = scratch_->path();
    const auto sources = synth::generated_sources(config_, dir);
    if (!sources) return sources.error();
    const auto mapped = synth::simulation_netlist(sources.value(), target, dir, kTimeout);
    if (!mapped) return mapped.error();
    const auto netlist = synth::design_files(mapped.value(), sources.value());
    if (!netlist) return netlist.error();
    std::vector<sim::RtlFile> files;
    for (const synth::NetlistFile& file : netlist.value()) files.push_back({file.name, file.text});
    options_.backend = sim::Backend::kBoth;
    options_.cache = dir / "library";
    auto bench = sim::Bench::create(config_, options_, std::move(files));
    if (!bench) return bench.error();
    bench_.emplace(std::move(bench).value());
    return Ok{};
  }

  void expect_exact(const bmt::Model& model, const std::vector<bmt::Sample>& samples,
                    sim::StallMode stall, const std::string& what) {
    options_.stall = stall;
    const auto run = bench_->run(model, samples, options_, what);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_TRUE(run.value().bit_exact) << what;
    EXPECT_TRUE(run.value().violations.empty()) << run.value().violations.front();
    EXPECT_GT(run.value().compared_bits, 0U);
  }

  const Config& config() const { return config_; }

 private:
  Config config_;
  std::optional<synth::ScratchDir> scratch_;
  sim::RunOptions options_;
  std::optional<sim::Bench> bench_;
};

struct Case {
  synth::Target target;
  bmt::Protection protection;
};

class PrunedNetlist : public testing::TestWithParam<Case> {};

TEST_P(PrunedNetlist, RandomMasks) {
  auto config = load_config("micro");
  ASSERT_TRUE(config) << config.error().message;
  config.value().features.pruning = true;
  config.value().memory.weight_protection = GetParam().protection;
  NetlistDevice device(config.value());
  const Status built = device.build(GetParam().target);
  ASSERT_TRUE(built) << built.error().message;
  int pruned = 0;
  for (std::uint64_t seed = 1; seed <= 40 && pruned < 4; ++seed) {
    const sim::VerifyCase which = sim::make_case(config.value(), seed);
    if (!which.spec.pruning.used()) continue;
    const bmt::Model model = bmt::random_model(which.spec, which.seed);
    if (!model.pruning.used()) continue;
    ++pruned;
    std::vector<bmt::Sample> samples;
    for (const int length : which.lengths) {
      samples.push_back(bmt::random_sample(model, length, seed + samples.size()));
    }
    device.expect_exact(model, samples, which.stall, which.text());
  }
  EXPECT_EQ(pruned, 4);
}

INSTANTIATE_TEST_SUITE_P(Targets, PrunedNetlist,
                         testing::Values(Case{synth::Target::kOsu018, bmt::Protection::kMajority},
                                         Case{synth::Target::kXcup, bmt::Protection::kParity}),
                         [](const auto& which) {
                           return std::string(synth::to_string(which.param.target));
                         });

// The smallest pruned model of the zoo in the gates of a small accelerator that just holds it.
TEST(PrunedNetlistZoo, TrainedMasks) {
  std::vector<bmt::Model> models = pruned_zoo_models();
  if (models.empty()) GTEST_SKIP() << "no model in models/zoo has trained masks";
  models.resize(1);
  Config config = holding(load_config("micro").value(), models);
  config.name = "pruned-zoo-netlist";
  NetlistDevice device(config);
  const Status built = device.build(synth::Target::kOsu018);
  ASSERT_TRUE(built) << built.error().message;
  device.expect_exact(models.front(),
                      {bmt::random_sample(models.front(), models.front().max_tokens, 1)},
                      sim::StallMode::kNone, models.front().name);
}

}  // namespace
}  // namespace bat
