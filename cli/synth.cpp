// SPDX-License-Identifier: Apache-2.0
// batkit synth: area of a configuration on a target, and simulation of the mapped netlist.
#include <fmt/format.h>

#include <fstream>

#include "cli/commands.hpp"
#include "cli/cycle_estimate.hpp"
#include "cli/synth_energy.hpp"
#include "models/io/atomic_file.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/area_model.hpp"
#include "synth/clock_gate.hpp"
#include "synth/compare.hpp"
#include "synth/netlist_check.hpp"
#include "synth/place.hpp"
#include "synth/synthesize.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string config;
  std::string target = "xcup";
  std::string work_dir;
  std::string json_file;
  std::string compare;
  std::string liberty;
  std::string append_run;
  bool check = false;
  bool timing = false;
  bool energy = false;
  bool clock_gating = false;
  int gate_min_bits = synth::kGateMinBits;
  std::string model;
  std::size_t samples = 1;
  RandomWorkloadOptions random;
  synth::TimingOptions clock;
  std::string device;
  synth::PlaceOptions place;
  long timeout_seconds = 3600;
};

nlohmann::ordered_json check_json(const synth::NetlistCheck& check) {
  nlohmann::ordered_json units = nlohmann::ordered_json::array();
  for (const auto& unit : check.units) {
    units.push_back({{"module", unit.module},
                     {"parameters", unit.parameters},
                     {"output_bits", unit.output_bits},
                     {"active_bits", unit.active_bits},
                     {"mismatch", unit.mismatch}});
  }
  return {{"cycles", check.cycles}, {"equal", check.equal()}, {"units", units}};
}

// On stderr: the tables on stdout are kept as baselines, which a new fit must not change.
void log_prediction(const Config& config, const synth::SynthReport& report) {
  const auto model = synth::AreaModel::builtin();
  if (!model.ok()) return log(model.error().message);
  const auto predicted = model.value().predict(config);
  if (!predicted.ok()) return log(predicted.error().message);
  const synth::AreaPrediction& p = predicted.value();
  if (report.target == synth::Target::kXcup) {
    log(fmt::format(
        "area model: {:.0f} LUT, {:.0f} FF, {:.0f} DSP, {:g} BRAM36 (measured {}, {}, {}, {:g})",
        p.lut, p.ff, p.dsp, p.bram36, report.total.lut, report.total.ff, report.total.dsp,
        static_cast<double>(report.total.bram18) / 2.0));
  } else if (report.target == synth::Target::kOsu018) {
    log(fmt::format("area model: {:.1f} kGE (measured {:.1f})", p.gate_equivalents / 1e3,
                    report.ge() / 1e3));
  }
}

/// The report in the form that was asked for, and in the JSON file if one was named.
Status deliver(const Options& options, bool json, const nlohmann::ordered_json& object,
               const std::string& markdown) {
  if (!options.json_file.empty()) {
    const Status written = io::write_text_atomic(options.json_file, object.dump(2) + '\n');
    if (!written.ok()) return written;
  }
  if (json) {
    print_json(object);
  } else {
    fmt::print("{}", markdown);
  }
  return Ok{};
}

int execute_place(const Options& options, const Config& config, bool json) {
  const auto device = synth::parse_device(options.device);
  if (!device.ok()) return fail(device.error());
  synth::PlaceOptions place = options.place;
  place.timeout = std::chrono::seconds(options.timeout_seconds);
  if (!options.work_dir.empty()) place.work_dir = options.work_dir;
  const auto report = synth::place(config, device.value(), place);
  if (!report.ok()) return fail(report.error());
  nlohmann::ordered_json object{{"config", config.name}, {"config_hash", config_hash(config)}};
  object["place"] = synth::to_json(report.value());
  const Status delivered = deliver(options, json, object, synth::to_markdown(report.value()));
  return delivered.ok() ? kExitOk : fail(delivered.error());
}

// What would make the comparison fail after minutes of synthesis.
Status check_earlier(const nlohmann::json& earlier, const Config& config, synth::Target target,
                     const Options& options) {
  nlohmann::json now{{"config", config.name}, {"target", synth::to_string(target)}};
  if (options.timing) now["period_ns"] = options.clock.period_ns;
  now["modules"] = nlohmann::json::array();
  const auto compared = synth::compare_reports(earlier, now);
  if (compared.ok()) return Ok{};
  return Error{fmt::format("{}: {}", options.compare, compared.error().message)};
}

