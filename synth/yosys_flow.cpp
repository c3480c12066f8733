// SPDX-License-Identifier: Apache-2.0
#include "synth/yosys_flow.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "synth/clock_gate.hpp"
#include "synth/leaf_map.hpp"
#include "synth/liberty.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

// What these tools always say about a sound design.
constexpr std::array<std::string_view, 17> kExpectedWarnings = {
    // abc9 of 0.23 has no UltraScale+ delays; counts do not depend on them.
    "'synth_xilinx -abc9' not currently supported for the 'xcup' family",
    "ABC: Warning: The network is combinational",
    // FAX1 and HAX1 of the library; they are mapped by name, not by abc.
    "ABC: Warning: Detected 2 multi-output gates", "ABC: Warning: Templates are defined",
    // A carry whose output also feeds logic inside of what abc9 maps as a box: it is handled, and
    // counted nowhere else.
    "ABC: Warning: AIG with boxes has internal fanout",
    // yosys's own block RAM map ties full-width signals to the ports of the half-size block.
    ".ADDRARDADDR from ", ".ADDRBWRADDR from ", ".DINADIN from ", ".DINBDIN from ",
    ".DINPADINP from ", ".DINPBDINP from ", ".WEBWE from ", ".WEA from ", ".DOUTADOUT from ",
    ".DOUTBDOUT from ", ".DOUTPADOUTP from ", ".DOUTPBDOUTP from "};

// abc's last step, &mfs, stops at an assertion of its own on some modules. Yosys then takes the
// result of the step before, complete but a little larger, and warns. Nothing else that abc dies of
// is accepted.
constexpr std::string_view kMfsAssertion = "Gia_ManInsertMfs: Assertion";
constexpr std::string_view kAbcFailed = "failed: return code 134";

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

Status check_map_log(const std::filesystem::path& log) {
  const Result<std::string> text = read_text(log);
  if (!text) return text.error();
  std::vector<std::string_view> expected(kExpectedWarnings.begin(), kExpectedWarnings.end());
  if (count_of(text.value(), kAbcFailed) == count_of(text.value(), kMfsAssertion))
    expected.push_back(kAbcFailed);
  return check_log(log, expected);
}

// Leaves that stay closed until they are replaced by what they are.
bool is_closed(const DesignModule& module, Target target) {
  return target == Target::kXcup && is_table_leaf(module.base);
}

std::string keep_commands(const Design& design, Target target, bool ram_black_box) {
  std::string text;
  for (const auto& [name, module] : design.modules) {
    if ((ram_black_box && is_ram(module)) || is_closed(module, target)) {
      text += fmt::format("blackbox {}\n", name);
    } else if (is_dissolved(module, target) && name != design.top) {
      text += fmt::format("setattr -mod -unset keep_hierarchy {}\n", name);
    } else {
      text += fmt::format("setattr -mod -set keep_hierarchy 1 {}\n", name);
    }
  }
  return text;
}

// Opens the closed leaves of a mapped design.
std::string open_commands(const Design& design, Target target,
                          const std::filesystem::path& work_dir) {
  std::string closed;
  for (const auto& [name, module] : design.modules) {
    if (is_closed(module, target)) closed += fmt::format(" ={}", name);
  }
  if (closed.empty()) return {};
  return fmt::format("techmap -map {}\ndelete{}\nopt_clean\n", quoted(work_dir / "table_map.v"),
                     closed);
}

std::string standard_cell_commands(const Design& design, const CellLibrary& library,
                                   const MapOptions& options,
                                   const std::filesystem::path& work_dir) {
  const std::string lib = quoted(library.file);
  const std::string adders =
      library.adders ? fmt::format("techmap -map {}\n", quoted(work_dir / "adder_map.v"))
                     : std::string{};
  // With a period, abc also buffers large fan-outs and chooses drive strengths.
  const std::string goal = options.period_ns > 0.0
                               ? fmt::format(" -D {:.0f} -constr {}", options.period_ns * 1000.0,
                                             quoted(work_dir / "abc.constr"))
                               : std::string{};
  // `synth` in two parts: carry-save adders are mapped between the coarse and the fine one, while
  // they are words. Its own abc run is left out: before the one with the library it costs time and
  // no less area comes out (measured).
  return fmt::format(
      "{1}"  // the adder leaves, while they are modules
      "flatten\n"
      "synth -top {0} -run begin:fine\n"
      "{1}{4}"
      "synth -top {0} -run fine:check -noabc\n"
      "dfflibmap -liberty {2}\n"
      "abc -liberty {2}{3}\n"
      "opt_clean -purge\n",
      design.top, adders, lib, goal, library.gating);
}

