// SPDX-License-Identifier: Apache-2.0
#include "synth/timing.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "synth/fake_tool.hpp"
#include "synth/liberty.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kLog = R"(OpenSTA 2.0.17
@unit adder
@setup
Startpoint: _1_ (rising edge-triggered flip-flop clocked by clk)
Endpoint: _2_ (rising edge-triggered flip-flop clocked by clk)
           4.00   data required time
           1.25   slack (MET)
@hold
Startpoint: _3_ (rising edge-triggered flip-flop clocked by clk)
Endpoint: _4_ (rising edge-triggered flip-flop clocked by clk)
          -0.03   slack (VIOLATED)
@worst
Startpoint: a_i[0] (input port clocked by clk)
Endpoint: y_o (output port clocked by clk)
          -0.50   slack (VIOLATED)
@end
@unit wires
@worst
No paths found.
@end
)";

TEST(Timing, ReadsPathsOfEachUnit) {
  const Result<TimingReport> report = parse_timing(kLog, 4.0);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report.value().size(), 2U);
  const UnitTiming& adder = report.value().at("adder");
  EXPECT_DOUBLE_EQ(adder.register_ns.value(), 2.75);
  EXPECT_DOUBLE_EQ(adder.hold_slack_ns.value(), -0.03);
  EXPECT_DOUBLE_EQ(adder.worst_ns.value(), 4.5);
  EXPECT_EQ(adder.start, "_1_");
  EXPECT_EQ(adder.end, "_2_");
  EXPECT_FALSE(report.value().at("wires").register_ns);
  EXPECT_DOUBLE_EQ(fmax_mhz(4.0), 250.0);
}

TEST(Timing, PathsToClockGatesCountWithoutTheirWait) {
  // The latch was open when the enable came, waits for it, or closes before it.
  EXPECT_DOUBLE_EQ(enable_path_ns(4.0, 0.0, 1.5), 2.5);
  EXPECT_DOUBLE_EQ(enable_path_ns(4.0, 0.7, 1.9), 1.4);
  EXPECT_DOUBLE_EQ(enable_path_ns(4.0, -0.5, 0.1), 4.5);
  EXPECT_DOUBLE_EQ(enable_path_ns(4.0, -0.5, -0.8), 4.8);
  const std::string_view log =
      "@unit gated\n@setup\nStartpoint: _1_ (\nEndpoint: _2_ (\n 1.9 slack (MET)\n"
      "@hold\n 0.2 slack (MET)\n@latch\nStartpoint: _3_ (\nEndpoint: _4_ (\n 0.00 slack (MET)\n"
      "@gate\nStartpoint: _4_ (\nEndpoint: _5_ (\n 0.8 slack (MET)\n"
      "@latch_hold\n 0.6 slack (MET)\n@gate_hold\n 0.1 slack (MET)\n@worst\n 0.8 slack "
      "(MET)\n@end\n";
  const auto report = parse_timing(log, 4.0);
  ASSERT_TRUE(report) << report.error().message;
  const UnitTiming& unit = report.value().at("gated");
  EXPECT_DOUBLE_EQ(unit.enable_ns.value(), 3.2);
  EXPECT_DOUBLE_EQ(unit.register_ns.value(), 3.2);
  EXPECT_DOUBLE_EQ(unit.gate_hold_slack_ns.value(), 0.1);
  EXPECT_DOUBLE_EQ(unit.hold_slack_ns.value(), 0.2);
  EXPECT_EQ(unit.start, "_3_");
  EXPECT_EQ(unit.end, "_5_");
}

TEST(Timing, ErrorsAndUnfinishedRunsDoNotPass) {
  EXPECT_FALSE(parse_timing("", 4.0));
  EXPECT_FALSE(parse_timing("@unit a\n@setup\n", 4.0));
  const auto failed = parse_timing("@unit a\nError: units/a.v, line 3 syntax error\n@end\n", 4.0);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("syntax error"), std::string::npos);
}

TEST(Timing, SplitsModules) {
  const auto modules = split_modules(
      "/* head */\nmodule a(x);\n  b u(x);\nendmodule\n\nmodule \\b (x);\nendmodule\n");
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules.at("a"), "module a(x);\n  b u(x);\nendmodule\n");
  EXPECT_TRUE(modules.contains("b"));
}