Status add_cycles(const Config& config, nlohmann::ordered_json& object) {
  const auto cycles = reference_cycles(config);
  if (!cycles.ok()) return cycles.error();
  object.update(cycles.value());
  return Ok{};
}

// A report that is renewed keeps the tolerances that people gave it.
nlohmann::ordered_json kept_tolerance(const std::string& file, synth::Target target) {
  const auto earlier = synth::load_report(file);
  if (file.empty() || !earlier.ok() || !earlier.value().contains("tolerance"))
    return synth::default_tolerance(target);
  return earlier.value().at("tolerance");
}

int execute_energy(const Options& options, const Config& config, bool json) {
  EnergyRequest request;
  request.model = options.model;
  request.samples = options.samples;
  request.random = options.random;
  if (options.clock_gating) request.options.gate_min_bits = options.gate_min_bits;
  request.options.period_ns = options.clock.period_ns;
  request.options.ram_access_ns = options.clock.ram_access_ns;
  request.options.timeout = std::chrono::seconds(options.timeout_seconds);
  if (!options.liberty.empty()) request.options.liberty = options.liberty;
  if (!options.work_dir.empty()) request.work_dir = options.work_dir;
  const auto energy = energy_of(config, request);
  if (!energy.ok()) return fail(energy.error());
  const auto& [report, run, sample] = energy.value();
  if (const auto& model = synth::EnergyModel::builtin(); model.ok()) {
    log(fmt::format("energy model: {:.0f} nJ (measured {:.0f})",
                    model.value().cost(sample.inputs, sample.gated).nj(sample.cycles),
                    sample.clock_nj + sample.work_nj));
  }
  if (!options.append_run.empty()) {
    std::ofstream lines(options.append_run, std::ios::app);
    lines << synth::to_line(sample) << std::flush;
    if (!lines) return fail({fmt::format("{}: cannot be written", options.append_run)});
  }
  const Status delivered =
      deliver(options, json, synth::to_json(report, run), synth::to_markdown(report, run));
  if (!delivered.ok()) return fail(delivered.error());
  return run.bit_exact ? kExitOk : kExitMismatch;
}

int execute(const Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  if (options.clock_gating && (options.target != "osu018" || !options.device.empty()))
    return fail({"--clock-gating is for standard cells: give --target osu018 too"});
  if (options.energy) {
    if (options.target != "osu018")
      return fail({"--energy is for standard cells: give --target osu018 too"});
    if (options.check || options.timing || !options.device.empty() || !options.compare.empty()) {
      return fail(
          {"--energy stands alone: it goes without --check, --timing, --place and --compare"});
    }
    return execute_energy(options, config.value(), json);
  }
  if (!options.device.empty()) {
    if (options.check || options.timing || !options.liberty.empty() || !options.compare.empty()) {
      return fail(
          {"--place stands alone: it goes without --check, --timing, --liberty and --compare"});
    }
    return execute_place(options, config.value(), json);
  }
  const auto target = synth::parse_target(options.target);
  if (!target.ok()) return fail(target.error());
  synth::SynthOptions synth_options;
  synth_options.timeout = std::chrono::seconds(options.timeout_seconds);
  if (!options.work_dir.empty()) synth_options.work_dir = options.work_dir;
  if (!options.liberty.empty()) synth_options.liberty = options.liberty;
  if (options.clock_gating) synth_options.gate_min_bits = options.gate_min_bits;
  if (options.timing) synth_options.timing = options.clock;
  if ((options.timing || !options.liberty.empty()) && target.value() != synth::Target::kOsu018) {
    return fail({"--timing and --liberty are for standard cells: give --target osu018 too"});
  }
  std::optional<nlohmann::json> earlier;
  if (!options.compare.empty()) {
    auto read = synth::load_report(options.compare);
    if (!read.ok()) return fail(read.error());
    if (auto fits = check_earlier(read.value(), config.value(), target.value(), options);
        !fits.ok())
      return fail(fits.error());
    earlier = std::move(read).value();
  }
  const auto report = synth::synthesize(config.value(), target.value(), synth_options);
  if (!report.ok()) return fail(report.error());

  log_prediction(config.value(), report.value());

  std::optional<synth::NetlistCheck> check;
  if (options.check) {
    synth::CheckOptions check_options;
    check_options.timeout = synth_options.timeout;
    check_options.liberty = synth_options.liberty;
    check_options.gate_min_bits = synth_options.gate_min_bits;
    if (options.timing) check_options.period_ns = options.clock.period_ns;
    auto checked = synth::check_netlist(config.value(), target.value(), check_options);
    if (!checked.ok()) return fail(checked.error());
    check = std::move(checked).value();
  }
  auto object = synth::to_json(report.value());
  if (const Status added = add_cycles(config.value(), object); !added.ok())
    return fail(added.error());
  object["tolerance"] = kept_tolerance(options.json_file, target.value());
  if (check) object["check"] = check_json(*check);
  std::string markdown = synth::to_markdown(report.value());
  if (check) markdown += '\n' + synth::to_markdown(*check);
  bool grew = false;
  if (earlier) {
    const auto compared = synth::compare_reports(*earlier, nlohmann::json(object));
    if (!compared.ok()) return fail(compared.error());
    grew = compared.value().grew();
    object["compare"] = synth::to_json(compared.value());
    markdown += '\n' + synth::to_markdown(compared.value());
  }
  const Status delivered = deliver(options, json, object, markdown);
  if (!delivered.ok()) return fail(delivered.error());
  if (grew) return kExitMismatch;
  return !check || check->equal() ? kExitOk : kExitMismatch;
}

}  // namespace

