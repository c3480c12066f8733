// SPDX-License-Identifier: Apache-2.0
// Energies of hand-written and of mapped netlists, beside the arithmetic.
#include "synth/energy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "synth/energy_report.hpp"
#include "synth/fake_tool.hpp"
#include "synth/liberty.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

TEST(EnergyLog, ReadsPowersSlewsAndTheSlowestPath) {
  const auto read = parse_power(
      "@setup\n  1.25   slack (MET)\n@cells\n@cell a/_1_ 3e-6 2e-6 1e-10 5e-6\n"
      "@slew Y 0.2 0.4\n@cell b 0.0 0.0 2e-10 2e-10\n@slew Y -inf -inf\n@end\n",
      4.0);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_DOUBLE_EQ(read.value().critical_ns, 2.75);
  const CellPower& cell = read.value().cells.at("a/_1_");
  EXPECT_DOUBLE_EQ(cell.internal, 3e-6);
  EXPECT_DOUBLE_EQ(cell.switching, 2e-6);
  EXPECT_DOUBLE_EQ(cell.leakage, 1e-10);
  EXPECT_DOUBLE_EQ(cell.slews.at("Y"), 0.3e-9);
  EXPECT_TRUE(read.value().cells.at("b").slews.empty());
  EXPECT_FALSE(parse_power("@cells\n", 4.0));
  const auto failed = parse_power("Error: power.tcl, line 3\n@end\n", 4.0);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("line 3"), std::string::npos);
}

// A register that drives two inverters, the second through a module.
constexpr std::string_view kNetlist = R"(module top(clk_i, a_i, y_o);
  input clk_i;
  input a_i;
  output y_o;
  wire q;
  wire n;
  DFFPOSX1 r ( .CLK(clk_i), .D(a_i), .Q(q) );
  INVX1 \g[0]  ( .A(q), .Y(n) );
  leaf u_leaf ( .a_i(n), .y_o(y_o) );
endmodule
module leaf(a_i, y_o);
  input a_i;
  output y_o;
  INVX1 g ( .A(a_i), .Y(y_o) );
endmodule
)";

class EnergyFlow : public testing::Test {
 protected:
  EnergyFlow() : scratch_(ScratchDir::create("bat-energy-test").value()) {}
  const std::filesystem::path& dir() const { return scratch_.path(); }
  static bool tools_missing() { return !require_tool("sta") || !find_osu018(); }

  EnergySubject by_hand() const {
    EnergySubject subject;
    subject.design.top = "top";
    subject.design.modules["top"].base = "top";
    subject.design.modules["top"].children = {{"leaf", 1}};
    subject.design.modules["leaf"].base = "leaf";
    subject.netlist = flatten(parse_netlist(kNetlist).value(), "top").value();
    subject.liberty = find_osu018().value();
    subject.library = load_power_library(subject.liberty).value();
    subject.verilog = dir() / "netlist.v";
    EXPECT_TRUE(write_text(subject.verilog, kNetlist));
    return subject;
  }

  // `cycles` with the input changed in each `every`th of them (0: never).
  static void drive(GateSim& sim, std::uint64_t cycles, std::uint64_t every) {
    std::uint64_t value = 0;
    sim.set("a_i", {&value, 1});
    sim.settle();
    sim.edge();
    sim.settle();
    sim.clear_counts();
    sim.count(true);
    for (std::uint64_t i = 0; i < cycles; ++i) {
      sim.edge();
      if (every > 0 && i % every == 0) value ^= 1U;
      sim.set("a_i", {&value, 1});
      sim.settle();
    }
  }

  EnergyReport measured(const EnergySubject& subject, std::uint64_t cycles,
                        std::uint64_t every) const {
    auto sim = GateSim::create(subject.netlist, subject.library, subject.design);
    EXPECT_TRUE(sim) << sim.error().message;
    drive(sim.value(), cycles, every);
    const auto report = measure_energy(subject, sim.value(), {}, dir());
    EXPECT_TRUE(report) << report.error().message;
    return report ? report.value() : EnergyReport{};
  }

