// SPDX-License-Identifier: Apache-2.0
#include "synth/netlist_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "synth/bench.hpp"
#include "synth/cell_models.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"
#include "synth/yosys_flow.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kPrefix = "net_";

struct Mapped {
  Design design;
  NetlistCounts counts;
  std::string models;    // of the library cells
  std::string wrappers;  // behavioural RAMs under their names in the netlist
  std::filesystem::path netlist;
};

Result<Mapped> map_for_simulation(const Sources& sources, Target target, const Naming& naming,
                                  const std::filesystem::path& dir, std::chrono::seconds timeout) {
  Result<Design> design = elaborate(sources, naming, dir, timeout);
  if (!design) return design.error();
  MapOptions map;
  map.ram_black_box = true;
  map.dsp = false;
  map.timeout = timeout;
  Result<MappedNetlist> netlist = map_design(design.value(), target, map, dir);
  if (!netlist) return netlist.error();
  Result<std::string> models = cell_models(netlist.value().counts, design.value(), target, dir);
  if (!models) return models.error();
  std::string wrappers;
  for (const auto& [name, module] : design.value().modules) {
    if (is_ram(module)) wrappers += ram_wrapper(name, module);
  }
  return Mapped{std::move(design).value(), std::move(netlist).value().counts, std::move(models).value(),
                std::move(wrappers), netlist.value().verilog};
}

// Units of the mapped design to compare; RAMs are the same on both sides, dissolved modules have no netlist.
std::vector<std::string> pick_units(const Mapped& mapped, const std::vector<std::string>& wanted) {
  std::vector<std::string> units;
  for (const auto& [name, module] : mapped.design.modules) {
    if (is_ram(module) || !mapped.counts.contains(name)) continue;
    if (wanted.empty() || std::ranges::find(wanted, module.base) != wanted.end()) units.push_back(name);
  }
  return units;
}

Result<std::filesystem::path> build_bench(const Sources& sources, const std::filesystem::path& dir,
                                          std::chrono::seconds timeout) {
  ToolRun run;
  // Lint is the business of the source's own checks; netlists and library models are full of what it dislikes.
  run.argv = {"verilator", "--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3",
              "--x-assign", "0", "--x-initial", "0", "--noassert", "--top-module", std::string(kBenchTop),
              "--Mdir", "obj", "-CFLAGS", "-O1", "-o", "bench"};
  for (const std::filesystem::path& file : sources.files) {
    run.argv.push_back(std::filesystem::absolute(file).string());
  }
  for (const char* file : {"cell_models.v", "ram_wrappers.sv", "netlist.v", "bench.sv", "bench_main.cpp"}) {
    run.argv.emplace_back(file);
  }
  run.work_dir = dir;
  run.log = dir / "verilator.log";
  run.timeout = timeout;
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  return dir / "obj" / "bench";
}