void add_synth(CLI::App& app, Session& session) {
  CLI::App* command = add_command(app, session, "synth",
                                  "Area of a configuration by Yosys, per module and in total",
                                  "batkit synth nano --target osu018 --json");
  auto options = std::make_shared<Options>();
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command->add_option("--target", options->target, "xcup, ice40 or osu018")->capture_default_str();
  command->add_flag("--check", options->check,
                    "Also simulate the mapped netlist of every unit beside its source");
  command->add_flag("--timing", options->timing,
                    "osu018: map for a clock and show the slowest path of every unit (OpenSTA)");
  command->add_option("--period", options->clock.period_ns, "Clock of --timing and --energy in ns")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1000.0));
  command
      ->add_option("--ram-access", options->clock.ram_access_ns,
                   "Assumed clock-to-output time of memories in ns")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1000.0));
  command->add_flag("--energy", options->energy,
                    "osu018: energy an inference from the activity of --model on the netlist");
  auto* gating = command->add_flag("--clock-gating", options->clock_gating,
                                   "osu018: registers with an enable get a gated clock; with "
                                   "--check, --timing and --energy, too");
  command
      ->add_option("--min-bits", options->gate_min_bits,
                   "Fewest bits of a register for --clock-gating")
      ->capture_default_str()
      ->needs(gating)
      ->check(CLI::Range(1, 1000000));
  command->add_option(
      "--model", options->model,
      "Model of --energy: file, zoo name or 'random' (default: the configuration's)");
  command->add_option("--layers", options->random.layers, "Layers of a random model of --energy")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->add_option("--tokens", options->random.tokens, "Tokens of its samples in turn")
      ->delimiter(',');
  command->add_flag("--softmax", options->random.softmax, "Softmax attention in it");
  command
      ->add_option("--append-run", options->append_run,
                   "Append the run to this file as the energy model fits it")
      ->group("");
  command->add_option("--samples", options->samples, "Samples of its test set for --energy")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option(
      "--liberty", options->liberty,
      "Liberty file of the standard cells (default: that of Debian's qflow-tech-osu018)");
  command->add_option(
      "--place", options->device,
      "Place and route on hx1k, hx8k, up5k (iCE40), 25k, 45k or 85k (ECP5) with nextpnr instead");
  command->add_option("--unit", options->place.unit, "Module to place (default: the whole design)");
  command->add_option("--mhz", options->place.mhz, "Clock that placement aims at")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1000.0));
  command->add_option("--seed", options->place.seed, "Seed of the placement")
      ->capture_default_str();
  command->add_option("--compare", options->compare,
                      "An earlier --json-file of this configuration and target: show what changed, "
                      "exit 1 when a total grew by more than it tolerates");
  command->add_option("--json-file", options->json_file, "Also write the JSON report to this file");
  command->add_option("--work-dir", options->work_dir, "Keep scripts, logs and netlists here");
  command->add_option("--timeout", options->timeout_seconds, "Seconds for each run of a tool")
      ->capture_default_str()
      ->check(CLI::Range(1L, 1000000L));
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