 private:
  ScratchDir scratch_;
};

TEST_F(EnergyFlow, WithoutActivityOnlyClockAndLeakageRemain) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const EnergyReport report = measured(by_hand(), 1000, 0);
  EXPECT_EQ(report.energy.internal, 0.0);
  EXPECT_EQ(report.energy.switching, 0.0);
  // 0.0279 pF at 1.8 V, and the clock pin's tables at their fastest transition.
  EXPECT_NEAR(report.energy.clock, 1000 * (0.0279235e-12 * 3.24 + 0.117205e-12), 1e-15);
  // Leakages of the file (nW): a register and two inverters, over 1000 cycles of 4 ns.
  EXPECT_NEAR(report.energy.leakage, (0.160725 + 2 * 0.0221741) * 1e-9 * 4e-6, 1e-22);
  ASSERT_EQ(report.units.size(), 2U);
  EXPECT_EQ(report.units[0].module, "top");
  EXPECT_EQ(report.units[0].registers, 1U);
  EXPECT_EQ(report.units[0].quiet_registers, 1U);
  EXPECT_EQ(report.units[1].module, "leaf");
  EXPECT_EQ(report.units[1].energy.clock, 0.0);
  EXPECT_GT(report.units[1].energy.leakage, 0.0);
}

TEST_F(EnergyFlow, DynamicEnergyIsProportionalToActivity) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const EnergySubject subject = by_hand();
  const EnergyReport full = measured(subject, 1000, 1);
  const EnergyReport quarter = measured(subject, 1000, 4);
  EXPECT_NEAR(quarter.energy.switching, full.energy.switching / 4, full.energy.switching * 2e-3);
  EXPECT_NEAR(quarter.energy.internal, full.energy.internal / 4, full.energy.internal * 2e-3);
  EXPECT_DOUBLE_EQ(quarter.energy.clock, full.energy.clock);
  EXPECT_DOUBLE_EQ(quarter.energy.leakage, full.energy.leakage);
  // Half C V^2 of the two nets with a load, 999 and 1000 transitions of one inverter input each.
  EXPECT_NEAR(full.energy.switching, 999 * 2 * 0.5 * 0.00932456e-12 * 3.24, 2e-15 * 0.03);
  EXPECT_NEAR(full.units.at(0).register_activity, 0.999, 1e-9);
  EXPECT_NEAR(quarter.units.at(0).register_activity, 0.25, 2e-3);
  EXPECT_GT(full.sta_internal, full.energy.internal + 1000 * 0.117e-12);
}

TEST_F(EnergyFlow, ReportHoldsWhatScriptsNeed) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const EnergyReport report = measured(by_hand(), 1000, 2);
  EnergyRun run;
  run.config = "hand";
  run.model = "model";
  run.samples = 2;
  run.operations = 4000;
  const auto json = to_json(report, run);
  EXPECT_DOUBLE_EQ(json.at("energy_nj").at("total").get<double>(), report.energy.total() * 1e9 / 2);
  const double time = 1000 * report.clock_ns * 1e-9;
  EXPECT_NEAR(json.at("power_mw").at("total").get<double>(), report.energy.total() / time * 1e3,
              1e-12);
  EXPECT_NEAR(json.at("tops_per_watt").get<double>(), 4000 / report.energy.total() * 1e-12, 1e-9);
  double sum = 0.0;
  for (const auto& unit : json.at("units")) sum += unit.at("energy_nj").at("total").get<double>();
  EXPECT_NEAR(sum, json.at("energy_nj").at("total").get<double>(), 1e-9);
  const std::string text = to_markdown(report, run);
  for (const char* part : {"TOPS/W", "no wires", "no clock tree", "| leaf | 1 |"})
    EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
}

