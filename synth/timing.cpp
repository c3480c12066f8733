// SPDX-License-Identifier: Apache-2.0
#include "synth/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <vector>

#include "synth/tool.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kRamHeader = R"(library (rams) {
  delay_model : table_lookup;
  time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1uA"; pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW"; capacitive_load_unit (1,pf);
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
)";

std::string check_arc(std::string_view kind) {
  return fmt::format(
      "      timing () {{ related_pin : \"clk_i\"; timing_type : {}_rising;\n"
      "        rise_constraint (scalar) {{ values (\"0.0\"); }} fall_constraint (scalar) {{ values "
      "(\"0.0\"); }} }}\n",
      kind);
}

std::string output_arc(double access_ns) {
  return fmt::format(
      "      timing () {{ related_pin : \"clk_i\"; timing_type : rising_edge;\n"
      "        cell_rise (scalar) {{ values (\"{0}\"); }} cell_fall (scalar) {{ values (\"{0}\"); "
      "}}\n"
      "        rise_transition (scalar) {{ values (\"0.1\"); }} fall_transition (scalar) {{ values "
      "(\"0.1\"); }} }}\n",
      access_ns);
}

std::string ram_port(const Port& port, double access_ns) {
  if (port.name == "clk_i") {
    return "    pin (clk_i) { direction : input; clock : true; capacitance : 0.01; }\n";
  }
  std::string head = port.width == 1
                         ? fmt::format("    pin ({}) {{ ", port.name)
                         : fmt::format("    bus ({}) {{ bus_type : b{}; ", port.name, port.width);
  head += port.input ? "direction : input; capacitance : 0.01;\n" : "direction : output;\n";
  return head + (port.input ? check_arc("setup") + check_arc("hold") : output_arc(access_ns)) +
         "    }\n";
}

// The modules that a module's netlist needs, itself included.
void closure(const std::string& name, const NetlistCounts& counts, std::set<std::string>& found) {
  const auto module = counts.find(name);
  if (module == counts.end() || !found.insert(name).second) return;
  for (const auto& [type, count] : module->second) closure(type, counts, found);
}

// The clock and what arrives at it. A unit without a clock gets a virtual one.
std::string constraints(const DesignModule& module, double period_ns) {
  std::string text;
  bool clocked = false;
  for (const Port& port : module.ports) clocked = clocked || (port.input && port.name == "clk_i");
  text += fmt::format("create_clock -name clk -period {}{}\n", period_ns,
                      clocked ? " [get_ports clk_i]" : "");
  text +=
      "foreach port [all_inputs] { if {[get_name $port] ne \"clk_i\"} "
      "{ set_input_delay 0 -clock clk $port } }\n"
      "set_output_delay 0 -clock clk [all_outputs]\n";
  return text;
}

std::string unit_script(const std::string& name, const DesignModule& module,
                        const NetlistCounts& counts,
                        const std::map<std::string, std::string>& files,
                        const TimingOptions& options) {
  std::set<std::string> needed;
  closure(name, counts, needed);
  std::string text = fmt::format("puts \"@unit {}\"\n", name);
  for (const std::string& file : needed) {
    if (files.contains(file)) text += fmt::format("read_verilog units/{}.v\n", file);
  }
  text += fmt::format("link_design {}\n{}", name, constraints(module, options.period_ns));
  text += path_commands();
  text += "puts \"@worst\"\nreport_checks -path_delay max\n";
  return text + "puts \"@end\"\n";
}

// The last number before the word `slack` on a line, or after it ("slack (MET)" follows the value).
std::optional<double> leading_number(const std::string& line) {
  std::istringstream in(line);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

struct Reader {
  double period_ns;
  TimingReport report;
  UnitTiming* unit = nullptr;
  std::string part;
  std::string start;
  std::string end;
  std::optional<double> latch;
  std::string latch_start;

  void slack(double value) {
    if (part == "setup") {
      unit->register_ns = period_ns - value;
      unit->start = start;
      unit->end = end;
    } else if (part == "hold") {
      unit->hold_slack_ns = value;
    } else if (part == "latch") {
      latch = value;
      latch_start = start;
      enable(std::nullopt);
    } else if (part == "gate") {
      enable(value);
    } else if (part == "latch_hold" || part == "gate_hold") {
      unit->gate_hold_slack_ns = std::min(value, unit->gate_hold_slack_ns.value_or(value));
    } else if (part == "worst") {
      unit->worst_ns = period_ns - value;
    }
  }

  void enable(std::optional<double> gate) {
    if (!latch) return;
    unit->enable_ns = enable_path_ns(period_ns, *latch, gate);
    if (unit->register_ns && *unit->register_ns >= *unit->enable_ns) return;
    unit->register_ns = unit->enable_ns;
    unit->start = latch_start;
    unit->end = end;
  }

  void line(const std::string& text) {
    if (text.starts_with("@unit ")) {
      unit = &report[text.substr(6)];
      part.clear();
      latch.reset();
    } else if (text.starts_with('@')) {
      part = text.substr(1);
      if (part == "end") unit = nullptr;
    } else if (unit != nullptr) {
      const auto word = [&text](std::size_t at) {
        return text.substr(at, text.find(' ', at) - at);
      };
      if (text.starts_with("Startpoint: ")) start = word(12);
      if (text.starts_with("Endpoint: ")) end = word(10);
      if (text.find(" slack (") != std::string::npos) {
        if (const auto value = leading_number(text)) slack(*value);
      }
    }
  }
};

}  // namespace

