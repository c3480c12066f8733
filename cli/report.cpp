// SPDX-License-Identifier: Apache-2.0
// batkit report: area, cycles and their predictions on one page, for people and for scripts.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "cli/report_metrics.hpp"
#include "cli/report_page.hpp"
#include "cli/synth_energy.hpp"
#include "models/io/atomic_file.hpp"
#include "synth/clock_gate.hpp"
#include "synth/synthesize.hpp"

namespace bat::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string config;
  std::string output;
  std::string model;
  RandomWorkloadOptions random;
  CycleOptions cycles;
  std::size_t count = 2;
  std::vector<std::string> targets{"xcup", "osu018"};
  std::vector<std::string> synth_files;
  std::vector<std::string> energy_files;
  bool energy = false;
  bool clock_gating = false;
  bool no_html = false;
  bool no_synth = false;
  bool no_run = false;
  std::string command;
};

constexpr std::array kFiles{"metrics.json", "report.md", "report.html"};

/// The folder may be absent, empty, or an earlier report.
Status check_output(const fs::path& folder) {
  std::error_code code;
  if (!fs::exists(folder, code)) return Ok{};
  if (!fs::is_directory(folder, code)) {
    return Error{fmt::format("{}: exists and is not a directory", folder.string())};
  }
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (std::ranges::find(kFiles, entry.path().filename().string()) == kFiles.end()) {
      return Error{
          fmt::format("{}: holds {}, which no report has written; choose an empty or new directory",
                      folder.string(), entry.path().filename().string())};
    }
  }
  return Ok{};
}

/// Writes the files beside `folder` and puts them in its place at once.
Status write_folder(const fs::path& folder,
                    const std::vector<std::pair<std::string, std::string>>& files) {
  const fs::path absolute = fs::absolute(folder).lexically_normal();
  const fs::path place = absolute.has_filename() ? absolute : absolute.parent_path();
  const fs::path fresh = place.string() + fmt::format(".new-{}", ::getpid());
  std::error_code code;
  fs::create_directories(fresh, code);
  if (code) return Error{fmt::format("{}: {}", fresh.string(), code.message())};
  for (const auto& [name, text] : files) {
    if (Status written = io::write_text_atomic(fresh / name, text); !written.ok()) {
      fs::remove_all(fresh, code);
      return written;
    }
  }
  const fs::path old = fresh.string() + ".old";
  const bool existed = fs::exists(place, code);
  if (existed) fs::rename(place, old, code);
  if (!code) fs::rename(fresh, place, code);
  if (code) {
    const Error error{fmt::format("{}: {}", place.string(), code.message())};
    std::error_code ignored;
    if (existed && fs::exists(old, ignored)) fs::rename(old, place, ignored);
    fs::remove_all(fresh, ignored);
    return error;
  }
  fs::remove_all(old, code);
  return Ok{};
}

// `part` is what tells such a file.
Result<nlohmann::ordered_json> read_synthesis(const std::string& file, const Config& config,
                                              const char* command, const char* part) {
  const auto text = io::read_text(file);
  if (!text.ok()) return text.error();
  auto json = nlohmann::ordered_json::parse(text.value(), nullptr, false);
  if (!json.is_object() || !json.contains("target") || !json.contains(part)) {
    return Error{fmt::format("{}: is not what `{}` writes", file, command)};
  }
  if (json.value("config_hash", "") != config_hash(config)) {
    return Error{fmt::format("{}: is of another configuration ({}, hash {})", file,
                             json.value("config", "?"),
                             json.value("config_hash", "?").substr(0, 16))};
  }
  return json;
}

Status add_synthesis(const Options& options, ReportInputs& in) {
  for (const std::string& file : options.synth_files) {
    auto report = read_synthesis(file, in.config, "batkit synth --json-file", "modules");
    if (!report.ok()) return report.error();
    in.synthesis.push_back(std::move(report).value());
  }
  if (options.no_synth || !options.synth_files.empty()) return Ok{};
  for (const std::string& name : options.targets) {
    const auto target = synth::parse_target(name);
    if (!target.ok()) return target.error();
    log(fmt::format("report: synthesis of {} on {}", in.config.name, name));
    const auto report = synth::synthesize(in.config, target.value(), {});
    if (!report.ok()) return report.error();
    in.synthesis.push_back(synth::to_json(report.value()));
  }
  return Ok{};
}

Status add_energy(const Options& options, ReportInputs& in) {
  for (const std::string& file : options.energy_files) {
    auto report = read_synthesis(file, in.config, "batkit synth --energy --json-file", "energy_nj");
    if (!report.ok()) return report.error();
    in.energy.push_back(std::move(report).value());
  }
  if (!options.energy) return Ok{};
  log(fmt::format("report: energy of {} on osu018", in.config.name));
  EnergyRequest request;
  request.model = options.model;
  request.random = options.random;
  if (options.clock_gating) request.options.gate_min_bits = synth::kGateMinBits;
  const auto energy = energy_of(in.config, request);
  if (!energy.ok()) return energy.error();
  in.energy.push_back(synth::to_json(energy.value().report, energy.value().run));
  return Ok{};
}

