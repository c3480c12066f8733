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

// Whether a module is built of other modules of the netlist (RAMs, the same on both sides, do not
// count).
bool is_composite(const SimulationNetlist& mapped, const DesignModule& module) {
  return std::ranges::any_of(module.children, [&](const auto& child) {
    return mapped.counts.contains(child.first) && !is_ram(mapped.design.modules.at(child.first));
  });
}

// Units of the mapped design to compare, by default those without others inside: a composite would
// bring all its parts once more, and what it adds to them shows when a model runs on the whole
// netlist. Dissolved modules have no netlist.
std::vector<std::string> pick_units(const SimulationNetlist& mapped,
                                    const std::vector<std::string>& wanted) {
  std::vector<std::string> units;
  for (const auto& [name, module] : mapped.design.modules) {
    if (is_ram(module) || !mapped.counts.contains(name)) continue;
    const bool chosen = wanted.empty() ? !is_composite(mapped, module)
                                       : std::ranges::find(wanted, module.base) != wanted.end();
    if (chosen) units.push_back(name);
  }
  return units;
}

Result<std::filesystem::path> build_bench(const Sources& sources, const std::filesystem::path& dir,
                                          std::chrono::seconds timeout) {
  ToolRun run;
  // The bench runs for seconds, so compiling it (-O0) is what counts.
  // Lint is the business of the source's own checks; netlists and library models are full of what
  // it dislikes.
  run.argv = {"verilator",
              "--cc",
              "--exe",
              "--build",
              "-Wno-fatal",
              "-Wno-lint",
              "-Wno-style",
              "-O3",
              "--x-assign",
              "0",
              "--x-initial",
              "0",
              "--noassert",
              "--top-module",
              std::string(kBenchTop),
              "--Mdir",
              "obj",
              "-MAKEFLAGS",
              "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0",
              "-o",
              "bench"};
  for (const std::filesystem::path& file : sources.files) {
    run.argv.push_back(std::filesystem::absolute(file).string());
  }
  for (const char* file :
       {"cell_models.v", "ram_wrappers.sv", "mapped.v", "bench.sv", "bench_main.cpp"}) {
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

void read_line(const std::string& line, std::vector<UnitCheck>& units,
               const std::vector<std::string>& names) {
  std::istringstream in(line);
  std::string kind;
  std::string name;
  in >> kind >> name;
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return;
  UnitCheck& unit = units[static_cast<std::size_t>(found - names.begin())];
  if (kind == "UNIT") in >> unit.output_bits >> unit.active_bits;
  if (kind == "MISMATCH" && unit.mismatch.empty()) {
    std::string port;
    std::string cycle;
    std::string source;
    std::string netlist;
    in >> port >> cycle >> source >> netlist;
    unit.mismatch =
        fmt::format("{} in cycle {}: source {}, netlist {}", port, cycle, source, netlist);
  }
}

Result<NetlistCheck> read_results(const std::string& log, const std::filesystem::path& file,
                                  const SimulationNetlist& mapped,
                                  const std::vector<std::string>& names, std::uint64_t cycles) {
  NetlistCheck check{mapped.target, cycles, {}};
  for (const std::string& name : names) {
    const DesignModule& module = mapped.design.modules.at(name);
    check.units.push_back({module.base, parameters_text(module), 0, 0, ""});
  }
  std::istringstream lines(log);
  std::size_t finished = 0;
  for (std::string line; std::getline(lines, line);) {
    finished += line.starts_with("UNIT ") ? 1U : 0U;
    read_line(line, check.units, names);
  }
  if (finished != names.size()) {
    return Error{fmt::format("the bench reported {} of {} units; log: {}", finished, names.size(),
                             file.string()),
                 ErrorKind::kMismatch};
  }
  return check;
}

Result<NetlistCheck> check_in(const Sources& sources, Target target, const CheckOptions& options,
                              const std::filesystem::path& dir) {
  const Result<SimulationNetlist> mapped = simulation_netlist(sources, target, dir, options);
  if (!mapped) return mapped.error();
  return compare(mapped.value(), sources, options, dir);
}

}  // namespace

Result<SimulationNetlist> simulation_netlist(const Sources& sources, Target target,
                                             const std::filesystem::path& dir,
                                             std::chrono::seconds timeout) {
  CheckOptions options;
  options.timeout = timeout;
  return simulation_netlist(sources, target, dir, options);
}

Result<SimulationNetlist> simulation_netlist(const Sources& sources, Target target,
                                             const std::filesystem::path& dir,
                                             const CheckOptions& options) {
  Result<Design> design = elaborate(sources, kPrefix, dir, options.timeout);
  if (!design) return design.error();
  MapOptions map;
  map.ram_black_box = true;
  map.dsp = false;
  map.liberty = options.liberty;
  map.period_ns = options.period_ns;
  map.gate_min_bits = options.gate_min_bits;
  map.timeout = options.timeout;
  Result<MappedNetlist> mapped = map_design(design.value(), target, map, dir);
  if (!mapped) return mapped.error();
  Result<std::string> models =
      cell_models(mapped.value().counts, design.value(), target, dir, options.liberty);
  if (!models) return models.error();
  Result<std::string> netlist = read_text(mapped.value().verilog);
  if (!netlist) return netlist.error();
  std::string wrappers;
  for (const auto& [name, module] : design.value().modules) {
    if (is_ram(module)) wrappers += wrapper(name, module, module.base, module.parameters);
  }
  return SimulationNetlist{target,
                           std::move(design).value(),
                           std::move(mapped).value().counts,
                           std::move(models).value(),
                           std::move(wrappers),
                           std::move(netlist).value()};
}

Result<NetlistCheck> compare(const SimulationNetlist& mapped, const Sources& sources,
                             const CheckOptions& options, const std::filesystem::path& dir) {
  const std::vector<std::string> names = pick_units(mapped, options.modules);
  if (names.empty()) return Error{"none of the modules to compare is in the design"};
  for (const auto& [file, text] :
       {std::pair<const char*, std::string>{"cell_models.v", mapped.models},
        {"ram_wrappers.sv", mapped.wrappers},
        {"mapped.v", mapped.netlist},
        {"bench.sv", bench_text(mapped.design, names)},
        {"bench_main.cpp", std::string(bench_main())}}) {
    if (Status wrote = write_text(dir / file, text); !wrote) return wrote.error();
  }
  const Result<std::filesystem::path> bench = build_bench(sources, dir, options.timeout);
  if (!bench) return bench.error();
  const ToolRun run{
      {bench.value().string(), std::to_string(options.cycles), std::to_string(options.seed)},
      dir,
      dir / "bench.log",
      options.timeout};
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  const Result<std::string> log = read_text(run.log);
  if (!log) return log.error();
  return read_results(log.value(), run.log, mapped, names, options.cycles);
}

bool NetlistCheck::equal() const {
  return std::ranges::all_of(units, [](const UnitCheck& unit) { return unit.mismatch.empty(); });
}

Result<NetlistCheck> check_netlist(const Sources& sources, Target target,
                                   const CheckOptions& options) {
  return in_work_dir(options.work_dir, "bat-netlist", [&](const std::filesystem::path& dir) {
    return check_in(sources, target, options, dir);
  });
}

Result<NetlistCheck> check_netlist(const Config& config, Target target,
                                   const CheckOptions& options) {
  return in_work_dir(options.work_dir, "bat-netlist",
                     [&](const std::filesystem::path& dir) -> Result<NetlistCheck> {
                       const Result<Sources> sources = generated_sources(config, dir);
                       if (!sources) return sources.error();
                       return check_in(sources.value(), target, options, dir);
                     });
}

std::string to_markdown(const NetlistCheck& check) {
  std::string text = fmt::format("{} netlist against source, {} cycles\n\n",
                                 to_string(check.target), check.cycles);
  text +=
      "| module | parameters | output bits | of these active | result |\n|---|---|---:|---:|---|\n";
  for (const UnitCheck& unit : check.units) {
    text +=
        fmt::format("| {} | {} | {} | {} | {} |\n", unit.module, unit.parameters, unit.output_bits,
                    unit.active_bits, unit.mismatch.empty() ? "equal" : unit.mismatch);
  }
  return text;
}

Result<std::vector<NetlistFile>> design_files(const SimulationNetlist& mapped,
                                              const Sources& sources) {
  std::vector<NetlistFile> files{{"cell_models.v", mapped.models}};
  // What the behavioural RAM needs of the source: the package and the RAM itself.
  for (const std::filesystem::path& file : sources.files) {
    if (file.filename() != "bat_pkg.sv" && file.filename() != "bat_ram.sv") continue;
    Result<std::string> text = read_text(file);
    if (!text) return text.error();
    files.push_back({file.filename().string(), std::move(text).value()});
  }
  files.push_back({"ram_wrappers.sv", mapped.wrappers});
  files.push_back({"mapped.v", mapped.netlist});
  const DesignModule& top = mapped.design.modules.at(mapped.design.top);
  files.push_back({sources.top + ".sv", wrapper(sources.top, top, mapped.design.top, {})});
  return files;
}

}  // namespace bat::synth
