// SPDX-License-Identifier: Apache-2.0
// The recipes on designs of a few cells.
#include <gtest/gtest.h>

#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kRam = R"(`default_nettype none
module bat_ram #(parameter int Width = 8, parameter int Depth = 16, parameter int TapSlice = 0) (
  input wire clk_i, input wire we_i, input wire [$clog2(Depth)-1:0] waddr_i, input wire [Width-1:0] wdata_i,
  input wire [$clog2(Depth)-1:0] raddr_i, output logic [Width-1:0] rdata_o);
  logic [Width-1:0] mem[0:Depth-1];
  always_ff @(posedge clk_i) begin
    if (we_i) mem[waddr_i] <= wdata_i;
    rdata_o <= mem[raddr_i];
  end
endmodule
)";

constexpr std::string_view kChip = R"(`default_nettype none
module slice #(parameter int Index = 0, parameter int W = 8) (
  input wire clk_i, input wire rst_ni, input wire [W-1:0] a_i, output logic [W-1:0] q_o, output wire [W-1:0] r_o);
  bat_ram #(.Width(W), .Depth(512), .TapSlice(Index)) u_ram (
    .clk_i(clk_i), .we_i(a_i[0]), .waddr_i({1'b0, a_i[7:0]}), .wdata_i(a_i), .raddr_i({1'b1, a_i[7:0]}), .rdata_o(r_o));
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) q_o <= '0;
    else q_o <= q_o + a_i;
  end
endmodule
module chip (input wire clk_i, input wire rst_ni, input wire [15:0] a_i, output wire [63:0] q_o, output wire [63:0] r_o);
  for (genvar i = 0; i < 4; i = i + 1) begin : gen_slice
    slice #(.Index(i), .W(16)) u_slice (
      .clk_i(clk_i), .rst_ni(rst_ni), .a_i(a_i), .q_o(q_o[i*16+:16]), .r_o(r_o[i*16+:16]));
  end
endmodule
)";

class Flow : public testing::Test {
 protected:
  Flow() : scratch_(ScratchDir::create("bat-flow-test").value()) {}

  Result<SynthReport> run(std::string_view chip, Target target) {
    const std::filesystem::path ram = scratch_.path() / "bat_ram.sv";
    const std::filesystem::path top = scratch_.path() / "chip.sv";
    EXPECT_TRUE(write_text(ram, kRam));
    EXPECT_TRUE(write_text(top, chip));
    SynthOptions options;
    options.work_dir = scratch_.path() / to_string(target);
    return synthesize_sources({{ram, top}, "chip", {}}, target, options);
  }

 private:
  ScratchDir scratch_;
};

TEST_F(Flow, XcupCountsOneSliceForAll) {
  const Result<SynthReport> report = run(kChip, Target::kXcup);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report.value().modules.size(),
            3U);  // chip, bat_ram, slice: the slices differ in a tap number only
  EXPECT_EQ(report.value().modules[2].name, "slice");
  EXPECT_EQ(report.value().modules[2].instances, 4U);
  EXPECT_EQ(report.value().total.ff, 64U);
  EXPECT_EQ(report.value().total.bram18, 4U);
  EXPECT_EQ(report.value().total.carry, 16U);
  EXPECT_EQ(report.value().total.memory_bits, 4U * 512U * 16U);
  EXPECT_EQ(report.value().total.dsp, 0U);
}

TEST_F(Flow, Ice40UsesItsBlockRam) {
  const Result<SynthReport> report = run(kChip, Target::kIce40);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report.value().total.ebr, 8U);
  EXPECT_GE(report.value().total.ff, 64U);
}

TEST_F(Flow, StandardCellsLeaveTheRamAsBits) {
  const Result<SynthReport> report = run(kChip, Target::kOsu018);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report.value().total.ff, 64U);
  EXPECT_EQ(report.value().total.memory_bits, 4U * 512U * 16U);
  EXPECT_EQ(report.value().ge_um2, 24.0);
  EXPECT_GT(report.value().total.area_um2, 64.0 * 176.0);
  EXPECT_LT(report.value().total.area_um2, 64.0 * 500.0);
}

TEST_F(Flow, ImplicitNamesLatchesAndStrayMemoriesFail) {
  const auto error_of = [this](std::string_view text) {
    const Result<SynthReport> report = run(text, Target::kXcup);
    return report ? std::string("accepted") : report.error().message;
  };
  EXPECT_NE(error_of("module chip (input a_i, output y_o);\nassign y_o = b & a_i;\nendmodule\n")
                .find("implicitly declared"),
            std::string::npos);
  EXPECT_NE(error_of("module chip (input a_i, input b_i, output reg y_o);\nalways @* if (a_i) y_o "
                     "= b_i;\nendmodule\n")
                .find("Latch inferred"),
            std::string::npos);
  EXPECT_NE(error_of("module chip (input c, input [3:0] a, input [7:0] d, output [7:0] q);\nreg "
                     "[7:0] m [0:15];\n"
                     "always @(posedge c) m[a] <= d;\nassign q = m[a];\nendmodule\n")
                .find("belong into bat_ram"),
            std::string::npos);
  EXPECT_NE(error_of("module chip (input a, output y, output z);\nassign y = a;\nendmodule\n"),
            "accepted");
}

}  // namespace
}  // namespace bat::synth