constexpr std::string_view kRam = R"(`default_nettype none
module bat_ram #(parameter int Width = 8) (input wire clk_i, input wire we_i, input wire [3:0] waddr_i,
  input wire [Width-1:0] wdata_i, input wire [3:0] raddr_i, output logic [Width-1:0] rdata_o);
  logic [Width-1:0] mem[0:15];
  always_ff @(posedge clk_i) begin
    if (we_i) mem[waddr_i] <= wdata_i;
    rdata_o <= mem[raddr_i];
  end
endmodule
)";

// The path from the RAM through adder and multiplier of `work`, and one adder in `top`.
constexpr std::string_view kTop = R"(`default_nettype none
module work(input wire clk_i, input wire [3:0] a_i, output logic [7:0] q_o);
  wire [7:0] word;
  bat_ram u_ram (.clk_i(clk_i), .we_i(a_i[0]), .waddr_i(a_i), .wdata_i(q_o), .raddr_i(a_i), .rdata_o(word));
  always_ff @(posedge clk_i) q_o <= word * q_o + 8'd3;
endmodule
module top(input wire clk_i, input wire [3:0] a_i, output logic [7:0] sum_o);
  wire [7:0] q;
  work u_work (.clk_i(clk_i), .a_i(a_i), .q_o(q));
  always_ff @(posedge clk_i) sum_o <= sum_o + q;
endmodule
)";

class TimingFlow : public testing::Test {
 protected:
  TimingFlow() : scratch_(ScratchDir::create("bat-timing-test").value()) {}
  const std::filesystem::path& dir() const { return scratch_.path(); }

  Result<SynthReport> run(const SynthOptions& options) {
    EXPECT_TRUE(write_text(dir() / "bat_ram.sv", kRam));
    EXPECT_TRUE(write_text(dir() / "top.sv", kTop));
    SynthOptions chosen = options;
    chosen.work_dir = dir() / "work";
    return synthesize_sources({{dir() / "bat_ram.sv", dir() / "top.sv"}, "top", {}},
                              Target::kOsu018, chosen);
  }

  static bool tools_missing() { return !require_tool("sta") || !find_osu018(); }

  // The library without some lines' cells.
  std::string library_without(const std::vector<std::string>& cells) {
    std::string text = read_text(find_osu018().value()).value();
    for (const std::string& cell : cells) {
      const std::size_t start = text.find("cell (" + cell + ")");
      const std::size_t end = text.find("\ncell (", start);
      EXPECT_NE(start, std::string::npos) << cell;
      text.erase(start, end == std::string::npos ? text.rfind('}') - start : end + 1 - start);
    }
    return text;
  }

 private:
  ScratchDir scratch_;
};

TEST_F(TimingFlow, FindsPathsOfUnitsThroughMemories) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  SynthOptions options;
  options.timing = TimingOptions{};
  const Result<SynthReport> fast = run(options);
  ASSERT_TRUE(fast) << fast.error().message;
  options.timing->ram_access_ns = 3.0;
  const Result<SynthReport> slow = run(options);
  ASSERT_TRUE(slow) << slow.error().message;
  const auto path = [](const SynthReport& report, std::string_view unit) {
    for (const ModuleReport& module : report.modules) {
      if (module.name == unit && module.timing) return module.timing->register_ns.value_or(0.0);
    }
    return 0.0;
  };
  EXPECT_GT(path(fast.value(), "work"), 1.0);
  EXPECT_GE(path(fast.value(), "top"), path(fast.value(), "work"));
  EXPECT_NEAR(path(slow.value(), "work"), path(fast.value(), "work") + 2.0, 0.3);
  const auto json = to_json(fast.value());
  EXPECT_GT(json.at("fmax_mhz").get<double>(), 50.0);
  EXPECT_NE(to_markdown(fast.value()).find("Fmax"), std::string::npos);
}

constexpr std::string_view kGated = R"(`default_nettype none
module top(input wire clk_i, input wire rst_ni, input wire [7:0] d_i, output logic [7:0] q_o);
  logic [7:0] sum;
  always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) sum <= '0; else sum <= sum + d_i;
  always_ff @(posedge clk_i) if (sum * sum == d_i) q_o <= d_i;
endmodule
)";

