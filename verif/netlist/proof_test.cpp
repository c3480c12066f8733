// SPDX-License-Identifier: Apache-2.0
// Proofs, for all inputs, of what the netlist flow replaces: adders by library cells, carry cells
// by scalar models.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "synth/cell_models.hpp"
#include "synth/design.hpp"
#include "synth/leaf_map.hpp"
#include "synth/liberty.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

class Proof : public testing::Test {
 protected:
  Proof() : scratch_(ScratchDir::create("bat-proof").value()) {}
  const std::filesystem::path& dir() const { return scratch_.path(); }

  // Modules `gold` and `gate` of the loaded design agree on all outputs.
  Result<double> prove(const std::string& load, const std::string& gold, const std::string& gate) {
    const std::string script = fmt::format(
        "{}hierarchy -check\nproc\nflatten\nopt_clean\nmiter -equiv -flatten -make_outputs {} {} "
        "miter\n"
        "hierarchy -top miter\nsat -verify -prove trigger 0 -show-inputs miter\n",
        load, gold, gate);
    EXPECT_TRUE(write_text(dir() / "proof.ys", script));
    return run_tool(
        {{"yosys", "-q", "-s", "proof.ys"}, dir(), dir() / "proof.log", std::chrono::seconds{120}});
  }

 private:
  ScratchDir scratch_;
};

TEST_F(Proof, AdderCellsAddAsTheLeavesDo) {
  const auto liberty = find_osu018();
  if (!liberty) GTEST_SKIP() << liberty.error().message;
  const std::filesystem::path rtl = std::filesystem::path(BAT_SOURCE_DIR) / "rtl";
  ASSERT_TRUE(
      write_text(dir() / "gates.v",
                 "module full_gate(input a_i, b_i, c_i, output s_o, co_o);\n"
                 "  FAX1 cell_i(.A(a_i), .B(b_i), .C(c_i), .YS(s_o), .YC(co_o));\nendmodule\n"
                 "module half_gate(input a_i, b_i, output s_o, co_o);\n"
                 "  HAX1 cell_i(.A(a_i), .B(b_i), .YS(s_o), .YC(co_o));\nendmodule\n"
                 "module lane_gate(input a_i, b_i, output match_o);\n  wire both;\n"
                 "  NAND2X1 both_i(.A(a_i), .B(b_i), .Y(both));\n"
                 "  OAI21X1 cell_i(.A(a_i), .B(b_i), .C(both), .Y(match_o));\nendmodule\n"));
  const std::string load = fmt::format(
      "read_liberty -ignore_miss_func {}\ndelete TBUFX1 TBUFX2\nread_verilog -sv {} {} "
      "{}\nread_verilog gates.v\n",
      quoted(liberty.value()), quoted(rtl / "fa.sv"), quoted(rtl / "ha.sv"),
      quoted(rtl / "lane_match.sv"));
  const auto full = prove(load, "fa", "full_gate");
  EXPECT_TRUE(full) << full.error().message;
  const auto half = prove(load, "ha", "half_gate");
  EXPECT_TRUE(half) << half.error().message;
  const auto lane = prove(load, "lane_match", "lane_gate");
  EXPECT_TRUE(lane) << lane.error().message;
  // A wrong claim must fail: sum and carry of the half adder exchanged.
  ASSERT_TRUE(write_text(dir() / "gates.v",
                         "module full_gate(input a, output y);\nassign y = a;\nendmodule\n"
                         "module half_gate(input a_i, b_i, output s_o, co_o);\n"
                         "  HAX1 cell_i(.A(a_i), .B(b_i), .YS(co_o), .YC(s_o));\nendmodule\n"));
  EXPECT_FALSE(prove(load, "ha", "half_gate"));
}

// The modules that `table_map` writes for leaves of these names; a carry chain has `slots` slots.
std::string table_map_of(const std::vector<std::string>& leaves, int slots) {
  Design design;
  for (const std::string& leaf : leaves) {
    design.modules[leaf].base = leaf;
    if (leaf == "carry_chain") design.modules[leaf].parameters["N"] = std::to_string(slots);
  }
  return table_map(design);
}

