// SPDX-License-Identifier: Apache-2.0
#include "synth/leaf_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace bat::synth {
namespace {

// Contents of a table: bit i is the output for inputs i.
template <typename Function>
std::uint64_t contents(int inputs, Function output) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < (1U << inputs); ++i)
    bits |= static_cast<std::uint64_t>(output(i) ? 1 : 0) << i;
  return bits;
}

unsigned ones(unsigned value) { return static_cast<unsigned>(__builtin_popcount(value)); }
bool bit(unsigned value, int index) { return (value >> index & 1U) != 0; }

// Matches of two lanes whose bits come as a0 b0 a1 b1.
unsigned matches(unsigned i) {
  return (bit(i, 0) == bit(i, 1) ? 1U : 0U) + (bit(i, 2) == bit(i, 3) ? 1U : 0U);
}

// A table of up to five inputs with two outputs; input 5 is 1, so O6 is the upper half.
template <typename Upper, typename Lower>
std::string two_outputs(std::string_view name, const std::vector<std::string>& inputs,
                        std::string_view o6, std::string_view o5, Upper upper, Lower lower) {
  std::string ports;
  for (std::size_t i = 0; i < 5; ++i) {
    ports += fmt::format(", .I{}({})", i, i < inputs.size() ? inputs[i] : std::string("1'b0"));
  }
  const auto masked = [&inputs](auto function) {
    return contents(5, [&](unsigned i) { return function(i & ((1U << inputs.size()) - 1)); });
  };
  return fmt::format("  LUT6_2 #(.INIT(64'h{:08x}{:08x})) {}(.O6({}), .O5({}){}, .I5(1'b1));\n",
                     masked(upper), masked(lower), name, o6, o5, ports);
}

std::string pair_body() {
  return two_outputs(
      "table_i", {"a_i[0]", "b_i[0]", "a_i[1]", "b_i[1]", "s_i"}, "s_o", "c_o",
      [](unsigned i) { return bit(matches(i) + (i >> 4), 0); },
      [](unsigned i) { return bit(matches(i) + (i >> 4), 1); });
}

std::string slot_lanes_body() {
  return two_outputs(
      "table_i", {"a_i[0]", "b_i[0]", "a_i[1]", "b_i[1]"}, "p_o", "d_o",
      [](unsigned i) { return bit(matches(i), 0); },
      [](unsigned i) { return bit(i, 0) == bit(i, 1); });
}

std::string slot_six_body() {
  const std::uint64_t parity = contents(6, [](unsigned i) { return bit(ones(i), 0); });
  return fmt::format(
             "  LUT6 #(.INIT(64'h{:016x})) low_i(.O(p_o[0]), .I0(x_i[0]), .I1(x_i[1]), "
             ".I2(x_i[2]), .I3(x_i[3]), "
             ".I4(x_i[4]), .I5(x_i[5]));\n  assign d_o[0] = x_i[5];\n",
             parity) +
         two_outputs(
             "high_i", {"x_i[0]", "x_i[1]", "x_i[2]", "x_i[3]", "x_i[4]"}, "p_o[1]", "d_o[1]",
             [](unsigned i) { return ones(i) / 2 == 1; },
             [](unsigned i) { return ones(i) / 2 == 2; });
}

std::string slot_four_body() {
  return two_outputs(
             "low_i", {"x_i[0]", "x_i[1]", "x_i[2]", "x_i[3]"}, "p_o[0]", "d_o[0]",
             [](unsigned i) { return bit(ones(i), 0); }, [](unsigned i) { return bit(i, 3); }) +
         two_outputs(
             "high_i", {"x_i[0]", "x_i[1]", "x_i[2]", "y_i"}, "p_o[1]", "d_o[1]",
             [](unsigned i) { return (ones(i & 7U) >= 2) != bit(i, 3); },
             [](unsigned i) { return bit(i, 3); });
}

std::string slot_two_body() {
  return two_outputs(
      "table_i", {"x_i[0]", "x_i[1]"}, "p_o", "d_o", [](unsigned i) { return bit(ones(i), 0); },
      [](unsigned i) { return bit(i, 0); });
}

