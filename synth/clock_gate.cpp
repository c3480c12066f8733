// SPDX-License-Identifier: Apache-2.0
#include "synth/clock_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "synth/design.hpp"
#include "synth/logic_function.hpp"

namespace bat::synth {
namespace {

using Statement = LibertyStatement;

double number(const Statement& group, std::string_view name) {
  const std::string_view text = group.attribute(name);
  double value = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_true(const Statement& pin, std::string_view attribute) {
  return pin.attribute(attribute) == "true";
}

std::optional<LogicFunction> function_of(std::string_view text) {
  auto function = parse_function(text);
  if (text.empty() || !function) return std::nullopt;
  return std::move(function).value();
}

// The only output, nullptr when there are several.
const Statement* single_output(const Statement& cell) {
  const Statement* output = nullptr;
  for (const Statement& pin : cell.members) {
    if (pin.name != "pin" || pin.attribute("direction") != "output") continue;
    if (output != nullptr) return nullptr;
    output = &pin;
  }
  return output;
}

std::optional<ClockGateCells::Integrated> as_integrated(const Statement& cell) {
  if (!cell.attribute("clock_gating_integrated_cell").starts_with("latch_posedge"))
    return std::nullopt;
  ClockGateCells::Integrated made;
  made.cell = cell.argument();
  for (const Statement& pin : cell.members) {
    if (pin.name != "pin") continue;
    if (is_true(pin, "clock_gate_clock_pin")) made.clock = pin.argument();
    if (is_true(pin, "clock_gate_enable_pin")) made.enable = pin.argument();
    if (is_true(pin, "clock_gate_test_pin")) made.test = pin.argument();
    if (is_true(pin, "clock_gate_out_pin")) made.output = pin.argument();
  }
  if (made.clock.empty() || made.enable.empty() || made.output.empty()) return std::nullopt;
  return made;
}

std::optional<ClockGateCells::Latch> as_latch(const Statement& cell) {
  const Statement* latch = cell.find("latch");
  if (latch == nullptr || latch->find("clear") != nullptr || latch->find("preset") != nullptr)
    return std::nullopt;
  const auto enable = function_of(latch->attribute("enable"));
  const auto data = function_of(latch->attribute("data_in"));
  if (!enable || enable->inputs.size() != 1 || !data || !data->is_wire()) return std::nullopt;
  for (const Statement& pin : cell.members) {
    if (pin.name != "pin" || pin.attribute("direction") != "output") continue;
    const auto function = function_of(pin.attribute("function"));
    if (!function || !function->is_wire() || function->inputs.front() != latch->argument())
      continue;
    return ClockGateCells::Latch{std::string(cell.argument()), enable->inputs.front(),
                                 data->inputs.front(), std::string(pin.argument()),
                                 !enable->is_wire()};
  }
  return std::nullopt;
}

// A cell of one output with this table over so many inputs.
std::optional<ClockGateCells::Gate> as_gate(const Statement& cell, std::size_t inputs,
                                            std::uint64_t table) {
  const Statement* output = single_output(cell);
  if (output == nullptr || cell.find("ff") != nullptr || cell.find("latch") != nullptr ||
      output->find("three_state") != nullptr)
    return std::nullopt;
  const auto function = function_of(output->attribute("function"));
  if (!function || function->inputs.size() != inputs || function->table != table)
    return std::nullopt;
  return ClockGateCells::Gate{std::string(cell.argument()), function->inputs.front(),
                              inputs > 1 ? function->inputs[1] : std::string{},
                              std::string(output->argument())};
}

constexpr std::uint64_t kNot = 0b01;
constexpr std::uint64_t kAnd = 0b1000;

// A register of the word-level library that loses its enable. Others with one ($aldffe, $dffsre)
// do not come through elaboration: asynchronous values are constants, and one of them.
struct Register {
  std::string_view type;         ///< with an enable
  std::string_view plain;        ///< without
  std::string_view ports;        ///< beside CLK, EN, D and Q
  std::string_view parameters;   ///< with defaults
  std::string_view enable_more;  ///< what else needs the clock
};

constexpr std::array kRegisters{
    Register{"$dffe", "$dff", "", "", ""},
    Register{"$adffe", "$adff", "ARST", "ARST_POLARITY = 1, ARST_VALUE = 0", ""},
    // The synchronous reset counts whatever the enable.
    Register{"$sdffe", "$sdff", "SRST", "SRST_POLARITY = 1, SRST_VALUE = 0",
             "(SRST_POLARITY ? SRST : !SRST)"},
    Register{"$sdffce", "$sdff", "SRST", "SRST_POLARITY = 1, SRST_VALUE = 0", ""}};

// "A = 1, B = 0" to ".A(A), .B(B)".
std::string connections(std::string_view names) {
  std::string text;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    std::string_view name = names.substr(0, end);
    name = name.substr(0, name.find('='));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    text += fmt::format(", .{0}({0})", name);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return text;
}

std::string register_map(int min_bits) {
  std::string text;
  for (const Register& reg : kRegisters) {
    const std::string ports = reg.ports.empty() ? "" : fmt::format(", {}", reg.ports);
    const std::string parameters =
        reg.parameters.empty() ? "" : fmt::format(", {}", reg.parameters);
    const std::string more = reg.enable_more.empty() ? "" : fmt::format(" | {}", reg.enable_more);
    text += fmt::format(
        "(* techmap_celltype = \"{0}\" *)\nmodule bat_gate_{1} (CLK, EN{2}, D, Q);\n"
        "  parameter WIDTH = 1, CLK_POLARITY = 1, EN_POLARITY = 1{3};\n"
        "  input CLK, EN{2};\n  input [WIDTH-1:0] D;\n  output [WIDTH-1:0] Q;\n"
        "  wire _TECHMAP_FAIL_ = WIDTH < {4} || !CLK_POLARITY;\n  wire clk;\n"
        "  bat_clock_gate gate_i (.clk_i(CLK), .en_i((EN_POLARITY ? EN : !EN){5}), .clk_o(clk));\n"
        "  \\{6} #(.WIDTH(WIDTH), .CLK_POLARITY(1){7}) _TECHMAP_REPLACE_ (.CLK(clk), .D(D), "
        ".Q(Q){8});\nendmodule\n",
        reg.type, reg.type.substr(1), ports, parameters, min_bits, more, reg.plain,
        connections(reg.parameters), connections(reg.ports));
  }
  return text;
}

constexpr std::string_view kStub =
    "(* blackbox *) module bat_clock_gate (input clk_i, input en_i, output clk_o);\nendmodule\n"
    "(* blackbox *) module bat_clock_not (input clk_i, output clk_o);\nendmodule\n";

std::string gate_map(const ClockGateCells& cells) {
  std::string body;
  if (!cells.integrated.cell.empty()) {
    const auto& cell = cells.integrated;
    body = fmt::format("  {} gate_i (.{}(clk_i), .{}(en_i){}, .{}(clk_o));\n", cell.cell,
                       cell.clock, cell.enable,
                       cell.test.empty() ? "" : fmt::format(", .{}(1'b0)", cell.test), cell.output);
  } else {
    const auto& latch = cells.latch;
    const auto& both = cells.conjunction;
    if (!latch.active_low)
      body = "  wire low;\n  bat_clock_not not_i (.clk_i(clk_i), .clk_o(low));\n";
    body += fmt::format(
        "  wire held;\n  {} latch_i (.{}({}), .{}(en_i), .{}(held));\n"
        "  {} and_i (.{}(clk_i), .{}(held), .{}(clk_o));\n",
        latch.cell, latch.enable, latch.active_low ? "clk_i" : "low", latch.data, latch.output,
        both.cell, both.a, both.b, both.output);
  }
  return fmt::format(
      "module bat_clock_gate (input clk_i, input en_i, output clk_o);\n{}endmodule\n", body);
}

std::string inverter_map(const ClockGateCells& cells) {
  const auto& cell = cells.inverter;
  return fmt::format(
      "module bat_clock_not (input clk_i, output clk_o);\n  {} not_i (.{}(clk_i), "
      ".{}(clk_o));\nendmodule\n",
      cell.cell, cell.a, cell.output);
}

}  // namespace

Result<ClockGateCells> find_clock_gate(const LibertyStatement& library) {
  ClockGateCells made;
  double latch_area = 0.0;
  double inverter_area = 0.0;
  double drive = -1.0;
  for (const Statement& cell : library.members) {
    if (cell.name != "cell" || is_true(cell, "dont_use")) continue;
    const double area = number(cell, "area");
    if (const auto gate = as_integrated(cell); gate && made.integrated.cell.empty())
      made.integrated = *gate;
    if (const auto latch = as_latch(cell)) {
      if (made.latch.cell.empty() || area < latch_area) {
        made.latch = *latch;
        latch_area = area;
      }
    }
    if (const auto inverter = as_gate(cell, 1, kNot)) {
      if (made.inverter.cell.empty() || area < inverter_area) {
        made.inverter = *inverter;
        inverter_area = area;
      }
    }
    if (const auto both = as_gate(cell, 2, kAnd)) {
      const double most = number(*single_output(cell), "max_capacitance");
      if (most > drive) {
        made.conjunction = *both;
        drive = most;
      }
    }
  }
  if (!made.integrated.cell.empty()) return made;
  const auto missing = [&library](std::string_view what) {
    return Error{
        fmt::format("library {} has no clock gate: no cell with "
                    "clock_gating_integrated_cell and no {}; leave out --clock-gating",
                    library.argument(), what)};
  };
  if (made.latch.cell.empty()) return missing("latch");
  if (made.conjunction.cell.empty()) return missing("AND of two inputs");
  if (!made.latch.active_low && made.inverter.cell.empty()) return missing("inverter");
  return made;
}

Result<ClockGateCells> load_clock_gate(const std::filesystem::path& file) {
  const Result<std::string> text = read_text(file);
  if (!text) return Error{text.error().message, ErrorKind::kMismatch};
  const Result<Statement> tree = parse_liberty_tree(text.value(), file.string());
  if (!tree) return Error{tree.error().message, ErrorKind::kMismatch};
  Result<ClockGateCells> cells = find_clock_gate(tree.value());
  if (!cells)
    return Error{fmt::format("{}: {}", file.string(), cells.error().message), ErrorKind::kMismatch};
  return cells;
}

Result<std::string> clock_gate_commands(const ClockGateCells& cells, int min_bits,
                                        const std::filesystem::path& dir) {
  const bool inverted = cells.integrated.cell.empty() && !cells.latch.active_low;
  for (const auto& [file, text] :
       {std::pair{"clock_gate_stub.v", std::string(kStub)},
        std::pair{"clock_gate_registers.v", register_map(min_bits)},
        std::pair{"clock_gate_cells.v", gate_map(cells)},
        std::pair{"clock_gate_inverter.v", inverted ? inverter_map(cells) : std::string{}}}) {
    if (Status wrote = write_text(dir / file, text); !wrote) return wrote.error();
  }
  // Enables first, so that equal ones are one net; then gates of one clock and enable, then the
  // inverters of one clock.
  std::string text = fmt::format(
      "read_verilog -lib {}\ntechmap -map {}\nopt_expr\nopt_merge\nopt_clean\n"
      "opt_merge -share_all t:bat_clock_gate\ntechmap -map {}\n",
      quoted(dir / "clock_gate_stub.v"), quoted(dir / "clock_gate_registers.v"),
      quoted(dir / "clock_gate_cells.v"));
  if (inverted) {
    text += fmt::format("opt_merge -share_all t:bat_clock_not\ntechmap -map {}\n",
                        quoted(dir / "clock_gate_inverter.v"));
  }
  return text + "delete =bat_clock_gate =bat_clock_not\nopt_clean\n";
}

}  // namespace bat::synth