TEST_F(Proof, TablesAndCarryCellsDoWhatTheLeavesDo) {
  const auto file = find_cell_library(Target::kXcup);
  if (!file) GTEST_SKIP() << file.error().message;
  const auto library = read_text(file.value());
  ASSERT_TRUE(library);
  const auto cells = cut_modules(library.value(), {"LUT6", "LUT6_2"});
  ASSERT_TRUE(cells) << cells.error().message;
  ASSERT_TRUE(write_text(dir() / "cells.v", cells.value() + carry_models("CARRY4", "CARRY8")));
  const std::filesystem::path rtl = std::filesystem::path(BAT_SOURCE_DIR) / "rtl";
  const auto prove_leaf = [&](const std::string& leaf, const std::string& map,
                              const std::string& prepare) {
    EXPECT_TRUE(write_text(dir() / "map.v", map));
    return prove(
        fmt::format(
            "read_verilog -sv cells.v {}\nread_verilog map.v\nsetattr -mod -unset abc9_box -unset "
            "lib_whitebox *\n{}",
            quoted(rtl / (leaf + ".sv")), prepare),
        leaf, "bat_map_" + leaf);
  };
  for (const char* leaf : {"fa", "ha", "lut6_pair", "lut6_slot_lanes", "lut6_slot_six",
                           "lut6_slot_four", "lut6_slot_two", "carry_exit"}) {
    const auto proved = prove_leaf(leaf, table_map_of({leaf}, 0), "");
    EXPECT_TRUE(proved) << leaf << ": " << proved.error().message;
  }
  for (const int slots : {1, 3, 4, 5, 8, 9, 13}) {
    const auto proved = prove_leaf("carry_chain", table_map_of({"carry_chain"}, slots),
                                   fmt::format("chparam -set N {} carry_chain\n", slots));
    EXPECT_TRUE(proved) << "carry_chain of " << slots << ": " << proved.error().message;
  }
  // A wrong table must fail.
  std::string wrong = table_map_of({"lut6_pair"}, 0);
  const std::size_t digit = wrong.find("64'h") + 4;
  wrong[digit] = wrong[digit] == '0' ? '1' : '0';
  EXPECT_FALSE(prove_leaf("lut6_pair", wrong, ""));
}

// By induction over the steps from equal sums: the widths at the ends of what a configuration
// can have.
TEST_F(Proof, DspBlocksAccumulateAsTheLeavesDo) {
  const std::filesystem::path leaf = std::filesystem::path(BAT_SOURCE_DIR) / "rtl" / "acc_pair.sv";
  const auto prove_pair = [&](int acc, int count, std::string map) {
    EXPECT_TRUE(write_text(dir() / "dsp.v", dsp_model("DSP48E2") + std::move(map)));
    const std::string script = fmt::format(
        "read_verilog -sv {} dsp.v\nchparam -set AccW {} -set CountW {} acc_pair\nhierarchy "
        "-check\nproc\nflatten\nopt_clean\nmiter -equiv -flatten -make_outputs acc_pair "
        "bat_map_acc_pair miter\nhierarchy -top miter\ndffunmap\nopt_clean\n"
        "sat -verify -tempinduct -set-init-zero -prove trigger 0 -show-inputs miter\n",
        quoted(leaf), acc, count);
    EXPECT_TRUE(write_text(dir() / "dsp.ys", script));
    return run_tool(
        {{"yosys", "-q", "-s", "dsp.ys"}, dir(), dir() / "dsp.log", std::chrono::seconds{300}});
  };
  const auto map_of = [](int acc, int count) {
    Design design;
    DesignModule& pair = design.modules["acc_pair"];
    pair.base = "acc_pair";
    pair.parameters = {{"AccW", std::to_string(acc)}, {"CountW", std::to_string(count)}};
    return table_map(design);
  };
  for (const auto& [acc, count] : {std::pair{17, 4}, {17, 7}, {20, 6}, {24, 8}}) {
    const auto proved = prove_pair(acc, count, map_of(acc, count));
    EXPECT_TRUE(proved) << acc << " bits: " << proved.error().message;
  }
  // Doubling and preload exchanged must fail.
  std::string wrong = map_of(17, 7);
  const std::size_t at = wrong.find("1'b0, twice_i, 2'b01, first_i");
  ASSERT_NE(at, std::string::npos);
  wrong.replace(at, 29, "1'b0, first_i, 2'b01, twice_i");
  EXPECT_FALSE(prove_pair(17, 7, wrong));
}

