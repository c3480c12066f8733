// SPDX-License-Identifier: Apache-2.0
#include "synth/area_model.hpp"

#include <gtest/gtest.h>

#include "rtl_gen/config/schema.hpp"
#include "synth/area_fit.hpp"
#include "synth/area_shape.hpp"

namespace bat::synth {
namespace {

TEST(AreaModel, PartsAddUp) {
  const auto model = AreaModel::builtin();
  ASSERT_TRUE(model.ok()) << model.error().message;
  for (const std::string& name : config_names()) {
    const Config config = load_config(name).value();
    const Plan sizes = plan(config).value();
    AreaPrediction sum;
    for (const ModulePrediction& part : model.value().modules(config, sizes)) sum += part.area;
    const AreaPrediction all = model.value().predict(config, sizes);
    EXPECT_DOUBLE_EQ(sum.lut, all.lut) << name;
    EXPECT_DOUBLE_EQ(sum.um2, all.um2) << name;
    EXPECT_GT(all.lut, 1000.0) << name;
    EXPECT_GT(all.gate_equivalents, 1000.0) << name;
    EXPECT_GT(all.memory_bits, 1000.0) << name;
  }
}

// Every popcount of a legal configuration has an entry.
TEST(AreaModel, EveryPopcountIsKnown) {
  const auto model = AreaModel::builtin();
  ASSERT_TRUE(model.ok());
  for (std::size_t kind = 0; kind < std::size(config::kPopcountNames); ++kind) {
    for (int depth = 8; depth <= 128; depth *= 2) {
      for (int stages = 0; stages <= 2; ++stages) {
        Config config;
        config.array.popcount = static_cast<Popcount>(kind);
        config.array.depth = depth;
        config.array.pop_stages = stages;
        const Plan sizes = plan(config).value();
        double lut = 0.0;
        for (const ModulePrediction& part : model.value().modules(config, sizes)) {
          if (part.module == "popcount") lut += part.area.lut;
        }
        EXPECT_GT(lut, 0.5 * depth * sizes.rows * sizes.cols)
            << to_string(config.array.popcount) << depth << stages;
      }
    }
  }
}

// 64 lanes and 32 columns: 6.07 GE a lane of popcount with the row's share, 6.72 without AND form
// (docs/area.md).
TEST(AreaModel, LanesThatAndAreSmaller) {
  const auto model = AreaModel::builtin();
  ASSERT_TRUE(model.ok());
  Config config;
  config.array = {32, 32, 64, 4, 0, Popcount::kFaTree};
  config.features.feature_rows = false;  // else every accumulator has a bit more
  const auto popcounts = [&] {
    double ge = 0.0;
    for (const ModulePrediction& part : model.value().modules(config, plan(config).value())) {
      if (part.module == "popcount") ge += part.area.gate_equivalents;
    }
    return ge / (32.0 * 32.0 * 64.0);
  };
  const double matching = popcounts();
  const double all = model.value().predict(config).value().gate_equivalents;
  config.array.and_lanes = true;
  EXPECT_NEAR(matching, 6.72, 0.01);
  EXPECT_NEAR(popcounts(), 6.07, 0.01);
  EXPECT_LT(model.value().predict(config).value().gate_equivalents, all);
}

TEST(AreaModel, DspBlocksTakeAccumulators) {
  const auto model = AreaModel::builtin();
  ASSERT_TRUE(model.ok());
  Config config;
  config.features.feature_rows = false;
  const Plan sizes = plan(config).value();
  const AreaPrediction before = model.value().predict(config, sizes);
  config.array.dsp_rows = 3;
  const AreaPrediction after = model.value().predict(config, sizes);
  const double sums = 3.0 * sizes.cols * sizes.row_acc_bits;
  EXPECT_NEAR(before.lut - after.lut, sums, 1e-6);
  EXPECT_NEAR(before.ff - after.ff, sums, 1e-6);
  EXPECT_NEAR(after.dsp - before.dsp, 1.5 * sizes.cols, 1e-6);
  EXPECT_DOUBLE_EQ(before.gate_equivalents, after.gate_equivalents);
}

// Sizes as Yosys 0.23 maps bat_ram on xcup.
TEST(AreaModel, MemoriesAsTheFlowMapsThem) {
  struct Known {
    AreaMemory memory;
    double lut;
    double bram36;
  };
  const Known known[] = {
      {{63, 4, 1, 1}, 40, 0},     {{32, 64, 4, 1}, 64, 0},     {{64, 64, 1, 1}, 80, 0},
      {{12, 128, 1, 1}, 47, 0},   {{32, 128, 1, 1}, 0, 0.5},   {{64, 96, 4, 1}, 0, 1.0},
      {{16, 2048, 4, 1}, 0, 2.0}, {{16, 3072, 1, 1}, 19, 1.5}, {{8, 6000, 1, 1}, 11, 1.5},
      {{64, 2048, 1, 1}, 0, 4.0}, {{14, 16384, 1, 1}, 0, 7.0}};
  for (const Known& k : known) {
    const MemoryArea area = memory_area(k.memory);
    EXPECT_EQ(area.lut, k.lut) << k.memory.width << " x " << k.memory.depth;
    EXPECT_EQ(area.bram36, k.bram36) << k.memory.width << " x " << k.memory.depth;
  }
}

TEST(AreaModel, BrokenCoefficientsAreExplained) {
  for (const char* text :
       {"", "[]", R"({"modules": 3})", R"({"ge_um2": 24, "modules": [{"module": "nothing"}]})",
        R"({"ge_um2": 24, "modules": [{"module": "qmm_pe", "terms": {"size": {}}}]})"}) {
    const auto model = AreaModel::parse(text, "mine.json");
    ASSERT_FALSE(model.ok()) << text;
    EXPECT_TRUE(model.error().message.starts_with("mine.json: ")) << model.error().message;
  }
}

TEST(AreaFit, SamplesAreLegalAndRepeatable) {
  for (int i = 0; i < 50; ++i) {
    const Config config = sample_config(7, i);
    EXPECT_TRUE(plan(config).ok());
    EXPECT_EQ(canonical_text(config), canonical_text(sample_config(7, i)));
  }
  EXPECT_NE(config_hash(sample_config(7, 0)), config_hash(sample_config(7, 1)));
}

}  // namespace
}  // namespace bat::synth
