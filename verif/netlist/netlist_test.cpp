// SPDX-License-Identifier: Apache-2.0
// The mapped netlist of a whole accelerator: every unique module beside its source under random
// inputs, then the whole netlist as the device that runs a model, its logits compared with the
// golden model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "rtl_gen/config/config.hpp"
#include "sim/bench.hpp"
#include "sim/verify.hpp"
#include "synth/netlist_check.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat {
namespace {

constexpr std::chrono::seconds kTimeout{3000};

std::vector<sim::RtlFile> rtl_files_of(const synth::SimulationNetlist& mapped,
                                       const synth::Sources& sources) {
  const auto netlist = synth::design_files(mapped, sources);
  EXPECT_TRUE(netlist) << netlist.error().message;
  std::vector<sim::RtlFile> files;
  if (!netlist) return files;
  for (const synth::NetlistFile& file : netlist.value()) files.push_back({file.name, file.text});
  return files;
}

void expect_units_equal(const synth::SimulationNetlist& mapped, const synth::Sources& sources,
                        const std::filesystem::path& dir) {
  synth::CheckOptions options;
  options.cycles = 20'000;
  options.timeout = kTimeout;
  const auto check = synth::compare(mapped, sources, options, dir);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_TRUE(check.value().equal()) << synth::to_markdown(check.value());
  EXPECT_GT(check.value().units.size(), 20U);
}

void expect_inference_exact(const synth::SimulationNetlist& mapped, const synth::Sources& sources,
                            const Config& config, const std::filesystem::path& dir) {
  sim::RunOptions options;
  options.backend = sim::Backend::kBoth;
  options.cache = dir / "library";
  const auto bench = sim::Bench::create(config, options, rtl_files_of(mapped, sources));
  ASSERT_TRUE(bench) << bench.error().message;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const sim::VerifyCase which = sim::make_case(config, seed);
    const bmt::Model model = bmt::random_model(which.spec, which.seed);
    std::vector<bmt::Sample> samples;
    for (const int length : which.lengths) {
      samples.push_back(bmt::random_sample(model, length, seed + samples.size()));
    }
    options.stall = which.stall;
    const auto run = bench.value().run(model, samples, options, which.text());
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_TRUE(run.value().bit_exact) << which.text();
    EXPECT_GT(run.value().compared_bits, 0U);
  }
}

class Netlist : public testing::TestWithParam<synth::Target> {};

TEST_P(Netlist, MicroIsExactUnitByUnitAndAsAWhole) {
  const auto config = load_config("micro");
  ASSERT_TRUE(config) << config.error().message;
  const auto scratch = synth::ScratchDir::create("bat-netlist-test");
  ASSERT_TRUE(scratch) << scratch.error().message;
  const std::filesystem::path& dir = scratch.value().path();
  const auto sources = synth::generated_sources(config.value(), dir);
  ASSERT_TRUE(sources) << sources.error().message;
  const auto mapped = synth::simulation_netlist(sources.value(), GetParam(), dir, kTimeout);
  ASSERT_TRUE(mapped) << mapped.error().message;
  expect_units_equal(mapped.value(), sources.value(), dir);
  expect_inference_exact(mapped.value(), sources.value(), config.value(), dir);
}

INSTANTIATE_TEST_SUITE_P(Targets, Netlist,
                         testing::Values(synth::Target::kXcup, synth::Target::kIce40,
                                         synth::Target::kOsu018),
                         [](const auto& target) {
                           return std::string(synth::to_string(target.param));
                         });

class LeafNetlist : public testing::TestWithParam<synth::Target> {};

// Leaves in other shapes than those of `micro` (verif/netlist/leaves.sv), in one run.
TEST_P(LeafNetlist, LeavesAreExact) {
  const std::filesystem::path root(BAT_SOURCE_DIR);
  synth::Sources sources;
  sources.top = "leaves";
  for (const char* name :
       {"bat_pkg", "bat_ram", "bat_fifo", "exp_table", "mul_signed", "softmax_lane", "scale_lane",
        "fa", "ha", "lut6_match3", "lut6_count6"}) {
    sources.files.push_back(root / "rtl" / fmt::format("{}.sv", name));
  }
  sources.files.push_back(root / "verif/netlist/leaves.sv");
  synth::CheckOptions options;
  options.timeout = kTimeout;
  options.modules = {"bat_fifo", "exp_table", "mul_signed",  "softmax_lane", "scale_lane",
                     "fa",       "ha",        "lut6_match3", "lut6_count6"};
  const auto check = synth::check_netlist(sources, GetParam(), options);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_TRUE(check.value().equal()) << synth::to_markdown(check.value());
  EXPECT_GE(check.value().units.size(), 7U);
  for (const synth::UnitCheck& unit : check.value().units) {
    EXPECT_GT(unit.active_bits, 0U) << unit.module << " does nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, LeafNetlist,
                         testing::Values(synth::Target::kXcup, synth::Target::kIce40,
                                         synth::Target::kOsu018),
                         [](const auto& target) {
                           return std::string(synth::to_string(target.param));
                         });

// The check must be able to fail: a netlist with one inverted output is found.
TEST(NetlistCheck, FindsAFault) {
  const std::filesystem::path rtl = std::filesystem::path(BAT_SOURCE_DIR) / "rtl";
  const synth::Sources sources{{rtl / "exp_table.sv"}, "exp_table", {}};
  const auto scratch = synth::ScratchDir::create("bat-netlist-fault");
  ASSERT_TRUE(scratch);
  const std::filesystem::path& dir = scratch.value().path();
  auto mapped = synth::simulation_netlist(sources, synth::Target::kOsu018, dir, kTimeout);
  ASSERT_TRUE(mapped) << mapped.error().message;
  std::string& text = mapped.value().netlist;
  // One NAND loses its second input.
  const std::size_t gate = text.find("NAND2X1 ");
  ASSERT_NE(gate, std::string::npos);
  const std::size_t input = text.find(".B(", gate);
  ASSERT_NE(input, std::string::npos);
  text.replace(input + 3, text.find(')', input) - input - 3, "1'b1");
  const auto check = synth::compare(mapped.value(), sources, {}, dir);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_FALSE(check.value().equal());
}

}  // namespace
}  // namespace bat
