// SPDX-License-Identifier: Apache-2.0
// Clock gates: which cells a library offers, what the flow makes of registers with an enable, and
// that their netlist does what the source does.
#include "synth/clock_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "synth/energy_report.hpp"
#include "synth/liberty.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kInverter =
    "cell (I) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "
    "\"!A\"; } }\n";
constexpr std::string_view kAnd =
    "cell (A1) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; }\n"
    " pin (Y) { direction : output; max_capacitance : 0.1; function : \"A B\"; } }\n"
    "cell (A2) { area : 3; pin (A) { direction : input; } pin (B) { direction : input; }\n"
    " pin (Y) { direction : output; max_capacitance : 0.2; function : \"A*B\"; } }\n";
constexpr std::string_view kLatches =
    "cell (LR) { area : 1; latch (Q, N) { enable : \"G\"; data_in : \"D\"; clear : \"R\"; }\n"
    " pin (Q) { direction : output; function : \"Q\"; } }\n"
    "cell (L) { area : 4; latch (IQ, IN) { enable : \"G\"; data_in : \"D\"; }\n"
    " pin (Q) { direction : output; function : \"IQ\"; } }\n";
constexpr std::string_view kLowLatch =
    "cell (LN) { area : 3; latch (IQ, IN) { enable : \"!GN\"; data_in : \"D\"; }\n"
    " pin (Q) { direction : output; function : \"IQ\"; } }\n";
constexpr std::string_view kIntegrated =
    "cell (ICG) { area : 9; clock_gating_integrated_cell : \"latch_posedge_precontrol\";\n"
    "  statetable (\"CK E SE\", \"IQ\") { table : \"L L L : - : L\"; }\n"
    "  pin (IQ) { direction : internal; internal_node : \"IQ\"; }\n"
    "  pin (CK) { direction : input; clock_gate_clock_pin : true; capacitance : 0.01; }\n"
    "  pin (E) { direction : input; clock_gate_enable_pin : true; capacitance : 0.01; }\n"
    "  pin (SE) { direction : input; clock_gate_test_pin : true; capacitance : 0.01; }\n"
    "  pin (GCLK) { direction : output; clock_gate_out_pin : true; state_function : \"CK*IQ\"; "
    "} }\n";

Result<ClockGateCells> found(std::initializer_list<std::string_view> cells) {
  std::string text = "library (small) {\n";
  for (const std::string_view cell : cells) text += cell;
  return find_clock_gate(parse_liberty_tree(text + "}\n", "small.lib").value());
}

TEST(ClockGateCells, AreTheLatchTheStrongestAndAndTheSmallestInverter) {
  const auto cells = found({kInverter, kAnd, kLatches});
  ASSERT_TRUE(cells) << cells.error().message;
  EXPECT_EQ(cells.value().integrated.cell, "");
  EXPECT_EQ(cells.value().latch.cell, "L");
  EXPECT_EQ(cells.value().latch.enable, "G");
  EXPECT_FALSE(cells.value().latch.active_low);
  EXPECT_EQ(cells.value().conjunction.cell, "A2");
  EXPECT_EQ(cells.value().inverter.cell, "I");
}

TEST(ClockGateCells, ALatchThatIsOpenAtZeroNeedsNoInverter) {
  const auto cells = found({kAnd, kLatches, kLowLatch});
  ASSERT_TRUE(cells) << cells.error().message;
  EXPECT_EQ(cells.value().latch.cell, "LN");
  EXPECT_TRUE(cells.value().latch.active_low);
}

TEST(ClockGateCells, TheIntegratedCellComesFirst) {
  const auto cells = found({kInverter, kAnd, kLatches, kIntegrated});
  ASSERT_TRUE(cells) << cells.error().message;
  EXPECT_EQ(cells.value().integrated.cell, "ICG");
  EXPECT_EQ(cells.value().integrated.clock, "CK");
  EXPECT_EQ(cells.value().integrated.enable, "E");
  EXPECT_EQ(cells.value().integrated.test, "SE");
  EXPECT_EQ(cells.value().integrated.output, "GCLK");
}

