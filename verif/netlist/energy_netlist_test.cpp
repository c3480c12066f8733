// SPDX-License-Identifier: Apache-2.0
// Energy of a whole accelerator: two models on the gates of `micro`, bit-exact, and what their
// energies must have to do with each other.
#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "rtl_gen/config/config.hpp"
#include "sim/bench.hpp"
#include "sim/port_device.hpp"
#include "synth/energy.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat {
namespace {

class Ports : public sim::PortModel {
 public:
  explicit Ports(synth::GateSim& gates) : gates_(gates) {}
  void set(std::string_view port, std::span<const std::uint64_t> words) override {
    gates_.set(port, words);
  }
  void get(std::string_view port, std::span<std::uint64_t> words) const override {
    gates_.get(port, words);
  }
  void edge() override { gates_.edge(); }
  void settle() override { gates_.settle(); }
  void first_job() override {
    gates_.clear_counts();
    gates_.count(true);
  }

 private:
  synth::GateSim& gates_;
};

bmt::Model model_of(const Config& config, int layers) {
  bmt::RandomModelSpec spec;
  spec.input = bmt::InputKind::kFeatures;
  spec.attention = bmt::Attention::kThreshold;
  spec.layers = layers;
  spec.hidden = config.limits.hidden;
  spec.heads = config.limits.heads;
  spec.head_dim = config.limits.head_dim;
  spec.ffn = config.limits.ffn;
  spec.classes = 2;
  spec.max_tokens = config.limits.positions;
  spec.features = config.limits.features;
  spec.pooler = false;
  spec.adversarial = false;
  return bmt::random_model(spec, 1);
}

synth::EnergyReport run(const Config& config, const synth::EnergySubject& subject, int layers,
                        const std::filesystem::path& dir) {
  auto gates = synth::GateSim::create(subject.netlist, subject.library, subject.design);
  EXPECT_TRUE(gates) << gates.error().message;
  if (!gates) return {};
  Ports ports(gates.value());
  sim::RunOptions options;
  options.ports = &ports;
  options.progress = [&](std::size_t done, std::size_t total) {
    if (done == total) gates.value().count(false);
  };
  const bmt::Model model = model_of(config, layers);
  const auto ran =
      sim::run(config, model, {bmt::random_sample(model, config.limits.tokens, 7)}, options);
  EXPECT_TRUE(ran && ran.value().bit_exact) << (ran ? "mismatch" : ran.error().message);
  const auto report = synth::measure_energy(subject, gates.value(), {}, dir);
  EXPECT_TRUE(report) << report.error().message;
  return report ? report.value() : synth::EnergyReport{};
}

TEST(Energy, MoreLayersTakeMoreEnergyAndTheClockTheSameACycle) {
  const auto config = load_config("micro");
  ASSERT_TRUE(config);
  const auto scratch = synth::ScratchDir::create("bat-energy-netlist");
  ASSERT_TRUE(scratch);
  const std::filesystem::path& dir = scratch.value().path();
  const auto sources = synth::generated_sources(config.value(), dir);
  ASSERT_TRUE(sources);
  const auto subject = synth::energy_subject(sources.value(), {}, dir);
  ASSERT_TRUE(subject) << subject.error().message;
  const synth::EnergyReport one = run(config.value(), subject.value(), 1, dir);
  const synth::EnergyReport three = run(config.value(), subject.value(), 3, dir);
  const auto a_cycle = [](const synth::EnergyReport& report, double energy) {
    return energy / static_cast<double>(report.cycles);
  };
  EXPECT_GT(static_cast<double>(three.cycles), 1.3 * static_cast<double>(one.cycles));
  EXPECT_NEAR(a_cycle(three, three.energy.clock), a_cycle(one, one.energy.clock), 1e-18);
  EXPECT_GT(three.energy.switching, 1.3 * one.energy.switching);
  EXPECT_GT(three.energy.internal, 1.3 * one.energy.internal);
  EXPECT_LT(three.energy.total(), 4.5 * one.energy.total());
  EXPECT_GT(one.units.size(), 20U);
  EXPECT_FALSE(one.memories.empty());
}

}  // namespace
}  // namespace bat
