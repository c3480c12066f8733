// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/interface.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace bat::emit {
namespace {

TEST(ConstantExpression, Values) {
  const Constants names = {{"A", 5}, {"p::B", 8}};
  const auto value = [&](std::string_view text) {
    const auto result = evaluate(text, names);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return result.ok() ? result.value() : -1;
  };
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(A-1) - (0) + 1"), 5);
  EXPECT_EQ(value("A > 4 ? p::B : 2"), 8);
  EXPECT_EQ(value("A>4?p::B:2"), 8);
  EXPECT_EQ(value("$clog2(A + 4) << 1"), 8);
  EXPECT_EQ(value("A <= 5 && A != 4 || 0"), 1);
  EXPECT_EQ(value("8'd3 + -1"), 2);
  EXPECT_EQ(value("10 - 4 - 3"), 3);
  EXPECT_EQ(value("(A == 1) ? 1 : $clog2(A)"), 3);
  EXPECT_FALSE(evaluate("A +", names).ok());
  EXPECT_FALSE(evaluate("C", names).ok());
  EXPECT_FALSE(evaluate("1 / 0", names).ok());
  EXPECT_FALSE(evaluate("(1", names).ok());
  EXPECT_FALSE(evaluate("1 2", names).ok());
}

TEST(InterfaceReader, ParametersAndPorts) {
  const auto result = read_interface(R"(
// module comment: module nothing (
module m #(
  parameter int W = 4,  // width (bits)
  parameter int D = W * 2,
  localparam int A = $clog2(D)
) (
  input  logic         clk_i, rst_ni,
  input  logic [W-1:0] a_i, /* data */ b_i,
  output logic signed [D-1:0] y_o,
  output logic [A-1:0] z_o
);
endmodule)");
  ASSERT_TRUE(result.ok()) << result.error().message;
  const Interface& m = result.value();
  EXPECT_EQ(m.name, "m");
  ASSERT_EQ(m.parameters.size(), 2U);
  ASSERT_EQ(m.derived.size(), 1U);
  ASSERT_EQ(m.ports.size(), 6U);
  EXPECT_EQ(m.ports[1].name, "rst_ni");
  EXPECT_EQ(m.ports[3].name, "b_i");
  EXPECT_EQ(m.ports[4].direction, Direction::kOutput);
  const auto values = resolve_parameters(m, {{"W", 8}}, {});
  ASSERT_TRUE(values.ok());
  EXPECT_EQ(evaluate(m.ports[1].width, values.value()).value(), 1);
  EXPECT_EQ(evaluate(m.ports[3].width, values.value()).value(), 8);
  EXPECT_EQ(evaluate(m.ports[4].width, values.value()).value(), 16);
  EXPECT_EQ(evaluate(m.ports[5].width, values.value()).value(), 4);
  EXPECT_FALSE(resolve_parameters(m, {{"X", 8}}, {}).ok());
}

TEST(InterfaceReader, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(read_interface("package p; endpackage").ok());
  EXPECT_FALSE(read_interface("module m;").ok());
  EXPECT_FALSE(read_interface("module m #(parameter logic [3:0] A = 1) (input logic a);").ok());
  EXPECT_FALSE(read_interface("module m (input logic a [4]);").ok());
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every hand-written leaf module can be instantiated by the emitter: its header is understood, each
// width evaluates with the default parameters, and the module is named like its file.
TEST(InterfaceReader, EveryHandWrittenModule) {
  const std::filesystem::path directory = BAT_RTL_DIR;
  const auto package = read_package(text_of(directory / "bat_pkg.sv"));
  ASSERT_TRUE(package.ok()) << package.error().message;
  EXPECT_EQ(package.value().at("bat_pkg::InstrW"), 256);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".sv" || entry.path().stem() == "bat_pkg") continue;
    SCOPED_TRACE(entry.path().filename());
    const auto interface = read_interface(text_of(entry.path()));
    ASSERT_TRUE(interface.ok()) << interface.error().message;
    EXPECT_EQ(interface.value().name, entry.path().stem());
    const auto values = resolve_parameters(interface.value(), {}, package.value());
    ASSERT_TRUE(values.ok()) << values.error().message;
    for (const InterfacePort& port : interface.value().ports) {
      const auto width = evaluate(port.width, values.value());
      EXPECT_TRUE(width.ok()) << port.name << ": " << (width.ok() ? "" : width.error().message);
    }
  }
}

}  // namespace
}  // namespace bat::emit