TEST(ClockGateCells, WhatIsMissingIsNamed) {
  const auto error = [](std::initializer_list<std::string_view> cells) {
    const auto made = found(cells);
    return made ? std::string() : made.error().message;
  };
  EXPECT_NE(error({kInverter, kAnd}).find("no latch"), std::string::npos);
  EXPECT_NE(error({kInverter, kLatches}).find("no AND of two inputs"), std::string::npos);
  EXPECT_NE(error({kAnd, kLatches}).find("no inverter"), std::string::npos);
}

// Registers of every kind with an enable, and one bit that is too small for a gate.
constexpr std::string_view kTop = R"(`default_nettype none
module regs(input wire clk_i, input wire rst_ni, input wire a_i, input wire b_i, input wire clear_i,
            input wire [7:0] d_i, output logic [7:0] plain_o, output logic [3:0] shared_o,
            output logic [7:0] reset_o, output logic [7:0] cleared_o, output logic [7:0] low_o,
            output logic one_o);
  always_ff @(posedge clk_i) if (a_i) plain_o <= d_i;
  always_ff @(posedge clk_i) if (a_i) shared_o <= d_i[3:0] ^ plain_o[7:4];
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) reset_o <= 8'h5a; else if (b_i) reset_o <= reset_o + d_i;
  always_ff @(posedge clk_i) if (clear_i) cleared_o <= '0; else if (b_i) cleared_o <= d_i;
  always_ff @(posedge clk_i) if (!b_i) begin if (clear_i) low_o <= 8'd3; else low_o <= d_i; end
  always_ff @(posedge clk_i) if (b_i) one_o <= d_i[0];
endmodule
)";

struct State {
  std::uint8_t plain = 0, shared = 0, reset = 0x5a, cleared = 0, low = 0, one = 0;
};

struct Inputs {
  bool rst_n = true, a = false, b = false, clear = false;
  std::uint8_t d = 0;
};

void asynchronous(State& s, const Inputs& in) {
  if (in.rst_n) return;
  s.reset = 0x5a;
}

void clocked(State& s, const Inputs& in) {
  const State before = s;
  if (in.a) s.plain = in.d;
  if (in.a) s.shared = static_cast<std::uint8_t>((in.d ^ before.plain >> 4U) & 15U);
  if (in.b) s.reset = static_cast<std::uint8_t>(before.reset + in.d);
  if (in.b) s.cleared = in.d;
  if (in.clear) s.cleared = 0;
  if (!in.b) s.low = in.clear ? 3 : in.d;
  if (in.b) s.one = in.d & 1U;
  asynchronous(s, in);
}

class ClockGating : public testing::Test {
 protected:
  ClockGating() : scratch_(ScratchDir::create("bat-gating-test").value()) {}
  const std::filesystem::path& dir() const { return scratch_.path(); }
  static bool tools_missing() { return !require_tool("sta") || !find_osu018(); }

  Sources sources() const {
    EXPECT_TRUE(write_text(dir() / "regs.sv", kTop));
    return {{dir() / "regs.sv"}, "regs", {}};
  }

  Result<EnergySubject> mapped(int min_bits, const std::filesystem::path& liberty = {}) const {
    EnergyOptions options;
    options.gate_min_bits = min_bits;
    if (!liberty.empty()) options.liberty = liberty;
    return energy_subject(sources(), options, dir());
  }

  static std::uint64_t cells(const EnergySubject& subject, std::string_view type) {
    return static_cast<std::uint64_t>(
        std::ranges::count(subject.netlist.cells, type, &FlatCell::type));
  }

  static void set(GateSim& sim, const Inputs& in) {
    const auto bit = [&sim](std::string_view port, std::uint64_t value) {
      sim.set(port, {&value, 1});
    };
    bit("rst_ni", in.rst_n ? 1 : 0);
    bit("a_i", in.a ? 1 : 0);
    bit("b_i", in.b ? 1 : 0);
    bit("clear_i", in.clear ? 1 : 0);
    bit("d_i", in.d);
    sim.settle();
  }

  static bool same(const GateSim& sim, const State& s) {
    const auto is = [&sim](std::string_view port, std::uint64_t value) {
      std::uint64_t seen = 0;
      sim.get(port, {&seen, 1});
      return seen == value;
    };
    return is("plain_o", s.plain) && is("shared_o", s.shared) && is("reset_o", s.reset) &&
           is("cleared_o", s.cleared) && is("low_o", s.low) && is("one_o", s.one);
  }

