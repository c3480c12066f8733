// SPDX-License-Identifier: Apache-2.0
#include "synth/synthesize.hpp"

#include <fmt/format.h>

#include "rtl_gen/generate.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "synth/liberty.hpp"
#include "synth/tool.hpp"
#include "synth/yosys_flow.hpp"

namespace bat::synth {
namespace {

Status add_timing(const Design& design, const MappedNetlist& netlist, const SynthOptions& options,
                  const std::filesystem::path& dir, SynthReport& report) {
  const Result<std::filesystem::path> file = find_liberty(options.liberty);
  if (!file) return file.error();
  TimingOptions timing = *options.timing;
  timing.timeout = options.timeout;
  const Result<TimingReport> units =
      analyze_timing(design, netlist.counts, netlist.verilog, file.value(), timing, dir);
  if (!units) return units.error();
  report.period_ns = timing.period_ns;
  report.ram_access_ns = timing.ram_access_ns;
  for (ModuleReport& module : report.modules) {
    const auto unit = units.value().find(module.name);
    if (unit != units.value().end()) module.timing = unit->second;
  }
  return Ok{};
}

Result<SynthReport> synthesize_in(const Sources& sources, Target target,
                                  const SynthOptions& options, const std::filesystem::path& dir) {
  if (options.timing) {
    if (Status present = require_tool("sta"); !present) return present.error();
  }
  const Result<std::string> version = yosys_version(dir);
  if (!version) return version.error();
  const Result<Design> design = elaborate(sources, "", dir, options.timeout);
  if (!design) return design.error();
  MapOptions map;
  map.timeout = options.timeout;
  map.liberty = options.liberty;
  map.gate_min_bits = options.gate_min_bits;
  if (options.timing) map.period_ns = options.timing->period_ns;
  const Result<MappedNetlist> netlist = map_design(design.value(), target, map, dir);
  if (!netlist) return netlist.error();

  std::optional<Liberty> liberty;
  if (target == Target::kOsu018) {
    const Result<std::filesystem::path> file = find_liberty(options.liberty);
    if (!file) return file.error();
    Result<Liberty> read = load_cells(file.value());
    if (!read) return read.error();
    liberty = std::move(read).value();
  }
  Result<SynthReport> report =
      build_report(design.value(), netlist.value().counts, target, liberty ? &*liberty : nullptr);
  if (!report) return report;
  report.value().tool = version.value();
  while (report.value().tool.ends_with(' ')) report.value().tool.pop_back();
  report.value().seconds = netlist.value().seconds;
  if (options.timing) {
    if (Status added = add_timing(design.value(), netlist.value(), options, dir, report.value());
        !added) {
      return added.error();
    }
  }
  return report;
}

}  // namespace

// "Yosys 0.23 (git sha1 ...)" down to "Yosys 0.23".
Result<std::string> yosys_version(const std::filesystem::path& dir) {
  const ToolRun run{{"yosys", "-V"}, dir, dir / "version.log", std::chrono::seconds{60}};
  if (Result<double> ran = run_tool(run); !ran) return ran.error();
  Result<std::string> text = read_text(run.log);
  if (!text) return text;
  return text.value().substr(0, text.value().find_first_of("(\n"));
}

Result<SynthReport> synthesize_sources(const Sources& sources, Target target,
                                       const SynthOptions& options) {
  return in_work_dir(options.work_dir, "bat-synth", [&](const std::filesystem::path& dir) {
    return synthesize_in(sources, target, options, dir);
  });
}

Result<SynthReport> synthesize(const Config& config, Target target, const SynthOptions& options) {
  return in_work_dir(
      options.work_dir, "bat-synth", [&](const std::filesystem::path& dir) -> Result<SynthReport> {
        const Result<Sources> sources = generated_sources(config, dir);
        if (!sources) return sources.error();
        Result<SynthReport> report = synthesize_in(sources.value(), target, options, dir);
        if (!report) return report;
        report.value().config = config.name;
        report.value().config_hash = config_hash(config);
        return report;
      });
}

Result<Sources> generated_sources(const Config& config, const std::filesystem::path& dir) {
  const Result<Plan> sizes = plan(config);
  if (!sizes) return sizes.error();
  const Result<GeneratedDesign> design = generate_design(config, sizes.value());
  if (!design) return design.error();
  Sources sources;
  sources.top = "bat_top";
  for (const GeneratedFile& file : design.value().sources) {
    const std::filesystem::path path = std::filesystem::absolute(dir) / "generated" / file.name;
    std::error_code failure;
    std::filesystem::create_directories(path.parent_path(), failure);
    if (Status wrote = write_text(path, file.text); !wrote) return wrote.error();
    sources.files.push_back(path);
  }
  return sources;
}

}  // namespace bat::synth
