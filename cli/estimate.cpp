// SPDX-License-Identifier: Apache-2.0
// batkit estimate: cycles of a model on a configuration, from the cycle model.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/cycle_estimate.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/area_model.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string config;
  std::string model;
  RandomWorkloadOptions random;
  CycleOptions cycles;
};

void print_area(const synth::AreaPrediction& area) {
  fmt::print(
      "predicted area: xcup {:.0f} LUT, {:.0f} FF, {:.0f} DSP, {:g} BRAM36; osu018 {:.1f} kGE; "
      "{:.0f} memory bits\n",
      area.lut, area.ff, area.dsp, area.bram36, area.gate_equivalents / 1e3, area.memory_bits);
}

void print_text(const Estimate& estimate) {
  fmt::print("{:<4} {:<28} {:>5} {:>10} {:>10} {:>10}  cycles lost\n", "unit", "what", "layer",
             "start", "end", "busy");
  for (const OpEstimate& op : estimate.ops) {
    std::string lost;
    for (std::size_t i = 0; i < op.lost.size(); ++i) {
      if (op.lost[i] > 0) lost += fmt::format(" {} {}", kLossNames[i], op.lost[i]);
    }
    fmt::print("{:<4} {:<28} {:>5} {:>10} {:>10} {:>10} {}\n", op.unit, op.name,
               op.layer < 0 ? "" : std::to_string(op.layer), op.start, op.end, op.busy, lost);
  }
  for (const UnitEstimate& unit : estimate.units) {
    fmt::print("{}: busy {}, starved {}, stalled {}\n", unit.unit, unit.busy, unit.starved,
               unit.stalled);
  }
  fmt::print("cycles                {}\n", estimate.cycles);
  fmt::print("steady cycles         {:.0f}\n", estimate.steady_cycles);
  fmt::print("QMM utilization       {:.1f} %\n", 100.0 * estimate.qmm_utilization);
}

int execute(const Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  const auto planned = plan(config.value());
  if (!planned.ok()) return fail(planned.error());
  const auto model = find_or_make_model(config.value(), options.model, options.random);
  if (!model.ok()) return fail(model.error());
  const auto cycles =
      estimate_cycles(config.value(), planned.value(), model.value(), options.cycles);
  if (!cycles.ok()) return fail(cycles.error());
  const auto area_model = synth::AreaModel::builtin();
  if (!area_model.ok()) return fail(area_model.error());
  const synth::AreaPrediction area = area_model.value().predict(config.value(), planned.value());
  const Estimate& result = cycles.value().queue;
  if (!json) {
    print_text(result);
    print_area(area);
    return kExitOk;
  }
  nlohmann::ordered_json object{{"config", config.value().name}, {"model", model.value().name}};
  object.update(result.json());
  object["area"] = synth::to_json(area);
  print_json(object);
  return kExitOk;
}

}  // namespace

void add_estimate(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "estimate", "Predict cycles and where they are lost, without RTL",
                  "batkit estimate base --model random --layers 12 --tokens 128 --latency 100 "
                  "--bandwidth 95 --json");
  auto options = std::make_shared<Options>();
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command->add_option("--model", options->model,
                      "Model file, zoo name, or 'random' (default: the configuration's)");
  command
      ->add_option("--pruned", options->random.pruned,
                   "Percent of the weight blocks of a random model that are pruned")
      ->check(CLI::Range(0, 99));
  command->add_option("--layers", options->random.layers, "Layers of a random model")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->add_flag(
      "--softmax", options->random.softmax,
      "Softmax attention in a random model (default: threshold where it is built in)");
  command
      ->add_option("--tokens", options->cycles.tokens,
                   "Tokens of the sentences in turn, as N or N,N,... (default: the most that fit)")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("--sentences", options->cycles.sentences,
                   "Sentences that share each weight loaded: at most so many in one program")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command
      ->add_option("--queue", options->cycles.queue,
                   "Programs one behind the other, for steady_cycles")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  add_memory_options(*command, options->cycles.memory.latency, options->cycles.memory.bandwidth);
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