// What abc assumes at the ports of a module.
std::string abc_constraints(const Liberty& library) {
  return fmt::format("{}set_load 0.05 [all_outputs]\n",
                     library.cells.contains("BUFX2") ? "set_driving_cell BUFX2\n" : "");
}

}  // namespace

bool is_dissolved(const DesignModule& module, Target target) {
  if (is_table_leaf(module.base) || module.base == "lane_match") return true;
  return target != Target::kXcup && module.base.starts_with("lut6_");
}

std::string map_script(const Design& design, Target target, const MapOptions& options,
                       const CellLibrary& library, const std::filesystem::path& work_dir) {
  const bool black_box = options.ram_black_box || target == Target::kOsu018;
  std::string script;
  if (target == Target::kOsu018) {
    script += fmt::format("read_liberty -lib -ignore_miss_func {}\n", quoted(library.file));
  }
  script += fmt::format("read_rtlil {}\n{}", quoted(design.rtlil),
                        keep_commands(design, target, black_box));
  switch (target) {
    case Target::kXcup:
      // -nosrl: the shift registers that Yosys 0.23 infers lose their clock enable.
      script += fmt::format(
          "synth_xilinx -family xcup -abc9 -nosrl -noiopad -noclkbuf -flatten{} -top {}\n",
          options.dsp ? "" : " -nodsp", design.top);
      script += open_commands(design, target, work_dir);
      break;
    case Target::kIce40:
      script += fmt::format("synth_ice40 -abc9 -dff -top {}\n", design.top);
      break;
    case Target::kOsu018:
      script += standard_cell_commands(design, library, options, work_dir);
      break;
  }
  // `tee` takes no quoted name; the tool runs in work_dir.
  script += fmt::format(
      "check -assert\nwrite_verilog -noattr -simple-lhs {}\ntee -q -o stat.json stat -json\n",
      quoted(work_dir / "netlist.v"));
  return script;
}

Result<MappedNetlist> map_design(const Design& design, Target target, const MapOptions& options,
                                 const std::filesystem::path& work_dir) {
  CellLibrary library;
  if (target == Target::kOsu018) {
    const Result<std::filesystem::path> found = find_liberty(options.liberty);
    if (!found) return found.error();
    const Result<Liberty> cells = load_cells(found.value());
    if (!cells) return cells.error();
    library = {found.value(), cells.value().has_adders(), {}};
    if (options.gate_min_bits > 0) {
      const Result<ClockGateCells> gate = load_clock_gate(found.value());
      if (!gate) return gate.error();
      Result<std::string> gating =
          clock_gate_commands(gate.value(), options.gate_min_bits, work_dir);
      if (!gating) return gating.error();
      library.gating = std::move(gating).value();
    }
    if (Status wrote = write_text(work_dir / "adder_map.v", adder_map(design)); !wrote)
      return wrote.error();
    if (Status wrote = write_text(work_dir / "abc.constr", abc_constraints(cells.value())); !wrote)
      return wrote.error();
  }
  if (target == Target::kXcup) {
    if (Status wrote = write_text(work_dir / "table_map.v", table_map(design)); !wrote)
      return wrote.error();
  }
  const std::filesystem::path script = work_dir / "map.ys";
  if (Status wrote = write_text(script, map_script(design, target, options, library, work_dir));
      !wrote) {
    return wrote.error();
  }
  const ToolRun run{{"yosys", "-Q", "-T", "-s", script.string()},
                    work_dir,
                    work_dir / "map.log",
                    options.timeout};
  const Result<double> ran = run_tool(run);
  if (!ran) return ran.error();
  if (Status clean = check_map_log(run.log); !clean) return clean.error();

  const Result<std::string> stat = read_text(work_dir / "stat.json");
  if (!stat) return stat.error();
  Result<NetlistCounts> counts = parse_stat(stat.value());
  if (!counts) return counts.error();
  return MappedNetlist{std::move(counts.value()), work_dir / "netlist.v", ran.value()};
}

}  // namespace bat::synth
