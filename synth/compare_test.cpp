// SPDX-License-Identifier: Apache-2.0
#include "synth/compare.hpp"

#include <gtest/gtest.h>

#include "synth/design.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

using nlohmann::json;

json module(const char* name, int instances, double area, int ff, double path) {
  return {{"name", name},
          {"parameters", ""},
          {"instances", instances},
          {"own", {{"area_um2", area}, {"ff", ff}, {"memory_bits", 0}}},
          {"timing", {{"register_ns", path}}}};
}

json report() {
  return {{"config", "micro"},
          {"config_hash", "a"},
          {"target", "osu018"},
          {"tool", "Yosys 0.23"},
          {"library", "cells"},
          {"area_um2", 1000.0},
          {"ff", 100},
          {"memory_bits", 64},
          {"period_ns", 4.0},
          {"critical_ns", 5.0},
          {"reference", {{"model", "random"}, {"tokens", 16}}},
          {"cycles", 1000},
          {"steady_cycles", 900.5},
          {"modules", {module("top", 1, 200, 20, 5.0), module("lane", 4, 200, 20, 3.0)}}};
}

TEST(Compare, EqualReportsHaveNoChange) {
  const auto compared = compare_reports(report(), report());
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_FALSE(compared.value().grew());
  EXPECT_EQ(compared.value().totals.size(), 6U);
  for (const ModuleChange& change : compared.value().modules) EXPECT_FALSE(change.changed());
  EXPECT_NE(to_markdown(compared.value()).find("0 of 2 modules changed"), std::string::npos);
  EXPECT_TRUE(to_json(compared.value()).at("modules").empty());
}

TEST(Compare, ShowsModulesThatChangedCameAndWent) {
  json now = report();
  now["modules"] = {module("top", 1, 190, 20, 4.5), module("lane", 3, 210, 20, 3.0),
                    module("queue", 2, 10, 1, 1.0)};
  json before = report();
  before["modules"].push_back(module("gone", 1, 7, 1, 1.0));
  const auto compared = compare_reports(before, now);
  ASSERT_TRUE(compared) << compared.error().message;
  const auto& modules = compared.value().modules;
  ASSERT_EQ(modules.size(), 4U);
  EXPECT_EQ(modules[0].name, "lane");  // 800 -> 630 is the largest change
  EXPECT_EQ(modules[0].instances_before, 4U);
  EXPECT_EQ(modules[0].instances_after, 3U);
  EXPECT_DOUBLE_EQ(modules[0].own_after.at("area_um2"), 210.0);
  EXPECT_EQ(modules[1].name, "queue");
  EXPECT_EQ(modules[1].instances_before, 0U);
  EXPECT_EQ(modules[3].name, "gone");
  EXPECT_EQ(modules[3].instances_after, 0U);
  const std::string text = to_markdown(compared.value());
  EXPECT_NE(text.find("4 of 4 modules changed"), std::string::npos) << text;
  EXPECT_NE(text.find("5 -> 4.5"), std::string::npos) << text;
}

TEST(Compare, TotalsMayGrowByTheirTolerance) {
  for (const auto& [metric, factor, grew] :
       {std::tuple{"area_um2", 1.05, false}, std::tuple{"area_um2", 1.0501, true},
        std::tuple{"area_um2", 0.5, false}, std::tuple{"memory_bits", 1.001, true},
        std::tuple{"critical_ns", 1.09, false}, std::tuple{"critical_ns", 1.11, true},
        std::tuple{"cycles", 1.004, false}, std::tuple{"cycles", 1.006, true},
        std::tuple{"steady_cycles", 1.006, true}}) {
    json now = report();
    now[metric] = now[metric].get<double>() * factor;
    const auto compared = compare_reports(report(), now);
    ASSERT_TRUE(compared) << compared.error().message;
    EXPECT_EQ(compared.value().grew(), grew) << metric << ' ' << factor;
  }
  json before = report();
  before["tolerance"] = {{"memory_bits", 0.5}};
  json now = report();
  now["memory_bits"] = 96;
  EXPECT_FALSE(compare_reports(before, now).value().grew());
  now["memory_bits"] = 97;
  EXPECT_TRUE(compare_reports(before, now).value().grew());
}

TEST(Compare, CyclesOfAnotherReferenceAreLeftOut) {
  json now = report();
  now["reference"]["tokens"] = 8;
  now["cycles"] = 5000;
  const auto compared = compare_reports(report(), now);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_FALSE(compared.value().grew());
  EXPECT_EQ(compared.value().totals.size(), 4U);
  EXPECT_EQ(compared.value().notes.size(), 1U);
}

TEST(Compare, OtherConfigurationsTargetsAndClocksAreErrors) {
  const auto expect_error = [](const json& before, std::string_view what) {
    const auto compared = compare_reports(before, report());
    ASSERT_FALSE(compared) << what;
    EXPECT_EQ(compared.error().kind, ErrorKind::kBadInput);
    EXPECT_NE(compared.error().message.find(what), std::string::npos) << compared.error().message;
  };
  json before = report();
  before["config"] = "nano";
  expect_error(before, "config `nano`");
  before = report();
  before["target"] = "xcup";
  expect_error(before, "target `xcup`");
  before = report();
  before["period_ns"] = 8.0;
  expect_error(before, "--period 8");
  before.erase("period_ns");
  expect_error(before, "without --timing");
  before = report();
  before["tolerance"] = {{"ff", -1}};
  expect_error(before, "tolerance.ff");
  before["tolerance"] = 3;
  expect_error(before, "not an object");
}

TEST(Compare, UnreadableReportsAreNamed) {
  const auto scratch = ScratchDir::create("bat-compare");
  ASSERT_TRUE(scratch);
  const std::filesystem::path file = scratch.value().path() / "kept.json";
  EXPECT_FALSE(load_report(file));
  for (const char* text : {"", "{", "[]", "{}", R"({"config":"micro","target":"osu018"})",
                           R"({"config":"micro","target":"gold","modules":[]})",
                           R"({"config":"micro","target":"osu018","modules":[{"name":"a"}]})"}) {
    ASSERT_TRUE(write_text(file, text));
    const auto read = load_report(file);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::kBadInput);
    EXPECT_NE(read.error().message.find("kept.json"), std::string::npos);
  }
  ASSERT_TRUE(write_text(file, report().dump()));
  EXPECT_TRUE(load_report(file));
}

}  // namespace
}  // namespace bat::synth
