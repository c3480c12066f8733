// SPDX-License-Identifier: Apache-2.0
#include "synth/bench.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bat::synth {
namespace {

bool is_clock(const Port& port) { return port.input && port.name == "clk_i"; }
bool is_reset(const Port& port) { return port.input && port.name == "rst_ni"; }
bool is_driven(const Port& port) { return port.input && !is_clock(port) && !is_reset(port); }

std::uint32_t whole_words(std::uint32_t width) { return (width + 31) / 32 * 32; }

// RTLIL writes sized constants as 8'00001111.
std::string verilog_constant(const std::string& value) {
  const std::size_t quote = value.find('\'');
  if (quote == std::string::npos || value.starts_with('"')) return value;
  return value.substr(0, quote) + "'b" + value.substr(quote + 1);
}

std::string parameter_list(const std::map<std::string, std::string>& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += fmt::format("{}.{}({})", text.empty() ? "" : ", ", name, verilog_constant(value));
  }
  return text.empty() ? text : "#(" + text + ") ";
}

// How a port of the source (side "rtl") or of the netlist ("net") is connected.
std::string connection(const Port& port, std::string_view side) {
  if (is_clock(port) || is_reset(port)) return fmt::format(".{0}({0})", port.name);
  if (port.input) return fmt::format(".{0}(in_{0}[{1}:0])", port.name, port.width - 1);
  return fmt::format(".{0}({1}_{0})", port.name, side);
}

std::string instance(const DesignModule& module, const std::string& type, std::string_view side) {
  std::string ports;
  for (const Port& port : module.ports) {
    ports += (ports.empty() ? "" : ", ") + connection(port, side);
  }
  return fmt::format("  {} u_{} ({});\n", type, side, ports);
}

// Inputs change at the clock edge; each port is uniform, sparse, dense or mostly held for a while.
std::string stimulus(const DesignModule& module) {
  std::string text;
  for (const Port& port : module.ports) {
    if (!is_driven(port)) continue;
    text += fmt::format(
        "  reg [{1}:0] in_{0} = 0;\n  reg [1:0] mode_{0} = 0;\n"
        "  always_ff @(posedge clk_i) begin\n"
        "    if (($urandom & 31) == 0) mode_{0} <= 2'($urandom);\n"
        "    for (int i = 0; i < {2}; i = i + 1) in_{0}[i*32+:32] <= draw(mode_{0}, "
        "in_{0}[i*32+:32]);\n"
        "  end\n",
        port.name, whole_words(port.width) - 1, whole_words(port.width) / 32);
  }
  return text;
}

std::string comparison(const std::string& unit, const DesignModule& module) {
  std::string text;
  std::string summary;
  std::uint64_t bits = 0;
  for (const Port& port : module.ports) {
    if (port.input) continue;
    bits += port.width;
    summary += fmt::format(" + $countones(zero_{0} & one_{0})", port.name);
    text += fmt::format(
        "  wire [{1}:0] rtl_{0}, net_{0};\n  reg [{1}:0] zero_{0} = 0, one_{0} = 0;\n  reg bad_{0} "
        "= 0;\n"
        "  always_ff @(posedge clk_i) if (compare_i) begin\n"
        "    zero_{0} <= zero_{0} | ~rtl_{0};\n    one_{0} <= one_{0} | rtl_{0};\n"
        "    if (rtl_{0} !== net_{0} && !bad_{0}) begin\n      bad_{0} <= 1;\n"
        "      $display(\"MISMATCH {2} {0} %0d %h %h\", cycle_i, rtl_{0}, net_{0});\n    end\n  "
        "end\n",
        port.name, port.width - 1, unit);
  }
  return text + fmt::format("  final $display(\"UNIT {} {} %0d\", 0{});\n", unit, bits, summary);
}

std::string unit_bench(const Design& design, const std::string& unit) {
  const DesignModule& module = design.modules.at(unit);
  std::string text = fmt::format(
      "module bench_{} (input wire clk_i, input wire rst_ni, input wire compare_i, input wire "
      "[63:0] cycle_i);\n",
      unit);
  text +=
      "  function automatic [31:0] draw(input [1:0] mode, input [31:0] old);\n"
      "    case (mode)\n"
      "      2'd0: draw = $urandom;\n"
      "      2'd1: draw = $urandom & $urandom & $urandom;\n"
      "      2'd2: draw = $urandom | $urandom | $urandom;\n"
      "      default: draw = (($urandom & 3) == 0) ? $urandom : old;\n"
      "    endcase\n"
      "  endfunction\n";
  text += stimulus(module) + comparison(unit, module);
  text +=
      instance(module, fmt::format("{} {}", module.base, parameter_list(module.parameters)), "rtl");
  text += instance(module, unit, "net");
  return text + "endmodule\n\n";
}

}  // namespace

std::string wrapper(const std::string& name, const DesignModule& like, const std::string& type,
                    const std::map<std::string, std::string>& parameters) {
  std::string head;
  std::string body;
  for (const Port& port : like.ports) {
    head += fmt::format("{}{} [{}:0] {}", head.empty() ? "" : ", ",
                        port.input ? "input wire" : "output wire", port.width - 1, port.name);
    body += fmt::format("{}.{}({})", body.empty() ? "" : ", ", port.name, port.name);
  }
  return fmt::format("module {} ({});\n  {} {}u_inside ({});\nendmodule\n\n", name, head, type,
                     parameter_list(parameters), body);
}

std::string bench_text(const Design& design, const std::vector<std::string>& units) {
  std::string text;
  std::string instances;
  for (const std::string& unit : units) {
    text += unit_bench(design, unit);
    instances += fmt::format("  bench_{0} u_{0} (.clk_i, .rst_ni, .compare_i, .cycle_i);\n", unit);
  }
  return text + fmt::format(
                    "module {} (input wire clk_i, input wire rst_ni, input wire compare_i, input "
                    "wire [63:0] cycle_i);\n"
                    "{}endmodule\n",
                    kBenchTop, instances);
}

std::string_view bench_main() {
  return R"cpp(#include <cstdint>
#include <cstdlib>
#include <memory>

#include "Vnetlist_bench.h"
#include "verilated.h"

               int main(int argc, char** argv) {
                 if (argc != 3) return 2;
                 const std::uint64_t cycles = std::strtoull(argv[1], nullptr, 10);
                 const auto context = std::make_unique<VerilatedContext>();
                 context->randReset(0);
                 context->randSeed(std::atoi(argv[2]));
                 const auto bench = std::make_unique<Vnetlist_bench>(context.get());
                 bench->clk_i = 0;
                 bench->rst_ni = 1;
                 bench->eval();
                 for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
                   bench->cycle_i = cycle;
                   bench->rst_ni = cycle >= 4 && (cycle < cycles / 2 || cycle >= cycles / 2 + 4);
                   bench->compare_i = cycle >= 4;
                   bench->eval();
                   bench->clk_i = 1;
                   bench->eval();
                   bench->clk_i = 0;
                   bench->eval();
                 }
                 bench->final();
                 return 0;
               }
  )cpp";
}

}  // namespace bat::synth
