// SPDX-License-Identifier: Apache-2.0
#include "explore/space.hpp"

#include <gtest/gtest.h>

#include "explore/builtin.hpp"

namespace bat::explore {
namespace {

constexpr std::string_view kGood = R"(task = "fashion-mnist"
[models]
names = ["fashion-*"]
[hardware.array]
rows = [4, 8]
cols = { from = 8, to = 32, factor = 2 }
popcount = ["lut6"]
[platform]
devices = ["kv260", "zcu102"]
[objectives]
minimize = ["latency_us", "utilization"]
maximize = ["accuracy"]
[constraints]
accuracy = { min = 0.8 }
)";

/// The good text with one part of it replaced.
std::string with(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// A space of one model without weights.
std::string shape(const std::string& name) {
  return "[objectives]\nminimize = [\"cycles\", \"lut\"]\n[[shape]]\nname = " + name +
         "\nlayers = 1\nhidden = 32\nheads = 2\nhead_dim = 16\nffn = 64\ntokens = 8\n";
}

std::string error_of(const std::string& text) {
  const auto space = parse_space(text, "s.toml");
  return space.ok() ? std::string("no error") : space.error().message;
}

TEST(Space, Reads) {
  const Space space = parse_space(kGood, "s.toml").value();
  EXPECT_EQ(space.axes.size(), 3U);
  EXPECT_EQ(space.axes[1].texts, (std::vector<std::string>{"8", "16", "32"}));
  EXPECT_EQ(space.configurations(), 6);
  EXPECT_EQ(space.platforms.size(), 2U);
  EXPECT_EQ(space.platforms[1].clock_mhz, 200);
  EXPECT_TRUE(space.uses(Metric::kAccuracy));
  Config config;
  space.axes[1].set(config, 2);
  EXPECT_EQ(config.array.cols, 32);
  EXPECT_TRUE(space.axes[2].neutral());
}

TEST(Space, RejectsWithTheRule) {
  const std::vector<std::pair<std::string, std::string>> cases{
      // Empty.
      {with("[4, 8]", "[]"), "s.toml:5:8: array.rows: is an empty list: no value is left"},
      {with("from = 8, to = 32", "from = 32, to = 8"),
       "s.toml:6:8: array.cols: the range from 32 to 8 is empty"},
      {"[objectives]\nminimize = [\"cycles\", \"lut\"]\n",
       "s.toml:1:1: models.names: the space is empty: it names no model and no [[shape]]"},
      {with("minimize = [\"latency_us\", \"utilization\"]", "minimize = []"),
       "s.toml:11:12: minimize: must be a string or a list of strings that is not empty"},
      {with("minimize = [\"latency_us\", \"utilization\"]\n", ""),
       "s.toml:10:1: objectives: must name at least two metrics"},
      {with("minimize = [\"latency_us\", \"utilization\"]",
            "minimize = [\"latency_us\", \"utilization\", \"cycles\", \"lut\", \"ff\", \"dsp\", "
            "\"bram36\", \"price\"]"),
       "s.toml:10:1: objectives: names 9 metrics, must be at most 8"},
      // Contradictory.
      {with("{ min = 0.8 }", "{ min = 0.8, max = 0.5 }"),
       "s.toml:14:12: constraints.accuracy: contradicts itself: min 0.8 is above max 0.5"},
      {with("{ min = 0.8 }", "{ min = 1.5 }"),
       "s.toml:14:12: constraints.accuracy: min 1.5 is above 1: no model can meet it"},
      {with("devices = [\"kv260\", \"zcu102\"]", "target = \"xcup\""),
       "s.toml:1:1: utilization: needs platform.devices"},
      {with("maximize = [\"accuracy\"]", "maximize = [\"lut\"]"),
       "s.toml:12:12: objectives.maximize: lut is to be minimized"},
      {with("\"latency_us\", ", "\"latency_us\", \"latency_us\", "),
       "s.toml:11:12: objectives.minimize: names latency_us twice"},
      {with("[4, 8]", "[4, 4]"), "s.toml:5:12: array.rows: lists 4 twice"},
      {with("\"kv260\", ", "\"zcu102\", "), "s.toml:9:11: platform.devices: lists zcu102 twice"},
      {with("[platform]\n", "[platform]\nclock_mhz = [200, 150, 200]\n"),
       "s.toml:9:24: platform.clock_mhz: lists 200 twice"},
      {with("\"utilization\"", "\"kge\""),
       "s.toml:1:1: kge: is of standard cells: needs target = \"osu018\""},
      {"task = \"t\"\n[platform]\ntarget = \"osu018\"\n[objectives]\nminimize = [\"cycles\", "
       "\"lut\"]\n",
       "s.toml:1:1: lut: is of FPGAs: the cells of osu018 have kge instead"},
      {shape("\"\""), "s.toml:4:8: shape.name: must be 1 .. 64 letters, digits, '.', '_' and '-'"},
      {shape("\"a/../b\""),
       "s.toml:4:8: shape.name: must be 1 .. 64 letters, digits, '.', '_' and '-'"},
      {shape("\"a\"") + shape("\"a\"").substr(shape("").find("[[")),
       "s.toml:12:8: shape.name: names a twice"},
      // Unknown.
      {with("task", "tusk"),
       "s.toml:1:1: tusk: unknown key; known are task, models, shape, hardware, platform, "
       "robustness, objectives, constraints"},
      {with("rows =", "rowz ="),
       "s.toml:5:1: hardware.array.rowz: unknown key of a configuration (batkit configs --schema)"},
      {with("[hardware.array]", "[hardware.arrays]"),
       "s.toml:4:11: hardware.arrays: unknown key; known are base, fit and the sections of a "
       "configuration (batkit configs --schema)"},
      {with("\"zcu102\"", "\"zcu999\""),
       "s.toml:9:11: platform.devices: device 'zcu999': unknown; known are hx8k, ecp5-25, pynq-z2, "
       "ecp5-85, arty-a7-100, kv260, zcu104, zcu102, u200, zcu111, vcu118, u250"},
      {"task = \"t\"\n[platform]\ntarget = \"ecp5\"\n[objectives]\nminimize = [\"cycles\", "
       "\"lut\"]\n",
       "s.toml:3:10: platform.target: is ecp5, must be xcup or osu018: the area model knows their "
       "cells"},
      // Absurd.
      {with("[4, 8]", "[4.0, 8]"),
       "s.toml:5:9: array.rows: must be an integer, a truth value or a name"},
      {with("[4, 8]", "-4"), "s.toml:5:8: array.rows: is -4, must be power of two, 1 .. 64"},
      {with("[4, 8]", "[3]"), "s.toml:5:9: array.rows: is 3, must be power of two, 1 .. 64"},
      {with("[4, 8]", "[4096]"), "s.toml:5:9: array.rows: is 4096, must be power of two, 1 .. 64"},
      {with("factor = 2", "factor = 1"), "s.toml:6:38: factor: must be an integer 2 .. 2147483647"},
      {with("rows = [4, 8]", "rows = true"),
       "s.toml:5:8: array.rows: is true, must be power of two, 1 .. 64"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message);
  EXPECT_NE(error_of(with("\"latency_us\"", "\"energy_uj\"")).find("platform.target = \"osu018\""),
            std::string::npos);
  EXPECT_NE(error_of(with("[platform]\n", "[platform]\nclock_gates = true\n"))
                .find("platform.clock_gates: is for standard cells"),
            std::string::npos);
  EXPECT_NE(error_of(with("[platform]", "[memory.x]\n[platform]")).find("unknown key"),
            std::string::npos);
  EXPECT_NE(error_of(with("rows = [4, 8]", "rows = { from = 1, to = 9000, step = 1 }"))
                .find("array.rows: is "),
            std::string::npos);
}

TEST(Space, BuiltInFilesAreLegal) {
  EXPECT_GE(devices().size(), 10U);
  for (const Device& d : devices()) EXPECT_FALSE(d.source.empty()) << d.name;
  const std::string text = "task = \"fashion-mnist\"\n" + std::string(builtin_select_space());
  const auto space = parse_space(text, "select.toml");
  ASSERT_TRUE(space.ok()) << space.error().message;
}

TEST(Space, BandwidthOfABoard) {
  Platform platform;
  platform.bandwidth = 95;
  EXPECT_EQ(platform.bandwidth_of(512), 95);
  platform.device = find_device("hx8k").value();
  platform.clock_mhz = 50;
  EXPECT_EQ(platform.bandwidth_of(32), 95);   // 0.2 GB/s is the port's own
  EXPECT_EQ(platform.bandwidth_of(128), 23);  // a quarter of it
}

}  // namespace
}  // namespace bat::explore