  // The first cycle in which netlist and model differ, -1 without one.
  static int first_difference(GateSim& sim) {
    std::mt19937 random(1);
    State state;
    Inputs in{false, true, false, true, 7};
    set(sim, in);
    asynchronous(state, in);
    for (int cycle = 0; cycle < 2000; ++cycle) {
      sim.edge();
      clocked(state, in);
      in = {random() % 16 != 0, random() % 4 == 0, random() % 3 == 0, random() % 5 == 0,
            static_cast<std::uint8_t>(random())};
      set(sim, in);
      asynchronous(state, in);
      if (cycle > 20 && !same(sim, state)) return cycle;  // all registers have been written
    }
    return -1;
  }

  static int run(const EnergySubject& subject) {
    auto sim = GateSim::create(subject.netlist, subject.library, subject.design);
    EXPECT_TRUE(sim) << sim.error().message;
    return sim ? first_difference(sim.value()) : 0;
  }

 private:
  ScratchDir scratch_;
};

TEST_F(ClockGating, RegistersOfOneEnableShareAGateAndDoWhatTheSourceDoes) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  // 2: enables a, b, b or clear, not b. 5: the four bits of the first enable have no gate of their
  // own, and keep a multiplexer each. 1: the single bit shares the gate of `reset_o`.
  for (const auto& [bits, gates, gated] :
       {std::tuple{1, 4U, 37U}, {2, 4U, 36U}, {5, 4U, 32U}, {9, 0U, 0U}}) {
    const auto subject = mapped(bits);
    ASSERT_TRUE(subject) << subject.error().message;
    EXPECT_EQ(cells(subject.value(), "LATCH"), gates) << bits;
    EXPECT_EQ(cells(subject.value(), "AND2X2") >= gates, true) << bits;
    auto sim =
        GateSim::create(subject.value().netlist, subject.value().library, subject.value().design);
    ASSERT_TRUE(sim) << sim.error().message;
    EXPECT_EQ(sim.value().clocks().gates.size(), gates) << bits;
    // One inverter serves all latches.
    EXPECT_EQ(sim.value().clocks().cells.size(), gates == 0 ? 0 : gates + 1) << bits;
    std::uint64_t registers = 0;
    for (const FlatCell& cell : subject.value().netlist.cells) {
      const auto clock = std::ranges::find(cell.pins, "CLK", &GatePort::name);
      if (!cell.type.starts_with("DFF") || clock == cell.pins.end()) continue;
      registers += sim.value().clocks().find(clock->nets.front())->gate != 0 ? 1U : 0U;
    }
    EXPECT_EQ(registers, gated) << bits;
    EXPECT_EQ(first_difference(sim.value()), -1) << bits;
  }
}

TEST_F(ClockGating, AnIdleRegisterTakesNoClockEnergyAndItsGateStays) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto subject = mapped(2);
  ASSERT_TRUE(subject) << subject.error().message;
  const auto measured = [&](bool on) {
    auto made =
        GateSim::create(subject.value().netlist, subject.value().library, subject.value().design);
    EXPECT_TRUE(made);
    GateSim& sim = made.value();
    set(sim, {true, on, true, false, 1});
    sim.edge();
    sim.settle();
    sim.clear_counts();
    sim.count(true);
    for (int i = 0; i < 1000; ++i) {
      sim.edge();
      sim.settle();
    }
    const auto report = measure_energy(subject.value(), sim, {}, dir());
    EXPECT_TRUE(report) << report.error().message;
    return report ? report.value() : EnergyReport{};
  };
  const EnergyReport idle = measured(false);
  const EnergyReport busy = measured(true);
  ASSERT_EQ(idle.units.size(), 1U);
  EXPECT_EQ(idle.units[0].registers, 37U);
  EXPECT_EQ(idle.units[0].gated_registers, 36U);
  EXPECT_EQ(idle.units[0].clock_gates, 4U);
  EXPECT_DOUBLE_EQ(idle.free_clock, busy.free_clock);
  // Behind a: 12 bits; behind not b 8, idle in both.
  EXPECT_NEAR(idle.units[0].clock_activity, 17.0 / 37, 1e-9);
  EXPECT_NEAR(busy.units[0].clock_activity, 29.0 / 37, 1e-9);
  EXPECT_LT(idle.energy.clock, 0.6 * idle.free_clock);
  EXPECT_GT(busy.energy.clock, 1.2 * idle.energy.clock);
  // A gate costs its latch and inverter in every cycle, and its output when it lets pass.
  EXPECT_GT(idle.energy.gates, 1000 * 4 * 0.1e-12);
  EXPECT_GT(busy.energy.gates, idle.energy.gates);
  EXPECT_NE(conditions(idle).find("behind clock gates"), std::string::npos);
}

