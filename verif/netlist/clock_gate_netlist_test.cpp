// SPDX-License-Identifier: Apache-2.0
// Netlists with gated clocks beside their source: units of `micro` and the whole of it on a model,
// and faults at a gate.
#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "rtl_gen/config/config.hpp"
#include "sim/bench.hpp"
#include "sim/verify.hpp"
#include "synth/clock_gate.hpp"
#include "synth/netlist_check.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat {
namespace {

synth::CheckOptions gated() {
  synth::CheckOptions options;
  options.gate_min_bits = synth::kGateMinBits;
  options.cycles = 20'000;
  options.timeout = std::chrono::seconds{3000};
  return options;
}

TEST(GatedNetlist, MicroIsExactUnitByUnitAndAsAWhole) {
  const auto config = load_config("micro");
  ASSERT_TRUE(config) << config.error().message;
  const auto scratch = synth::ScratchDir::create("bat-gated-netlist");
  ASSERT_TRUE(scratch) << scratch.error().message;
  const std::filesystem::path& dir = scratch.value().path();
  const auto sources = synth::generated_sources(config.value(), dir);
  ASSERT_TRUE(sources) << sources.error().message;
  const synth::CheckOptions options = gated();
  const auto mapped =
      synth::simulation_netlist(sources.value(), synth::Target::kOsu018, dir, options);
  ASSERT_TRUE(mapped) << mapped.error().message;
  std::uint64_t latches = 0;
  for (const auto& [name, cells] : mapped.value().counts) {
    const auto found = cells.find("LATCH");
    latches += found == cells.end() ? 0 : found->second;
  }
  EXPECT_GT(latches, 50U);
  const auto check = synth::compare(mapped.value(), sources.value(), options, dir);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_TRUE(check.value().equal()) << synth::to_markdown(check.value());

  const auto netlist = synth::design_files(mapped.value(), sources.value());
  ASSERT_TRUE(netlist) << netlist.error().message;
  std::vector<sim::RtlFile> files;
  for (const synth::NetlistFile& file : netlist.value()) files.push_back({file.name, file.text});
  sim::RunOptions run;
  run.backend = sim::Backend::kBoth;
  run.cache = dir / "library";
  const auto bench = sim::Bench::create(config.value(), run, files);
  ASSERT_TRUE(bench) << bench.error().message;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const sim::VerifyCase which = sim::make_case(config.value(), seed);
    const bmt::Model model = bmt::random_model(which.spec, which.seed);
    std::vector<bmt::Sample> samples;
    for (const int length : which.lengths)
      samples.push_back(bmt::random_sample(model, length, seed + samples.size()));
    run.stall = which.stall;
    const auto ran = bench.value().run(model, samples, run, which.text());
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_TRUE(ran.value().bit_exact) << which.text();
  }
}

// A sum that takes its input in every other cycle: its enable rises right after the clock.
constexpr std::string_view kStepper = R"(`default_nettype none
module stepper(input wire clk_i, input wire rst_ni, input wire [7:0] d_i, output logic [7:0] q_o);
  logic phase;
  always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) phase <= 1'b0; else phase <= !phase;
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) q_o <= '0; else if (phase) q_o <= q_o + d_i;
endmodule
)";

class GatedStepper : public testing::Test {
 protected:
  GatedStepper() : scratch_(synth::ScratchDir::create("bat-gated-fault").value()) {
    EXPECT_TRUE(synth::write_text(scratch_.path() / "stepper.sv", kStepper));
    sources_ = {{scratch_.path() / "stepper.sv"}, "stepper", {}};
  }

  synth::SimulationNetlist mapped() const {
    auto netlist =
        synth::simulation_netlist(sources_, synth::Target::kOsu018, scratch_.path(), gated());
    EXPECT_TRUE(netlist) << netlist.error().message;
    return std::move(netlist).value();
  }

  bool equal(const synth::SimulationNetlist& netlist) const {
    const auto check = synth::compare(netlist, sources_, gated(), scratch_.path());
    EXPECT_TRUE(check) << check.error().message;
    return check && check.value().equal();
  }

  // The connection of a pin behind `from`.
  static std::string pin(std::string& text, std::size_t from, const std::string& name,
                         const std::string& other) {
    const std::size_t start = text.find("." + name + "(", from) + name.size() + 2;
    const std::size_t end = text.find(')', start);
    const std::string was = text.substr(start, end - start);
    if (!other.empty()) text.replace(start, was.size(), other);
    return was;
  }

 private:
  synth::ScratchDir scratch_;
  synth::Sources sources_;
};

TEST_F(GatedStepper, FaultsAtAGateAreFound) {
  const synth::SimulationNetlist sound = mapped();
  ASSERT_NE(sound.netlist.find("LATCH "), std::string::npos);
  EXPECT_TRUE(equal(sound));
  // The enable inverted.
  synth::SimulationNetlist inverted = sound;
  const std::size_t latch = inverted.netlist.find("LATCH ");
  const std::string enable = pin(inverted.netlist, latch, "D", "");
  pin(inverted.netlist, latch, "D", "~" + enable);
  EXPECT_FALSE(equal(inverted));
  // The latch removed: its enable goes straight to the AND, and changes while the clock is high.
  synth::SimulationNetlist open = sound;
  const std::string held = pin(open.netlist, latch, "Q", "");
  const std::size_t end = open.netlist.find(';', latch) + 1;
  open.netlist.replace(latch, end - latch, "assign " + held + " = " + enable + ";");
  EXPECT_FALSE(equal(open));
}

}  // namespace
}  // namespace bat