std::string parameters_text(const DesignModule& module) {
  std::string text;
  for (const auto& [name, value] : module.parameters) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

void read_line(const std::string& line, const Design& design, std::vector<UnitCheck>& units,
               const std::vector<std::string>& names) {
  std::istringstream in(line);
  std::string kind;
  std::string name;
  in >> kind >> name;
  const auto found = std::ranges::find(names, name);
  if (found == names.end() || !design.modules.contains(name)) return;
  UnitCheck& unit = units[static_cast<std::size_t>(found - names.begin())];
  if (kind == "UNIT") in >> unit.output_bits >> unit.active_bits;
  if (kind == "MISMATCH" && unit.mismatch.empty()) {
    std::string port;
    std::string cycle;
    std::string source;
    std::string netlist;
    in >> port >> cycle >> source >> netlist;
    unit.mismatch = fmt::format("{} in cycle {}: source {}, netlist {}", port, cycle, source, netlist);
  }
}

Result<NetlistCheck> check_in(const Sources& sources, Target target, const CheckOptions& options,
                              const std::filesystem::path& dir) {
  const Result<Mapped> mapped =
      map_for_simulation(sources, target, {std::string(kPrefix), false}, dir, options.timeout);
  if (!mapped) return mapped.error();
  const Design& design = mapped.value().design;
  const std::vector<std::string> names = pick_units(mapped.value(), options.modules);
  if (names.empty()) return Error{"none of the modules to compare is in the design"};

  for (const auto& [file, text] : {std::pair<const char*, std::string>{"cell_models.v", mapped.value().models},
                                   {"ram_wrappers.sv", mapped.value().wrappers},
                                   {"bench.sv", bench_text(design, names)},
                                   {"bench_main.cpp", std::string(bench_main())}}) {
    if (Status wrote = write_text(dir / file, text); !wrote) return wrote.error();
  }
  const Result<std::filesystem::path> bench = build_bench(sources, dir, options.timeout);
  if (!bench) return bench.error();
  const ToolRun run{{bench.value().string(), std::to_string(options.cycles), std::to_string(options.seed)},
                    dir, dir / "bench.log", options.timeout};
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  const Result<std::string> log = read_text(run.log);
  if (!log) return log.error();

  NetlistCheck check{target, options.cycles, {}};
  for (const std::string& name : names) {
    const DesignModule& module = design.modules.at(name);
    check.units.push_back({module.base, parameters_text(module), 0, 0, ""});
  }
  std::istringstream lines(log.value());
  for (std::string line; std::getline(lines, line);) read_line(line, design, check.units, names);
  for (const UnitCheck& unit : check.units) {
    if (unit.output_bits == 0 && unit.mismatch.empty() && log.value().find("UNIT ") == std::string::npos) {
      return Error{fmt::format("the bench gave no result; log: {}", run.log.string()), ErrorKind::kMismatch};
    }
  }
  return check;
}

}  // namespace

bool NetlistCheck::equal() const {
  return std::ranges::all_of(units, [](const UnitCheck& unit) { return unit.mismatch.empty(); });
}

Result<NetlistCheck> check_netlist(const Sources& sources, Target target, const CheckOptions& options) {
  return in_work_dir(options.work_dir, "bat-netlist", [&](const std::filesystem::path& dir) {
    return check_in(sources, target, options, dir);
  });
}

Result<NetlistCheck> check_netlist(const Config& config, Target target, const CheckOptions& options) {
  return in_work_dir(options.work_dir, "bat-netlist", [&](const std::filesystem::path& dir) -> Result<NetlistCheck> {
    const Result<Sources> sources = generated_sources(config, dir);
    if (!sources) return sources.error();
    return check_in(sources.value(), target, options, dir);
  });
}

std::string to_markdown(const NetlistCheck& check) {
  std::string text = fmt::format("{} netlist against source, {} cycles\n\n", to_string(check.target), check.cycles);
  text += "| module | parameters | output bits | of these active | result |\n|---|---|---:|---:|---|\n";
  for (const UnitCheck& unit : check.units) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", unit.module, unit.parameters, unit.output_bits, unit.active_bits,
                        unit.mismatch.empty() ? "equal" : unit.mismatch);
  }
  return text;
}

Result<std::vector<NetlistFile>> netlist_files(const Sources& sources, Target target,
                                               const std::filesystem::path& work_dir, std::chrono::seconds timeout) {
  const Result<Mapped> mapped = map_for_simulation(sources, target, {std::string(kPrefix), true}, work_dir, timeout);
  if (!mapped) return mapped.error();
  std::vector<NetlistFile> files{{"cell_models.v", mapped.value().models}};
  // What the behavioural RAM needs of the source: the package and the RAM itself.
  for (const std::filesystem::path& file : sources.files) {
    if (file.filename() != "bat_pkg.sv" && file.filename() != "bat_ram.sv") continue;
    Result<std::string> text = read_text(file);
    if (!text) return text.error();
    files.push_back({file.filename().string(), std::move(text).value()});
  }
  files.push_back({"ram_wrappers.sv", mapped.value().wrappers});
  Result<std::string> netlist = read_text(mapped.value().netlist);
  if (!netlist) return netlist.error();
  files.push_back({"netlist.v", std::move(netlist).value()});
  return files;
}

}  // namespace bat::synth