TEST_F(TimingFlow, ClockGatesAreCheckedAtTheirLatches) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  ASSERT_TRUE(write_text(dir() / "gated.sv", kGated));
  SynthOptions options;
  options.timing = TimingOptions{};
  options.gate_min_bits = 2;
  options.work_dir = dir() / "gated";
  const auto report =
      synthesize_sources({{dir() / "gated.sv"}, "top", {}}, Target::kOsu018, options);
  ASSERT_TRUE(report) << report.error().message;
  // The square of eight bits does not depend on the highest one; the latch is no flip-flop.
  EXPECT_EQ(report.value().total.ff, 15U);
  EXPECT_EQ(report.value().cells.at("LATCH"), 1U);
  const UnitTiming& unit = *report.value().modules.at(0).timing;
  ASSERT_TRUE(unit.enable_ns);
  // Adder, multiplier and comparison are on the way to the gate, the adder alone between registers.
  EXPECT_GT(*unit.enable_ns, 1.5);
  EXPECT_GE(*unit.register_ns, *unit.enable_ns);
  EXPECT_GT(*unit.gate_hold_slack_ns, 0.0);
  options.gate_min_bits = 0;
  const auto plain =
      synthesize_sources({{dir() / "gated.sv"}, "top", {}}, Target::kOsu018, options);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_FALSE(plain.value().modules.at(0).timing->enable_ns);
  // Eight multiplexers are more than a gate.
  EXPECT_GT(plain.value().total.area_um2, report.value().total.area_um2);
}

TEST_F(TimingFlow, LibraryWithoutAdderCellsMapsAddersToGates) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  ASSERT_TRUE(write_text(dir() / "small.lib", library_without({"FAX1", "HAX1"})));
  SynthOptions options;
  options.liberty = dir() / "small.lib";
  const Result<SynthReport> report = run(options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report.value().cells.contains("FAX1"));
  EXPECT_GT(report.value().total.area_um2, 0.0);
}

TEST_F(TimingFlow, UnreadableAndIncompleteLibrariesAreNamed) {
  if (tools_missing()) GTEST_SKIP() << "needs opensta and qflow-tech-osu018";
  const auto expect_error = [&](std::string_view what) {
    SynthOptions options;
    options.liberty = dir() / "cells.lib";
    const Result<SynthReport> report = run(options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind, ErrorKind::kMismatch);
    EXPECT_NE(report.error().message.find(what), std::string::npos) << report.error().message;
    EXPECT_NE(report.error().message.find("cells.lib"), std::string::npos)
        << report.error().message;
  };
  expect_error("cannot read");
  ASSERT_TRUE(write_text(dir() / "cells.lib", "library (x) { cell (NAND2X1) { area : 3;"));
  expect_error("cells.lib:1");
  ASSERT_TRUE(write_text(dir() / "cells.lib", "library (x) { }"));
  expect_error("no two-input NAND");
  ASSERT_TRUE(write_text(dir() / "cells.lib", library_without({"INVX1", "INVX2", "INVX4", "INVX8",
                                                               "TBUFX1", "TBUFX2"})));
  expect_error("no inverter");
  ASSERT_TRUE(
      write_text(dir() / "cells.lib", library_without({"DFFPOSX1", "DFFNEGX1", "DFFSR", "LATCH"})));
  expect_error("no flip-flop");
}

TEST_F(TimingFlow, FailingToolsAreQuotedWithTheirLog) {
  if (!find_osu018()) GTEST_SKIP() << "needs qflow-tech-osu018";
  SynthOptions options;
  options.timing = TimingOptions{};
  options.timeout = std::chrono::seconds{60};
  const auto expect_error = [&](const std::string& script, std::string_view what) {
    const FakeTool fake(dir(), "sta", script);
    const Result<SynthReport> report = run(options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind, ErrorKind::kMismatch);
    EXPECT_NE(report.error().message.find(what), std::string::npos) << report.error().message;
    EXPECT_NE(report.error().message.find("timing.log"), std::string::npos)
        << report.error().message;
  };
  expect_error("echo last words; exit 7\n", "last words");
  expect_error("echo '@unit top'; echo 'Error: no such cell'\n", "no such cell");
  expect_error("echo '@unit top'\n", "ended inside");
}

}  // namespace
}  // namespace bat::synth