std::string path_commands() {
  // Memories without any register of their own exist, so all clocked elements are asked for.
  return "set from [all_registers -edge_triggered -clock_pins]\n"
         "set to [all_registers -edge_triggered -data_pins]\n"
         "set held [all_registers -level_sensitive -data_pins]\n"
         "if {[llength $from] > 0 && [llength $to] > 0} {\n"
         "  puts \"@setup\"\n  report_checks -from $from -to $to -path_delay max\n"
         "  puts \"@hold\"\n  report_checks -from $from -to $to -path_delay min\n}\n"
         "if {[llength $from] > 0 && [llength $held] > 0} {\n"
         "  puts \"@latch\"\n  report_checks -from $from -to $held -path_delay max\n"
         "  puts \"@gate\"\n"
         "  report_checks -path_delay max -path_group {**clock_gating_default**}\n"
         "  puts \"@latch_hold\"\n  report_checks -from $from -to $held -path_delay min\n"
         "  puts \"@gate_hold\"\n"
         "  report_checks -path_delay min -path_group {**clock_gating_default**}\n}\n";
}

double enable_path_ns(double period_ns, double latch_slack_ns,
                      std::optional<double> gate_slack_ns) {
  const double closed = period_ns - latch_slack_ns;  // longer than what the latch can borrow
  if (!gate_slack_ns) return latch_slack_ns < 0.0 ? closed : period_ns / 2.0 - latch_slack_ns;
  const double through = period_ns - *gate_slack_ns - std::max(latch_slack_ns, 0.0);
  return latch_slack_ns < 0.0 ? std::max(closed, through) : through;
}

double fmax_mhz(double ns) { return ns > 0.0 ? 1000.0 / ns : 0.0; }

std::string ram_liberty(const Design& design, double access_ns, double volts) {
  std::set<std::uint32_t> widths;
  std::string cells;
  for (const auto& [name, module] : design.modules) {
    if (!is_ram(module)) continue;
    cells += fmt::format("  cell ({}) {{\n    area : 0;\n", name);
    for (const Port& port : module.ports) {
      if (port.width > 1) widths.insert(port.width);
      cells += ram_port(port, access_ns);
    }
    cells += "  }\n";
  }
  std::string text(kRamHeader);
  text += fmt::format(
      "  nom_voltage : {0}; nom_temperature : 25; nom_process : 1;\n"
      "  operating_conditions (typical) {{ process : 1; voltage : {0}; temperature : 25; }}\n"
      "  default_operating_conditions : typical;\n",
      volts);
  for (const std::uint32_t width : widths) {
    text += fmt::format(
        "  type (b{0}) {{ base_type : array; data_type : bit; bit_width : {0}; bit_from : {1}; "
        "bit_to : 0; }}\n",
        width, width - 1);
  }
  return text + cells + "}\n";
}

std::map<std::string, std::string> split_modules(std::string_view verilog) {
  std::map<std::string, std::string> modules;
  std::string* open = nullptr;
  for (std::size_t at = 0; at < verilog.size();) {
    const std::size_t end = std::min(verilog.find('\n', at), verilog.size());
    const std::string_view line = verilog.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("module ")) {
      const std::size_t first = line[7] == '\\' ? 8 : 7;
      open = &modules[std::string(line.substr(first, line.find_first_of(" (", first) - first))];
    }
    if (open != nullptr) open->append(line).append("\n");
    if (line.starts_with("endmodule")) open = nullptr;
  }
  return modules;
}

Result<TimingReport> parse_timing(std::string_view log, double period_ns) {
  Reader reader{period_ns, {}, nullptr, {}, {}, {}, {}, {}};
  std::istringstream in{std::string(log)};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Error")) return Error{line, ErrorKind::kMismatch};
    reader.line(line);
  }
  if (reader.unit != nullptr)
    return Error{"the analysis ended inside a unit", ErrorKind::kMismatch};
  if (reader.report.empty()) return Error{"the analysis reported no unit", ErrorKind::kMismatch};
  return std::move(reader.report);
}

Result<TimingReport> analyze_timing(const Design& design, const NetlistCounts& counts,
                                    const std::filesystem::path& netlist,
                                    const std::filesystem::path& liberty,
                                    const TimingOptions& options,
                                    const std::filesystem::path& dir) {
  const Result<std::string> verilog = read_text(netlist);
  if (!verilog) return verilog.error();
  const std::map<std::string, std::string> modules = split_modules(verilog.value());
  std::error_code failure;
  std::filesystem::create_directories(dir / "units", failure);
  for (const auto& [name, text] : modules) {
    if (Status wrote = write_text(dir / "units" / (name + ".v"), text); !wrote)
      return wrote.error();
  }
  if (Status wrote = write_text(dir / "rams.lib", ram_liberty(design, options.ram_access_ns));
      !wrote) {
    return wrote.error();
  }
  std::string script =
      fmt::format("read_liberty {{{}}}\nread_liberty rams.lib\n", liberty.string());
  for (const auto& [name, text] : modules) {
    const auto module = design.modules.find(name);
    const auto cells = counts.find(name);
    // What a unit passes through only has no path.
    if (module == design.modules.end() || cells == counts.end() || cells->second.empty()) continue;
    script += unit_script(name, module->second, counts, modules, options);
  }
  if (Status wrote = write_text(dir / "timing.tcl", script); !wrote) return wrote.error();
  const ToolRun run{{"sta", "-exit", "timing.tcl"}, dir, dir / "timing.log", options.timeout};
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  const Result<std::string> log = read_text(run.log);
  if (!log) return log.error();
  Result<TimingReport> report = parse_timing(log.value(), options.period_ns);
  if (!report) {
    return Error{fmt::format("sta: {}; log: {}", report.error().message, run.log.string()),
                 ErrorKind::kMismatch};
  }
  return report;
}

}  // namespace bat::synth
