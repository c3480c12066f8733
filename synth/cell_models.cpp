// SPDX-License-Identifier: Apache-2.0
#include "synth/cell_models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>

#include "synth/liberty.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

std::set<std::string> library_cells(const NetlistCounts& netlist, const Design& design) {
  std::set<std::string> cells;
  for (const auto& [module, counts] : netlist) {
    for (const auto& [type, count] : counts) {
      if (!design.modules.contains(type)) cells.insert(type);
    }
  }
  return cells;
}

// The name after `module`, empty on other lines.
std::string_view module_name(std::string_view line) {
  if (!line.starts_with("module ")) return {};
  const std::size_t start = line.find_first_not_of(' ', 7);
  const std::size_t end = line.find_first_of(" (;#", start);
  return start == std::string_view::npos ? std::string_view{} : line.substr(start, end - start);
}

Result<std::string> liberty_models(const std::optional<std::filesystem::path>& chosen,
                                   const std::filesystem::path& work_dir) {
  const Result<std::filesystem::path> liberty = find_liberty(chosen);
  if (!liberty) return liberty.error();
  const Result<Liberty> cells = load_cells(liberty.value());
  if (!cells) return cells.error();
  const std::filesystem::path models = work_dir / "cells.v";
  // Tri-state buffers have no two-state function; the flow never uses them.
  std::string unused;
  for (const auto& [name, cell] : cells.value().cells) {
    if (name.starts_with("TBUF")) unused += fmt::format("delete {}\n", name);
  }
  const std::string script =
      fmt::format("read_liberty -ignore_miss_func {}\n{}proc\nwrite_verilog -noattr {}\n",
                  quoted(liberty.value()), unused, quoted(models));
  if (Status wrote = write_text(work_dir / "cells.ys", script); !wrote) return wrote.error();
  const ToolRun run{{"yosys", "-q", "-s", (work_dir / "cells.ys").string()},
                    work_dir,
                    work_dir / "cells.log",
                    std::chrono::seconds{120}};
  if (Result<double> ran = run_checked(run, {}); !ran) return ran.error();
  return read_text(models);
}

// One bit of a Xilinx carry chain.
std::string carry_bit(int bit, const std::string& below) {
  return fmt::format(
      "  wire c{0} = S[{0}] ? {1} : DI[{0}];\n  assign O[{0}] = S[{0}] ^ {1};\n"
      "  assign CO[{0}] = c{0};\n",
      bit, below);
}

}  // namespace

std::string carry_models(const std::string& carry4, const std::string& carry8) {
  std::string text = fmt::format(
      "module {}(output [3:0] CO, output [3:0] O, input CI, input CYINIT, input [3:0] DI, input "
      "[3:0] S);\n"
      "  wire first = CI | CYINIT;\n",
      carry4);
  for (int bit = 0; bit < 4; ++bit)
    text += carry_bit(bit, bit == 0 ? "first" : fmt::format("c{}", bit - 1));
  text += fmt::format(
      "endmodule\n"
      "module {}(output [7:0] CO, output [7:0] O, input CI, input CI_TOP, input [7:0] DI, input "
      "[7:0] S);\n"
      "  parameter CARRY_TYPE = \"SINGLE_CY8\";\n",
      carry8);
  for (int bit = 0; bit < 8; ++bit) {
    if (bit == 4) text += "  wire middle = CARRY_TYPE == \"DUAL_CY4\" ? CI_TOP : c3;\n";
    text += carry_bit(bit, bit == 0 ? "CI" : bit == 4 ? "middle" : fmt::format("c{}", bit - 1));
  }
  return text + "endmodule\n";
}

std::string dsp_model(const std::string& name) {
  std::string ports;
  for (const char* port :
       {"input [29:0] A", "input [17:0] B", "input [47:0] C", "input CLK", "input CEP",
        "input [8:0] OPMODE", "output [47:0] P", "input [3:0] ALUMODE", "input CARRYIN",
        "input [2:0] CARRYINSEL", "input [4:0] INMODE", "input [26:0] D", "input [29:0] ACIN",
        "input [17:0] BCIN", "input [47:0] PCIN", "input CARRYCASCIN", "input MULTSIGNIN"}) {
    ports += fmt::format("{}{}", ports.empty() ? "" : ", ", port);
  }
  for (const char* unit :
       {"CEA1", "CEA2",          "CEAD",       "CEALUMODE", "CEB1",     "CEB2",
        "CEC",  "CECARRYIN",     "CECTRL",     "CED",       "CEINMODE", "CEM",
        "RSTA", "RSTALLCARRYIN", "RSTALUMODE", "RSTB",      "RSTC",     "RSTCTRL",
        "RSTD", "RSTINMODE",     "RSTM",       "RSTP"}) {
    ports += fmt::format(", input {}", unit);
  }
  std::string registers;
  std::string none;
  for (const char* stage :
       {"AREG", "BREG", "ACASCREG", "BCASCREG", "CREG", "DREG", "ADREG", "MREG", "INMODEREG",
        "OPMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG"}) {
    registers += fmt::format("  parameter {} = 1;\n", stage);
    none += fmt::format(" && {} == 0", stage);
  }
  return fmt::format(
      "module {}({});\n  parameter USE_MULT = \"MULTIPLY\";\n  parameter USE_SIMD = \"ONE48\";\n"
      "  parameter PREG = 1;\n{}"
      "  wire known = USE_MULT == \"NONE\" && USE_SIMD == \"TWO24\" && PREG == 1{};\n"
      "  wire legal = known && ALUMODE == 4'd0 && OPMODE[8] == 1'b0 && OPMODE[6:5] == 2'b01\n"
      "    && OPMODE[3:0] == 4'b0011 && CARRYIN == 1'b0 && CARRYINSEL == 3'd0 && RSTP == 1'b0;\n"
      "  reg [47:0] sums;\n"
      "  wire [47:0] x = {{A, B}};\n  wire [47:0] z = OPMODE[4] ? C : sums;\n"
      "  wire [47:0] w = OPMODE[7] ? sums : 48'd0;\n"
      "  always @(posedge CLK) if (CEP) begin\n"
      "    sums[23:0] <= legal ? w[23:0] + x[23:0] + z[23:0] : 24'd0;\n"
      "    sums[47:24] <= legal ? w[47:24] + x[47:24] + z[47:24] : 24'd0;\n  end\n"
      "  assign P = sums;\nendmodule\n",
      name, ports, registers, none);
}