TEST_F(Proof, ScalarCarryModelsEqualTheLibrary) {
  const auto file = find_cell_library(Target::kXcup);
  if (!file) GTEST_SKIP() << file.error().message;
  const auto library = read_text(file.value());
  ASSERT_TRUE(library);
  const auto originals = cut_modules(library.value(), {"CARRY4", "CARRY8"});
  ASSERT_TRUE(originals) << originals.error().message;
  // CARRY4 is specified for one of CI and CYINIT used; both models or them together.
  ASSERT_TRUE(
      write_text(dir() / "originals.v",
                 originals.value() +
                     "module dual8_gold(output [7:0] CO, O, input CI, CI_TOP, input [7:0] DI, S);\n"
                     "  CARRY8 #(.CARRY_TYPE(\"DUAL_CY4\")) u(.*);\nendmodule\n"));
  ASSERT_TRUE(
      write_text(dir() / "scalar.v",
                 carry_models("SCALAR4", "SCALAR8") +
                     "module dual8_gate(output [7:0] CO, O, input CI, CI_TOP, input [7:0] DI, S);\n"
                     "  SCALAR8 #(.CARRY_TYPE(\"DUAL_CY4\")) u(.*);\nendmodule\n"));
  const std::string load =
      "read_verilog -sv originals.v scalar.v\nsetattr -mod -unset abc9_box -unset lib_whitebox *\n";
  for (const auto& [gold, gate] : {std::pair<const char*, const char*>{"CARRY4", "SCALAR4"},
                                   {"CARRY8", "SCALAR8"},
                                   {"dual8_gold", "dual8_gate"}}) {
    const auto proved = prove(load + fmt::format("hierarchy -check\n"), gold, gate);
    EXPECT_TRUE(proved) << gold << ": " << proved.error().message;
  }
}

TEST_F(Proof, IndexedLutsEqualTheLibrary) {
  const std::map<std::string, std::pair<Target, int>> luts{
      {"LUT1", {Target::kXcup, 1}},    {"LUT2", {Target::kXcup, 2}}, {"LUT3", {Target::kXcup, 3}},
      {"LUT4", {Target::kXcup, 4}},    {"LUT5", {Target::kXcup, 5}}, {"LUT6", {Target::kXcup, 6}},
      {"SB_LUT4", {Target::kIce40, 4}}};
  for (const auto& [name, kind] : luts) {
    const auto file = find_cell_library(kind.first);
    if (!file) GTEST_SKIP() << file.error().message;
    const auto library = read_text(file.value());
    ASSERT_TRUE(library);
    const auto original = cut_modules(library.value(), {name});
    ASSERT_TRUE(original) << original.error().message;
    const char* parameter = kind.first == Target::kIce40 ? "LUT_INIT" : "INIT";
    // Contents without symmetry: exchanged inputs or halves would show.
    std::string shells;
    for (const char* side : {"gold", "gate"}) {
      std::string ports;
      for (int i = 0; i < kind.second; ++i) ports += fmt::format(", input I{}", i);
      shells += fmt::format("module {}(output O{});\n  {} #(.{}({}'h{})) u(.*);\nendmodule\n", side,
                            ports, std::string(side) == "gold" ? name : "INDEXED", parameter,
                            1 << kind.second,
                            std::string("9d3e51b82c6a74f0")
                                .substr(0, static_cast<std::size_t>(1 << kind.second) / 4 + 1));
    }
    ASSERT_TRUE(
        write_text(dir() / "luts.v", "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + original.value() +
                                         lut_model("INDEXED", parameter, kind.second) + shells));
    const auto proved =
        prove("read_verilog -sv luts.v\nsetattr -mod -unset abc9_box -unset lib_whitebox *\n",
              "gold", "gate");
    EXPECT_TRUE(proved) << name << ": " << proved.error().message;
  }
}

}  // namespace
}  // namespace bat::synth