std::string full_adder_body() {
  return two_outputs(
      "table_i", {"a_i", "b_i", "c_i"}, "s_o", "co_o", [](unsigned i) { return bit(ones(i), 0); },
      [](unsigned i) { return bit(ones(i), 1); });
}

std::string half_adder_body() {
  return two_outputs(
      "table_i", {"a_i", "b_i"}, "s_o", "co_o", [](unsigned i) { return bit(ones(i), 0); },
      [](unsigned i) { return bit(ones(i), 1); });
}

struct Leaf {
  std::string_view base;
  std::string_view ports;
  std::string (*body)();
};

constexpr std::array kLeaves = {
    Leaf{"fa", "input a_i, b_i, c_i, output s_o, co_o", full_adder_body},
    Leaf{"ha", "input a_i, b_i, output s_o, co_o", half_adder_body},
    Leaf{"lut6_pair", "input [1:0] a_i, b_i, input s_i, output s_o, c_o", pair_body},
    Leaf{"lut6_slot_lanes", "input [1:0] a_i, b_i, output p_o, d_o", slot_lanes_body},
    Leaf{"lut6_slot_six", "input [5:0] x_i, output [1:0] p_o, d_o", slot_six_body},
    Leaf{"lut6_slot_four", "input [3:0] x_i, input y_i, output [1:0] p_o, d_o", slot_four_body},
    Leaf{"lut6_slot_two", "input [1:0] x_i, output p_o, d_o", slot_two_body},
    Leaf{"carry_exit", "input c_i, output c_o",
         [] { return std::string("  assign c_o = c_i;\n"); }}};

std::string module_text(std::string_view cell, std::string_view ports, std::string_view body) {
  return fmt::format("(* techmap_celltype = \"{0}\" *)\nmodule bat_map_{0}({1});\n{2}endmodule\n",
                     cell, ports, body);
}

// One carry cell of `width` slots for the slots from `first` on.
std::string carry_cell(int width, int first, int slots, const std::string& carry_in) {
  const int used = std::min(width, slots - first);
  const std::string pad = used < width ? fmt::format("{}'b0, ", width - used) : std::string();
  const std::string range = fmt::format("[{}:{}]", first + used - 1, first);
  const std::string inputs = width == 4 && first == 0
                                 ? fmt::format(".CI(1'b0), .CYINIT({})", carry_in)
                             : width == 4 ? fmt::format(".CI({}), .CYINIT(1'b0)", carry_in)
                                          : fmt::format(".CI({}), .CI_TOP(1'b0)", carry_in);
  return fmt::format(
      "  wire [{0}:0] o{1}, c{1};\n  CARRY{2} cell{1}_i({3}, .DI({{{4}d_i{5}}}), "
      ".S({{{4}p_i{5}}}), "
      ".O(o{1}), .CO(c{1}));\n  assign s_o{5} = o{1}[{6}:0];\n",
      width - 1, first, width, inputs, pad, range, used - 1);
}

std::string chain_body(int slots) {
  std::string text;
  std::string carry = "c_i";
  for (int first = 0; first < slots;) {
    const int width = slots - first <= 4 ? 4 : 8;
    text += carry_cell(width, first, slots, carry);
    carry = fmt::format("c{}[{}]", first, std::min(width, slots - first) - 1);
    first += width;
  }
  return text + fmt::format("  assign c_o = {};\n", carry);
}