constexpr std::string_view kRam = R"(`default_nettype none
module bat_ram #(parameter int Width = 8, parameter int Depth = 16, parameter int Groups = 1)
 (input wire clk_i, input wire we_i, input wire [3:0] waddr_i, input wire [Width-1:0] wdata_i,
  input wire re_i, input wire [3:0] raddr_i, output logic [Width-1:0] rdata_o);
  logic [Width-1:0] mem[0:Depth-1];
  always_ff @(posedge clk_i) if (we_i) mem[waddr_i] <= wdata_i;
  always_ff @(posedge clk_i) if (re_i) rdata_o <= mem[raddr_i];
endmodule
)";

constexpr std::string_view kTop = R"(`default_nettype none
module work(input wire clk_i, input wire [3:0] a_i, output logic [7:0] q_o);
  wire [7:0] word;
  bat_ram u_ram (.clk_i(clk_i), .we_i(a_i[0]), .waddr_i(a_i), .wdata_i(q_o), .re_i(1'b1),
                 .raddr_i(a_i), .rdata_o(word));
  always_ff @(posedge clk_i) q_o <= word * q_o + 8'd3;
endmodule
module top(input wire clk_i, input wire [3:0] a_i, output logic [7:0] sum_o);
  wire [7:0] q;
  work u_work (.clk_i(clk_i), .a_i(a_i), .q_o(q));
  always_ff @(posedge clk_i) sum_o <= sum_o + q;
endmodule
)";

class EnergyOfSources : public EnergyFlow {
 protected:
  Result<EnergySubject> mapped(const EnergyOptions& options) {
    EXPECT_TRUE(write_text(dir() / "bat_ram.sv", kRam));
    EXPECT_TRUE(write_text(dir() / "top.sv", kTop));
    return energy_subject({{dir() / "bat_ram.sv", dir() / "top.sv"}, "top", {}}, options, dir());
  }
};

TEST_F(EnergyOfSources, SimulatesAndMeasuresAMappedDesign) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto subject = mapped({});
  ASSERT_TRUE(subject) << subject.error().message;
  auto made =
      GateSim::create(subject.value().netlist, subject.value().library, subject.value().design);
  ASSERT_TRUE(made) << made.error().message;
  GateSim& sim = made.value();
  sim.settle();
  sim.count(true);
  // What the source does, beside.
  std::uint8_t word = 0;
  std::uint8_t q = 0;
  std::uint8_t sum = 0;
  std::array<std::uint8_t, 16> memory{};
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::uint64_t a = (i * 7 + i / 16) % 16;
    sim.set("a_i", {&a, 1});
    sim.settle();
    std::uint64_t seen = 0;
    sim.get("sum_o", {&seen, 1});
    ASSERT_EQ(seen, sum) << i;
    sum = static_cast<std::uint8_t>(sum + q);
    const auto next = static_cast<std::uint8_t>(word * q + 3);
    word = memory[a];
    if ((a & 1U) != 0) memory[a] = q;
    q = next;
    sim.edge();
    sim.settle();
  }
  const auto report = measure_energy(subject.value(), sim, {}, dir());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT(report.value().critical_ns, 1.0);
  EXPECT_GT(report.value().energy.switching, 0.0);
  EXPECT_GT(report.value().energy.internal, 0.0);
  ASSERT_EQ(report.value().memories.size(), 1U);
  EXPECT_EQ(report.value().memories[0].reads, 500U);
  EXPECT_GT(report.value().memories[0].writes, 100U);
  EXPECT_EQ(report.value().memories[0].width, 8U);
  // What a memory drives is switched by it.
  const auto unit = std::ranges::find(report.value().units, "bat_ram", &UnitEnergy::module);
  ASSERT_NE(unit, report.value().units.end());
  EXPECT_GT(unit->energy.switching, 0.0);
}

TEST_F(EnergyOfSources, NothingCountedIsAnError) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const EnergySubject subject = by_hand();
  const auto sim = GateSim::create(subject.netlist, subject.library, subject.design);
  ASSERT_TRUE(sim);
  EXPECT_FALSE(measure_energy(subject, sim.value(), {}, dir()));
}