std::string lut_model(const std::string& name, const std::string& parameter, int inputs) {
  std::string ports;
  std::string index;
  for (int i = 0; i < inputs; ++i) {
    ports += fmt::format(", input I{}", i);
    index += fmt::format("{}I{}", i == 0 ? "" : ", ", inputs - 1 - i);
  }
  return fmt::format(
      "module {}(output O{});\n  parameter [{}:0] {} = 0;\n  assign O = {}[{{{}}}];\nendmodule\n",
      name, ports, (1 << inputs) - 1, parameter, parameter, index);
}

Result<std::filesystem::path> find_cell_library(Target target) {
  const char* chosen = std::getenv("BAT_YOSYS_SHARE");
  const std::filesystem::path share = chosen != nullptr ? chosen : "/usr/share/yosys";
  const std::filesystem::path file =
      share / (target == Target::kIce40 ? "ice40" : "xilinx") / "cells_sim.v";
  std::error_code ignored;
  if (std::filesystem::is_regular_file(file, ignored)) return file;
  return Error{
      fmt::format("{} is not there; install it with: apt-get install yosys", file.string()),
      ErrorKind::kMissingTool};
}

Result<std::string> cut_modules(const std::string& verilog,
                                const std::vector<std::string>& modules) {
  std::set<std::string, std::less<>> wanted(modules.begin(), modules.end());
  std::string text;
  bool inside = false;
  bool copy = false;
  for (std::size_t at = 0; at < verilog.size();) {
    const std::size_t end = std::min(verilog.find('\n', at), verilog.size());
    const std::string_view line = std::string_view(verilog).substr(at, end - at);
    at = end + 1;
    const std::string_view name = module_name(line);
    if (!name.empty()) {
      inside = true;
      copy = wanted.erase(std::string(name)) > 0;
    }
    // Outside of modules only directives matter: attributes and comments there belong to what is
    // not copied.
    if (copy || (!inside && line.starts_with('`'))) text.append(line).append("\n");
    if (line.starts_with("endmodule")) inside = copy = false;
  }
  if (wanted.empty()) return text;
  return Error{fmt::format("there is no simulation model of {}", *wanted.begin()),
               ErrorKind::kMismatch};
}

Result<std::string> cell_models(const NetlistCounts& netlist, const Design& design, Target target,
                                const std::filesystem::path& work_dir,
                                const std::optional<std::filesystem::path>& liberty) {
  std::set<std::string> cells = library_cells(netlist, design);
  const Result<std::string> library = target == Target::kOsu018
                                          ? liberty_models(liberty, work_dir)
                                          : [target]() -> Result<std::string> {
    const Result<std::filesystem::path> file = find_cell_library(target);
    if (!file) return file.error();
    return read_text(file.value());
  }();
  if (!library) return library;
  std::string own;
  if (target == Target::kXcup && cells.erase("CARRY4") + cells.erase("CARRY8") > 0) {
    own = carry_models("CARRY4", "CARRY8");
  }
  if (target == Target::kXcup && cells.erase("DSP48E2") > 0) own += dsp_model("DSP48E2");
  if (target == Target::kXcup) {
    for (int inputs = 1; inputs <= 6; ++inputs) {
      const std::string name = fmt::format("LUT{}", inputs);
      if (cells.erase(name) > 0) own += lut_model(name, "INIT", inputs);
    }
  }
  if (target == Target::kIce40 && cells.erase("SB_LUT4") > 0)
    own += lut_model("SB_LUT4", "LUT_INIT", 4);
  Result<std::string> cut = cut_modules(library.value(), {cells.begin(), cells.end()});
  if (!cut) return cut;
  // The libraries state delays; Verilator knows no default values of ports.
  return "/* verilator lint_off STMTDLY */\n`timescale 1ns / 1ps\n`define "
         "NO_ICE40_DEFAULT_ASSIGNMENTS\n" +
         cut.value() + own;
}

}  // namespace bat::synth
