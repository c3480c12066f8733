// SPDX-License-Identifier: Apache-2.0
#include "synth/counts.hpp"

#include <gtest/gtest.h>

#include "synth/report.hpp"

namespace bat::synth {
namespace {

TEST(Counts, TargetNames) {
  for (const Target target : {Target::kXcup, Target::kIce40, Target::kOsu018}) {
    EXPECT_EQ(parse_target(to_string(target)).value(), target);
  }
  EXPECT_EQ(parse_target("ecp5").error().message,
            "`ecp5` is not a target; targets are xcup, ice40, osu018");
}

TEST(Counts, CellsOfEachTarget) {
  EXPECT_EQ(cell_resources(Target::kXcup, "LUT6_2", nullptr)->lut, 1U);
  EXPECT_EQ(cell_resources(Target::kXcup, "RAM32M16", nullptr)->lut, 8U);
  EXPECT_EQ(cell_resources(Target::kXcup, "RAM32M16", nullptr)->lut_memory, 8U);
  EXPECT_EQ(cell_resources(Target::kXcup, "RAMB36E2", nullptr)->bram18, 2U);
  EXPECT_EQ(cell_resources(Target::kXcup, "FDCE_1", nullptr)->ff, 1U);
  EXPECT_EQ(cell_resources(Target::kIce40, "SB_DFFER", nullptr)->ff, 1U);
  EXPECT_EQ(cell_resources(Target::kIce40, "SB_RAM40_4KNW", nullptr)->ebr, 1U);
  EXPECT_FALSE(cell_resources(Target::kXcup, "$_DLATCH_P_", nullptr));
  EXPECT_FALSE(cell_resources(Target::kXcup, "LDCE", nullptr));
  EXPECT_FALSE(cell_resources(Target::kIce40, "$lut", nullptr));
  EXPECT_FALSE(cell_resources(Target::kOsu018, "NAND2X1", nullptr));
}

TEST(Counts, StatisticsAreReadStrictly) {
  const auto netlist =
      parse_stat(R"({"modules": {"\\a": {"num_cells_by_type": {"LUT2": 3, "\\b": 2}}, "b": {}}})");
  ASSERT_TRUE(netlist);
  EXPECT_EQ(netlist.value().at("a").at("LUT2"), 3U);
  EXPECT_EQ(netlist.value().at("a").at("b"), 2U);
  EXPECT_TRUE(netlist.value().at("b").empty());
  EXPECT_FALSE(parse_stat("Number of cells: 3"));
  EXPECT_FALSE(parse_stat(R"({"modules": {"a": {"num_cells_by_type": {"LUT2": "3"}}}})"));
}

TEST(Counts, OverflowIsAnError) {
  Resources sum;
  Resources part;
  part.lut = 1ULL << 40;
  EXPECT_TRUE(accumulate(sum, part, 1ULL << 20));
  EXPECT_EQ(sum.lut, 1ULL << 60);
  EXPECT_FALSE(accumulate(sum, part, 1ULL << 30));
}

// A hierarchy whose totals do not fit 32 bits: chip = 3 x mid, mid = 100000 x leaf.
struct Example {
  Design design;
  NetlistCounts netlist;
  Example() {
    design.top = "chip";
    design.modules["chip"].base = "chip";
    design.modules["mid"].base = "mid";
    design.modules["leaf"].base = "leaf";
    design.modules["ram"].base = "bat_ram";
    design.modules["ram"].memory_bits = 1024;
    netlist["chip"] = {{"mid", 3}, {"LUT2", 5}};
    netlist["mid"] = {{"leaf", 100'000}, {"ram", 2}, {"FDRE", 7}};
    netlist["leaf"] = {{"LUT6", 20'000}, {"CARRY4", 4}};
  }
};

TEST(Report, MultipliesThroughTheHierarchy) {
  const Example example;
  const Result<SynthReport> built =
      build_report(example.design, example.netlist, Target::kXcup, nullptr);
  ASSERT_TRUE(built) << built.error().message;
  const SynthReport& report = built.value();
  EXPECT_EQ(report.total.lut, 3ULL * 100'000 * 20'000 + 5);
  EXPECT_EQ(report.total.ff, 21U);
  EXPECT_EQ(report.total.memory_bits, 6U * 1024U);
  EXPECT_EQ(report.cells.at("LUT6"), 6'000'000'000ULL);
  EXPECT_EQ(report.modules.front().name, "chip");

  Resources sum;
  for (const ModuleReport& module : report.modules) {
    ASSERT_TRUE(accumulate(sum, module.own, module.instances));
  }
  EXPECT_EQ(sum, report.total);
}

TEST(Report, LeftoverCellsAndLostModulesAreErrors) {
  Example generic;
  generic.netlist["mid"]["$mul"] = 1;
  const auto built = build_report(generic.design, generic.netlist, Target::kXcup, nullptr);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message,
            "module mid: 1 cell(s) of type $mul are left, which is no cell of xcup");
  Example lost;
  lost.netlist.erase("leaf");
  EXPECT_FALSE(build_report(lost.design, lost.netlist, Target::kXcup, nullptr));
}

TEST(Report, JsonHasTheContractKeys) {
  const Example example;
  const nlohmann::ordered_json json =
      to_json(build_report(example.design, example.netlist, Target::kXcup, nullptr).value());
  for (const char* key : {"target", "lut", "ff", "carry", "dsp", "bram36", "area_um2", "ge",
                          "memory_bits", "modules"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["lut"].get<std::uint64_t>(), 6'000'000'005ULL);
  EXPECT_EQ(json["modules"].size(), 4U);
}

}  // namespace
}  // namespace bat::synth