TEST_F(EnergyOfSources, BrokenAndIncompleteLibrariesAreNamed) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const std::string whole = read_text(find_osu018().value()).value();
  const auto expect_error = [&](const std::string& text, std::string_view what) {
    ASSERT_TRUE(write_text(dir() / "cells.lib", text));
    EnergyOptions options;
    options.liberty = dir() / "cells.lib";
    const auto subject = mapped(options);
    ASSERT_FALSE(subject) << what;
    EXPECT_EQ(subject.error().kind, ErrorKind::kMismatch);
    EXPECT_NE(subject.error().message.find(what), std::string::npos) << subject.error().message;
    EXPECT_NE(subject.error().message.find("cells.lib"), std::string::npos)
        << subject.error().message;
  };
  const auto changed = [&whole](std::string_view from, std::string_view to) {
    std::string text = whole;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  expect_error(whole.substr(0, whole.size() / 2), "cells.lib:");
  expect_error(changed("nom_voltage : 1.8;", ""), "nom_voltage");
  expect_error(changed("\"0.006865, 0.006943,", "\"0.006865,"), "do not fill a table");
  expect_error(changed("0.006865, 0.006943,", "0.006865, none,"), "`none` is not a number");
  EnergyOptions options;
  options.liberty = dir() / "missing.lib";
  const auto missing = mapped(options);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("missing.lib"), std::string::npos);
}

// A library without energy tables gives switching and leakage, and says so.
TEST_F(EnergyFlow, LibraryWithoutEnergyTablesIsSaidInTheReport) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  EnergySubject subject = by_hand();
  subject.library.has_energy = false;
  for (auto& [name, cell] : subject.library.cells) {
    for (CellPin& pin : cell.pins) pin.energies.clear();
  }
  const EnergyReport report = measured(subject, 100, 1);
  EXPECT_EQ(report.energy.internal, 0.0);
  EXPECT_GT(report.energy.switching, 0.0);
  EXPECT_NE(conditions(report).find("no internal_power tables"), std::string::npos);
}

TEST_F(EnergyFlow, LibraryWithoutOperatingConditionsIsAnError) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  EnergySubject subject = by_hand();
  std::string text = read_text(subject.liberty).value();
  const std::string line = "default_operating_conditions : typical;";
  text.replace(text.find(line), line.size(), "");
  subject.liberty = dir() / "cells.lib";
  ASSERT_TRUE(write_text(subject.liberty, text));
  auto sim = GateSim::create(subject.netlist, subject.library, subject.design);
  ASSERT_TRUE(sim);
  drive(sim.value(), 10, 1);
  const auto report = measure_energy(subject, sim.value(), {}, dir());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("default_operating_conditions"), std::string::npos);
}

TEST_F(EnergyFlow, FailingAndSlowToolsAreQuotedWithTheirLog) {
  if (!find_osu018()) GTEST_SKIP() << "needs qflow-tech-osu018";
  const EnergySubject subject = by_hand();
  auto sim = GateSim::create(subject.netlist, subject.library, subject.design);
  ASSERT_TRUE(sim);
  drive(sim.value(), 10, 1);
  const auto expect_error = [&](const std::string& script, std::string_view what) {
    const FakeTool fake(dir(), "sta", script);
    EnergyOptions options;
    options.timeout = std::chrono::seconds{1};
    const auto report = measure_energy(subject, sim.value(), options, dir());
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind, ErrorKind::kMismatch);
    EXPECT_NE(report.error().message.find(what), std::string::npos) << report.error().message;
    EXPECT_NE(report.error().message.find("power.log"), std::string::npos)
        << report.error().message;
  };
  expect_error("echo last words; exit 7\n", "last words");
  expect_error("echo 'Error: no such cell'\n", "no such cell");
  expect_error("echo '@cells'\n", "did not reach its end");
  expect_error("echo '@end'\n", "no power of r");
  expect_error("sleep 20\n", "stopped after 1 s");
}

}  // namespace
}  // namespace bat::synth