Result<Workload> workload(const Options& options, const Config& config) {
  const std::string name = options.model.empty() ? config.model : options.model;
  if (name == kRandomModel) return random_workload(config, options.random, options.count);
  if (name.empty())
    return Error{fmt::format("{}: names no default model; give one with --model", config.name)};
  return load_workload(name, "", options.count);
}

Result<ReportInputs> collect(const Options& options) {
  auto config = load_config(options.config);
  if (!config.ok()) return config.error();
  const auto planned = plan(config.value());
  if (!planned.ok()) return planned.error();
  auto work = workload(options, config.value());
  if (!work.ok()) return work.error();

  CycleOptions cycles = options.cycles;
  cycles.tokens.clear();
  for (const bmt::Sample& sample : work.value().samples) cycles.tokens.push_back(sample.tokens());
  cycles.queue = static_cast<int>(work.value().samples.size());
  auto estimated = estimate_cycles(config.value(), planned.value(), work.value().model, cycles);
  if (!estimated.ok()) return estimated.error();
  ReportInputs in{std::move(config).value(),
                  planned.value(),
                  options.command,
                  work.value().model.name,
                  cycles.tokens,
                  cycles,
                  std::move(estimated).value(),
                  std::nullopt,
                  {},
                  {}};
  if (!options.no_run) {
    log("report: simulation");
    sim::RunOptions run;
    run.memory = {cycles.memory.latency, cycles.memory.bandwidth, cycles.memory.max_outstanding};
    auto result = sim::run(in.config, work.value().model, work.value().samples, run);
    if (!result.ok()) return result.error();
    in.run = std::move(result).value();
  }
  if (Status added = add_synthesis(options, in); !added.ok()) return added.error();
  if (Status added = add_energy(options, in); !added.ok()) return added.error();
  return in;
}

int execute(const Options& options, bool json) {
  if (Status usable = check_output(options.output); !usable.ok()) return fail(usable.error());
  // Found before minutes of work, not after.
  if (!options.no_html) {
    if (const auto library = synth::find_d3(); !library.ok()) return fail(library.error());
  }
  const auto inputs = collect(options);
  if (!inputs.ok()) return fail(inputs.error());
  const auto metrics = report_metrics(inputs.value());
  if (!metrics.ok()) return fail(metrics.error());
  const synth::Page page = report_page(metrics.value());
  std::vector<std::pair<std::string, std::string>> files{
      {kFiles[0], metrics.value().dump(1) + '\n'}, {kFiles[1], synth::to_markdown(page)}};
  if (!options.no_html) {
    auto html = synth::to_html(page);
    if (!html.ok()) return fail(html.error());
    files.emplace_back(kFiles[2], std::move(html).value());
  }
  if (Status written = write_folder(options.output, files); !written.ok())
    return fail(written.error());
  if (json) {
    nlohmann::ordered_json names = nlohmann::ordered_json::array();
    for (const auto& [name, text] : files) names.push_back(name);
    print_json({{"output", options.output}, {"files", names}});
  } else {
    for (const auto& [name, text] : files) fmt::print("{}/{}\n", options.output, name);
  }
  const auto& run = inputs.value().run;
  const bool exact = std::ranges::all_of(
      inputs.value().energy, [](const auto& energy) { return energy.value("bit_exact", false); });
  return exact && (!run || (run->bit_exact && run->violations.empty())) ? kExitOk : kExitMismatch;
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  CLI::App* command = add_command(
      app, session, "report", "Area, cycles and predictions as JSON, Markdown and one HTML page",
      "batkit report nano -o out/report");
  auto options = std::make_shared<Options>();
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command
      ->add_option("-o,--output", options->output,
                   "Folder for metrics.json, report.md, report.html")
      ->required();
  command->add_option("--model", options->model,
                      "Model file, zoo name, or 'random' (default: the configuration's)");
  command->add_option("--layers", options->random.layers, "Layers of a random model")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--tokens", options->random.tokens,
                   "Tokens of the samples of a random model in turn")
      ->delimiter(',');
  command->add_flag("--softmax", options->random.softmax, "Softmax attention in a random model");
  command->add_option("--count", options->count, "Samples, one behind the other")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  add_memory_options(*command, options->cycles.memory.latency, options->cycles.memory.bandwidth);
  command->add_option("--targets", options->targets, "Targets to synthesise for")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option(
      "--synth-json", options->synth_files,
      "Reports of `batkit synth --json-file` to take instead of running the synthesis");
  auto* energy =
      command->add_flag("--energy", options->energy,
                        "Energy of an inference too: runs the model on the netlist of osu018");
  command->add_flag("--clock-gating", options->clock_gating, "--energy with clock gates")
      ->needs(energy);
  command->add_option(
      "--energy-json", options->energy_files,
      "Reports of `batkit synth --energy --json-file`, with and without clock gates");
  command->add_flag("--no-synth", options->no_synth, "Predicted area only");
  command->add_flag("--no-run", options->no_run, "Predicted cycles only");
  command->add_flag("--no-html", options->no_html,
                    "No report.html, which needs the chart library D3");
  command->callback([&session, options] {
    options->command = session.command_line;
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