TEST_F(ClockGating, PlantedFaultsAreSeen) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto subject = mapped(2);
  ASSERT_TRUE(subject) << subject.error().message;
  ASSERT_EQ(run(subject.value()), -1);
  const auto latch_of = [](EnergySubject& faulty) {
    return std::ranges::find(faulty.netlist.cells, "LATCH", &FlatCell::type);
  };
  const auto pin = [](FlatCell& cell, std::string_view name) -> std::uint32_t& {
    return std::ranges::find(cell.pins, name, &GatePort::name)->nets.front();
  };
  // The enable inverted: cycles differ.
  EnergySubject inverted = subject.value();
  const std::uint32_t fresh = inverted.netlist.nets++;
  const std::uint32_t enable = std::exchange(pin(*latch_of(inverted), "D"), fresh);
  inverted.netlist.cells.push_back(
      {"fault", "INVX1", "regs", {{"A", true, {enable}}, {"Y", true, {fresh}}}});
  EXPECT_GT(run(inverted), 0);
  // The latch removed: its enable reaches the AND.
  EnergySubject open = subject.value();
  const auto gone = latch_of(open);
  const std::uint32_t held = pin(*gone, "Q");
  const std::uint32_t direct = pin(*gone, "D");
  open.netlist.cells.erase(gone);
  for (FlatCell& cell : open.netlist.cells) {
    for (GatePort& port : cell.pins) std::ranges::replace(port.nets, held, direct);
  }
  const auto refused = GateSim::create(open.netlist, open.library, open.design);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("no latch holds"), std::string::npos);
  // The latch open in the wrong half.
  EnergySubject swapped = subject.value();
  const auto clock = std::ranges::find(swapped.netlist.ports, "clk_i", &GatePort::name);
  pin(*latch_of(swapped), "CLK") = clock->nets.front();
  const auto wrong = GateSim::create(swapped.netlist, swapped.library, swapped.design);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("not transparent while clk_i is low"), std::string::npos);
}

// osu018 with another cell, or without its latch.
class OtherLibrary : public ClockGating {
 protected:
  std::filesystem::path with(std::string_view more, bool latch) const {
    std::string text = read_text(find_osu018().value()).value();
    if (!latch) text.replace(text.find("cell (LATCH) {"), 14, "cell (LATCH) { dont_use : true;");
    text.insert(text.rfind('}'), more);
    EXPECT_TRUE(write_text(dir() / "other.lib", text));
    return dir() / "other.lib";
  }
};

TEST_F(OtherLibrary, IntegratedGatesAreMappedAndSimulated) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto subject = mapped(2, with(kIntegrated, true));
  ASSERT_TRUE(subject) << subject.error().message;
  EXPECT_EQ(cells(subject.value(), "ICG"), 4U);
  EXPECT_EQ(cells(subject.value(), "LATCH"), 0U);
  EXPECT_EQ(run(subject.value()), -1);
}

TEST_F(OtherLibrary, WithoutALatchTheFlowSaysSo) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto subject = mapped(2, with("", false));
  ASSERT_FALSE(subject);
  EXPECT_EQ(subject.error().kind, ErrorKind::kMismatch);
  for (const char* part : {"other.lib", "no latch", "--clock-gating"})
    EXPECT_NE(subject.error().message.find(part), std::string::npos) << subject.error().message;
}

}  // namespace
}  // namespace bat::synth
