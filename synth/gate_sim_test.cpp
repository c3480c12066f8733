// SPDX-License-Identifier: Apache-2.0
// Reading, flattening and simulating hand-written netlists of a hand-written library.
#include "synth/gate_sim.hpp"

#include <gtest/gtest.h>

#include <array>

namespace bat::synth {
namespace {

constexpr std::string_view kCells = R"lib(library (cells) {
  capacitive_load_unit (1, pf); nom_voltage : 1;
  cell (INV) { pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell (XOR) { pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "A^B"; } }
  cell (DFF) { ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; clear : "!R"; preset : "!S"; }
    pin (CK) { direction : input; } pin (D) { direction : input; } pin (R) { direction : input; }
    pin (S) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
    pin (QN) { direction : output; function : "IQN"; } }
  cell (LAT) { latch (IQ, IQN) { } pin (Q) { direction : output; function : "IQ"; } }
})lib";

// A counter of two bits, its lower one in a module of its own.
constexpr std::string_view kCounter = R"(/* by hand */
module top(clk_i, rst_ni, count_o, \odd.one );
  input clk_i;
  wire clk_i;
  input rst_ni;
  wire rst_ni;
  output [1:0] count_o;
  wire [1:0] count_o;
  output \odd.one ;
  wire \odd.one ;
  wire \next[1] ;
  bit_cell \gen[0].u_low  (
    .clk_i(clk_i),
    .rst_ni(rst_ni),
    .bit_o(\odd.one ),
    .unused()
  );
  XOR _1_ ( .A(count_o[1]), .B(count_o[0]), .Y(\next[1] ) );
  DFF _2_ ( .CK(clk_i), .D(\next[1] ), .R(rst_ni), .S(1'h1), .Q(count_o[1]) );
  assign count_o[0] = \odd.one ;
endmodule
module bit_cell(clk_i, rst_ni, bit_o, unused);
  input clk_i;
  input rst_ni;
  output bit_o;
  wire bit_o;
  input unused;
  wire next;
  DFF _0_ ( .CK(clk_i), .D(next), .R(rst_ni), .S(1'b1), .Q(bit_o), .QN(next) );
endmodule
)";

std::map<std::string, GateModule> counter() {
  const auto modules = parse_netlist(kCounter);
  EXPECT_TRUE(modules) << modules.error().message;
  return modules ? modules.value() : std::map<std::string, GateModule>{};
}

std::uint64_t read(const GateSim& sim, std::string_view port) {
  std::uint64_t word = 0;
  sim.get(port, {&word, 1});
  return word;
}

void write(GateSim& sim, std::string_view port, std::uint64_t word) { sim.set(port, {&word, 1}); }

TEST(GateNetlist, FlattensModulesAliasesAndEscapedNames) {
  const auto flat = flatten(counter(), "top");
  ASSERT_TRUE(flat) << flat.error().message;
  ASSERT_EQ(flat.value().cells.size(), 3U);
  EXPECT_EQ(flat.value().cells[0].path, "gen[0].u_low/_0_");
  EXPECT_EQ(flat.value().cells[0].module, "bit_cell");
  EXPECT_EQ(flat.value().ports.at(2).nets.at(0), flat.value().ports.at(3).nets.at(0));
  EXPECT_EQ(flat.value().nets, 2U + 6U);  // clock, reset, two bits, their next values
}

TEST(GateNetlist, ReadsConstantsRangesAndConcatenations) {
  const auto modules = parse_netlist(
      "module m(a, y);\n input [4:1] a;\n output [7:0] y;\n"
      " CELL u (.A({ 4'hx, a[3:2], 2'b01 }), .B(12'ha5f), .C(a), .D(4'd5));\n assign y = { a, a "
      "};\n"
      "endmodule\n");
  ASSERT_TRUE(modules) << modules.error().message;
  const GateModule& module = modules.value().at("m");
  const auto& pins = module.instances.at(0).pins;
  const std::uint32_t a = module.ports.at(0).nets.at(0);
  EXPECT_EQ(pins[0].nets, (std::vector<std::uint32_t>{1, 0, a + 1, a + 2, 0, 0, 0, 0}));
  EXPECT_EQ(pins[1].nets, (std::vector<std::uint32_t>{1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1}));
  EXPECT_EQ(pins[2].nets.size(), 4U);
  EXPECT_EQ(pins[3].nets, (std::vector<std::uint32_t>{1, 0, 1, 0}));
  EXPECT_EQ(module.aliases.size(), 8U);
}

TEST(GateNetlist, ErrorsNameTheLine) {
  const auto error_of = [](std::string_view text) {
    const auto modules = parse_netlist(text);
    return modules ? "" : modules.error().message;
  };
  EXPECT_EQ(error_of("module m;\n wire"), "netlist, line 2: expected a name, found ``");
  EXPECT_EQ(error_of("module m;\n assign a = 1'h0;\nendmodule"),
            "netlist, line 2: a is not declared");
  EXPECT_EQ(error_of("module m;\n wire [1:0] a;\n C u (.A(a[2]));\nendmodule"),
            "netlist, line 3: a has no bits 2:2");
  EXPECT_EQ(error_of("module m;\n wire [1:0] a;\n assign a = 1'h0;\nendmodule"),
            "netlist, line 4: an assignment between widths");
  EXPECT_EQ(error_of("module m(a);\nendmodule"), "netlist, line 2: port a of m has no direction");
  EXPECT_NE(error_of("garbage"), "");
  EXPECT_NE(error_of("module m;\n C u (.A(8));\nendmodule"), "");
  const auto loop = parse_netlist("module m;\n m u ();\nendmodule\n");
  ASSERT_TRUE(loop);
  EXPECT_FALSE(flatten(loop.value(), "m"));
  EXPECT_FALSE(flatten(loop.value(), "other"));
  auto wide = counter();
  wide.at("top").instances[0].pins[0].nets.push_back(kNetZero);
  EXPECT_FALSE(flatten(wide, "top"));
}

class GateSimTest : public testing::Test {
 protected:
  GateSimTest() : library_(parse_power_library(kCells, "cells.lib").value()) {}

  std::string error_of(std::string_view text) {
    const auto modules = parse_netlist(text);
    if (!modules) return modules.error().message;
    const auto flat = flatten(modules.value(), "m");
    if (!flat) return flat.error().message;
    const auto sim = GateSim::create(flat.value(), library_, design_);
    return sim ? "" : sim.error().message;
  }

  PowerLibrary library_;
  Design design_;
};

TEST_F(GateSimTest, CountsWithItsTransitions) {
  const auto flat = flatten(counter(), "top");
  ASSERT_TRUE(flat);
  auto made = GateSim::create(flat.value(), library_, design_);
  ASSERT_TRUE(made) << made.error().message;
  GateSim& sim = made.value();
  write(sim, "rst_ni", 0);
  sim.settle();
  sim.edge();
  sim.settle();
  EXPECT_EQ(read(sim, "count_o"), 0U);  // held by the reset
  write(sim, "rst_ni", 1);
  sim.settle();
  sim.clear_counts();
  sim.count(true);
  for (std::uint64_t i = 1; i <= 8; ++i) {
    sim.edge();
    sim.settle();
    EXPECT_EQ(read(sim, "count_o"), i % 4);
    EXPECT_EQ(read(sim, "odd.one"), i % 2);
  }
  EXPECT_EQ(sim.cycles(), 8U);
  const auto& bits = flat.value().ports.at(2).nets;
  EXPECT_EQ(sim.toggles()[bits[0]], 8U);
  EXPECT_EQ(sim.toggles()[bits[1]], 4U);
  sim.count(false);
  sim.edge();
  EXPECT_EQ(sim.cycles(), 8U);
  EXPECT_EQ(sim.toggles()[bits[0]], 8U);
  write(sim, "rst_ni", 0);  // asynchronous
  sim.settle();
  EXPECT_EQ(read(sim, "count_o"), 0U);
}

TEST_F(GateSimTest, WhatCannotBeSimulatedIsNamed) {
  const std::string head =
      "module m(clk_i, a, y);\n input clk_i;\n input a;\n output y;\n wire n;\n";
  EXPECT_EQ(error_of(head + "INV g (.A(a), .Y(y));\nendmodule"), "");
  EXPECT_EQ(error_of(head + "NOPE g (.A(a), .Y(y));\nendmodule"),
            "g: library cells has no cell NOPE");
  EXPECT_NE(error_of(head + "LAT g (.Q(y));\nendmodule").find("cannot be simulated"),
            std::string::npos);
  EXPECT_EQ(error_of(head + "INV g (.A(a), .Y(y));\nINV h (.A(a), .Y(y));\nendmodule"),
            "h drives a driven net");
  EXPECT_EQ(error_of(head + "INV g (.A(a), .Y(1'h0));\nendmodule"), "g drives a driven net");
  EXPECT_EQ(error_of(head + "INV g (.A(n), .Y(n));\nendmodule"),
            "a combinational loop through 1 cells");
  EXPECT_EQ(error_of(head + "INV g (.Y(y));\nendmodule"), "g: input A of INV is open");
  EXPECT_EQ(error_of(head + "DFF g (.CK(a), .D(a), .R(a), .S(a), .Q(y));\nendmodule"),
            "g is not clocked by clk_i");
}

TEST_F(GateSimTest, MemoriesReadTheOldWordAndCountAccesses) {
  DesignModule ram;
  ram.base = "bat_ram";
  ram.memory_bits = 16;
  ram.parameters = {{"Width", "4"}, {"Depth", "4"}, {"Groups", "2"}};
  design_.modules["bat_ram"] = ram;
  const auto modules = parse_netlist(
      "module m(clk_i, we_i, waddr_i, wdata_i, re_i, raddr_i, rdata_o);\n input clk_i;\n"
      " input [1:0] we_i;\n input [1:0] waddr_i;\n input [3:0] wdata_i;\n input re_i;\n"
      " input [1:0] raddr_i;\n output [3:0] rdata_o;\n"
      " bat_ram u (.clk_i(clk_i), .we_i(we_i), .waddr_i(waddr_i), .wdata_i(wdata_i), .re_i(re_i),\n"
      "  .raddr_i(raddr_i), .rdata_o(rdata_o));\nendmodule\n");
  ASSERT_TRUE(modules) << modules.error().message;
  const auto flat = flatten(modules.value(), "m");
  ASSERT_TRUE(flat);
  auto made = GateSim::create(flat.value(), library_, design_);
  ASSERT_TRUE(made) << made.error().message;
  GateSim& sim = made.value();
  sim.count(true);
  const auto access = [&](std::uint64_t we, std::uint64_t data, std::uint64_t re) {
    write(sim, "we_i", we);
    write(sim, "waddr_i", 2);
    write(sim, "wdata_i", data);
    write(sim, "re_i", re);
    write(sim, "raddr_i", 2);
    sim.settle();
    sim.edge();
    sim.settle();
    return read(sim, "rdata_o");
  };
  EXPECT_EQ(access(3, 0xF, 1), 0U);
  EXPECT_EQ(access(1, 0x0, 1), 0xFU);
  EXPECT_EQ(access(0, 0x0, 0), 0xFU);  // holds
  EXPECT_EQ(access(0, 0x0, 1), 0xCU);  // one group was written
  ASSERT_EQ(sim.rams().size(), 1U);
  EXPECT_EQ(sim.rams()[0].reads, 3U);
  EXPECT_EQ(sim.rams()[0].writes, 2U);
}

}  // namespace
}  // namespace bat::synth
