// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/bound.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "models/bmt/random_model.hpp"

namespace bat {
namespace {

int pick(std::mt19937_64& generator, int low, int high) {
  return low + static_cast<int>(generator() % static_cast<std::uint64_t>(high - low + 1));
}

bmt::RandomModelSpec random_spec(std::mt19937_64& g) {
  bmt::RandomModelSpec spec;
  spec.input = pick(g, 0, 1) == 0 ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
  spec.layers = pick(g, 1, 3);
  spec.heads = pick(g, 1, 4);
  spec.head_dim = 8 * pick(g, 1, 4);
  spec.hidden = 16 * pick(g, 1, 8);
  spec.ffn = 16 * pick(g, 1, 16);
  spec.classes = pick(g, 1, 20);
  spec.max_tokens = pick(g, 2, 70);
  spec.features = pick(g, 3, 70);
  spec.act_bits = 1 << pick(g, 0, 3);
  spec.branches = pick(g, 0, 3) == 0 ? 2 : 1;
  spec.attention = pick(g, 0, 1) == 0 ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
  spec.pooler = pick(g, 0, 2) == 0;
  spec.adversarial = false;
  return spec;
}

Config random_config(std::mt19937_64& g, const bmt::RandomModelSpec& spec) {
  Config c;
  c.array.rows = 1 << pick(g, 0, 5);
  c.array.cols = std::max(c.array.rows, 2 << pick(g, 0, 4));
  c.array.depth = std::max({8, c.array.cols, 8 << pick(g, 0, 3)});
  c.array.lanes = std::min(c.array.cols, 1 << pick(g, 0, 3));
  c.array.pop_stages = pick(g, 0, 2);
  c.features.act_bits = spec.act_bits;
  c.features.branches = spec.branches;
  c.features.pruning = true;
  c.limits = {spec.max_tokens, spec.hidden,     spec.heads, spec.head_dim, spec.ffn, spec.classes,
              spec.features,   spec.max_tokens, 1};
  c.memory.axi_data_bits = 32 << pick(g, 0, 4);
  c.memory.max_burst = 16;
  c.memory.outstanding = pick(g, 1, 16);
  c.buffers.resident_layers = pick(g, 0, 3) == 0 ? spec.layers : 0;
  return c;
}

std::string text(const Config& c, const bmt::RandomModelSpec& s) {
  return fmt::format(
      "{}x{}x{} lanes {} axi {} resident {}: {} {} layers {} hidden {} heads {} x {} ffn {} bits "
      "{} branches {} tokens {} classes {} features {} pooler {}",
      c.array.rows, c.array.cols, c.array.depth, c.array.lanes, c.memory.axi_data_bits,
      c.buffers.resident_layers, s.input == bmt::InputKind::kTokens ? "tokens" : "features",
      s.attention == bmt::Attention::kSoftmax ? "softmax" : "threshold", s.layers, s.hidden,
      s.heads, s.head_dim, s.ffn, s.act_bits, s.branches, s.max_tokens, s.classes, s.features,
      s.pooler);
}

struct Compared {
  Estimate exact;
  Work work;
  std::int64_t bound = 0;
};

Result<Compared> compare(const Config& config, const bmt::Model& model, int tokens,
                         const MemoryModel& memory) {
  const auto planned = plan(config);
  if (!planned) return planned.error();
  const auto compiled = compile(config, planned.value(), model, tokens);
  if (!compiled) return compiled.error();
  const Program* job = &compiled.value().program;
  const MemoryMap map = driver_map(planned.value(), compiled.value().image, {{job}}, 1, 4160);
  auto exact = estimate(config, planned.value(), {{job}}, map, memory);
  if (!exact) return exact.error();
  const WorkShape shape = work_shape(model);
  return Compared{std::move(exact).value(), work_of(planned.value(), shape, tokens),
                  cycle_bound(planned.value(), shape, tokens, memory)};
}

TEST(CycleBound, NeverAboveTheCycleModelAndStepsExact) {
  std::mt19937_64 g(7);
  int compared = 0;
  double tightness = 0.0;
  for (int i = 0; i < 300; ++i) {
    const bmt::RandomModelSpec spec = random_spec(g);
    const Config config = random_config(g, spec);
    const bmt::Model model = bmt::random_model(spec, 1);
    const MemoryModel memory{pick(g, 1, 120), pick(g, 30, 100), 64};
    const auto result = compare(config, model, spec.max_tokens, memory);
    if (!result) continue;
    ++compared;
    const Compared& c = result.value();
    EXPECT_EQ(c.work.steps, c.exact.qmm_steps) << text(config, spec);
    EXPECT_LE(c.work.read_bits / config.memory.axi_data_bits, c.exact.read_beats)
        << text(config, spec);
    EXPECT_LE(c.bound, c.exact.cycles) << text(config, spec);
    tightness += static_cast<double>(c.bound) / static_cast<double>(c.exact.cycles);
  }
  EXPECT_GE(compared, 150);
  fmt::print("{} programs, bound on average {:.1f} % of the cycles\n", compared,
             100.0 * tightness / compared);
}

TEST(CycleBound, PrunedModels) {
  std::mt19937_64 g(11);
  for (int i = 0; i < 30; ++i) {
    bmt::RandomModelSpec spec = random_spec(g);
    Config config = random_config(g, spec);
    config.array.depth = std::max(config.array.depth, 32);
    spec.pruning = {config.array.depth, config.array.depth};
    spec.pruned_percent = 25 * pick(g, 1, 3);
    const bmt::Model model = bmt::random_model(spec, 1);
    const MemoryModel memory{20, 100, 64};
    const auto result = compare(config, model, spec.max_tokens, memory);
    if (!result) continue;
    EXPECT_LE(result.value().work.steps, result.value().exact.qmm_steps) << text(config, spec);
    EXPECT_LE(result.value().bound, result.value().exact.cycles) << text(config, spec);
  }
}

}  // namespace
}  // namespace bat