// Two sums of 24 bits in one DSP block: X = counts, Z = preloads or sums, W = sums once more to
// double them. No register but P, whose clock enable is the step.
std::string accumulator_body(int acc, int count) {
  const auto half = [](int bits, const char* port) {
    return bits < 24 ? fmt::format("{}'b0, {}", 24 - bits, port) : std::string(port);
  };
  return fmt::format(
      "  wire [47:0] add = {{{0}, {1}}};\n  wire [47:0] load = {{{2}, {3}}};\n"
      "  wire [47:0] sums;\n"
      "  DSP48E2 #(.USE_MULT(\"NONE\"), .USE_SIMD(\"TWO24\"), .AREG(0), .BREG(0), .ACASCREG(0),\n"
      "    .BCASCREG(0), .CREG(0), .DREG(0), .ADREG(0), .MREG(0), .PREG(1), .INMODEREG(0),\n"
      "    .OPMODEREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0)) sums_i(\n"
      "    .A(add[47:18]), .B(add[17:0]), .C(load), .CLK(clk_i), .CEP(valid_i),\n"
      "    .OPMODE({{1'b0, twice_i, 2'b01, first_i, 4'b0011}}), .P(sums),\n"
      "    .ALUMODE(4'b0), .CARRYIN(1'b0), .CARRYINSEL(3'b0), .INMODE(5'b0), .D(27'b0),\n"
      "    .ACIN(30'b0), .BCIN(18'b0), .PCIN(48'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),\n"
      "    .CEA1(1'b0), .CEA2(1'b0), .CEAD(1'b0), .CEALUMODE(1'b0), .CEB1(1'b0), .CEB2(1'b0),\n"
      "    .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0), .CEINMODE(1'b0), .CEM(1'b0),\n"
      "    .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0),\n"
      "    .RSTCTRL(1'b0), .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0));\n"
      "  assign acc0_o = sums[{4}:0];\n  assign acc1_o = sums[{5}:24];\n",
      half(count, "count1_i"), half(count, "count0_i"), half(acc, "preload1_i"),
      half(acc, "preload0_i"), acc - 1, 23 + acc);
}

std::string accumulator_ports(int acc, int count) {
  return fmt::format(
      "input clk_i, valid_i, first_i, twice_i, input [{0}:0] count0_i, count1_i, input [{1}:0] "
      "preload0_i, preload1_i, output [{1}:0] acc0_o, acc1_o",
      count - 1, acc - 1);
}

// Carry-save adders that Yosys finds ($fa) become the library's adder cells, which abc cannot use
// because they have two outputs.
constexpr std::string_view kCarrySaveMap = R"((* techmap_celltype = "$fa" *)
module bat_map_carry_save(A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  genvar i;
  generate for (i = 0; i < WIDTH; i = i + 1) begin : bits
    FAX1 cell_i(.A(A[i]), .B(B[i]), .C(C[i]), .YS(Y[i]), .YC(X[i]));
  end endgenerate
endmodule
)";

}  // namespace

bool is_table_leaf(std::string_view base) {
  return base == "carry_chain" || base == "acc_pair" ||
         std::ranges::find(kLeaves, base, &Leaf::base) != kLeaves.end();
}

std::string table_map(const Design& design) {
  std::string text;
  for (const auto& [name, module] : design.modules) {
    const auto leaf = std::ranges::find(kLeaves, module.base, &Leaf::base);
    if (leaf != kLeaves.end()) {
      text += module_text(name, leaf->ports, leaf->body());
    } else if (module.base == "carry_chain") {
      const int slots = std::stoi(module.parameters.at("N"));
      text += module_text(
          name,
          fmt::format("input c_i, input [{0}:0] p_i, d_i, output [{0}:0] s_o, output c_o",
                      slots - 1),
          chain_body(slots));
    } else if (module.base == "acc_pair") {
      const int acc = std::stoi(module.parameters.at("AccW"));
      const int count = std::stoi(module.parameters.at("CountW"));
      text += module_text(name, accumulator_ports(acc, count), accumulator_body(acc, count));
    }
  }
  return text;
}

std::string adder_map(const Design& design) {
  std::string text(kCarrySaveMap);
  for (const auto& [name, module] : design.modules) {
    if (module.base == "fa") {
      text += module_text(name, "input a_i, b_i, c_i, output s_o, co_o",
                          "  FAX1 cell_i(.A(a_i), .B(b_i), .C(c_i), .YS(s_o), .YC(co_o));\n");
    } else if (module.base == "ha") {
      text += module_text(name, "input a_i, b_i, output s_o, co_o",
                          "  HAX1 cell_i(.A(a_i), .B(b_i), .YS(s_o), .YC(co_o));\n");
    } else if (module.base == "lane_match") {
      text += module_text(name, "input a_i, b_i, output match_o",
                          "  wire both;\n  NAND2X1 both_i(.A(a_i), .B(b_i), .Y(both));\n"
                          "  OAI21X1 cell_i(.A(a_i), .B(b_i), .C(both), .Y(match_o));\n");
    }
  }
  return text;
}

}  // namespace bat::synth
