// SPDX-License-Identifier: Apache-2.0
// batkit estimate: cycles of a model on a configuration, from the cycle model.
#include "rtl_gen/estimate/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "cli/random_workload.hpp"
#include "models/bmt/model_file.hpp"
#include "rtl_gen/config/config.hpp"
#include "synth/area_model.hpp"

namespace bat::cli {
namespace {

/// Where the driver of `batkit run` puts the model with its default seed.
constexpr std::uint64_t kMemoryBase = 4096 + 64;

struct Options {
  std::string config;
  std::string model;
  RandomWorkloadOptions random;
  std::vector<int> tokens;
  int sentences = 1;
  int queue = 8;
  MemoryModel memory;
};

Result<bmt::Model> find(const Config& config, const Options& options) {
  const std::string name = options.model.empty() ? config.model : options.model;
  if (name == kRandomModel) {
    auto workload = random_workload(config, options.random, 1);
    if (!workload.ok()) return workload.error();
    return std::move(workload.value().model);
  }
  if (name.empty()) {
    return Error{fmt::format("{}: names no default model; give one with --model", options.config)};
  }
  const auto path = find_model(name);
  if (!path.ok()) return path.error();
  return bmt::load_model(path.value());
}

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

/// Programs of a queue: `options.sentences` of the given lengths each, the lengths in turn.
Result<std::vector<Program>> compile_queue(const Config& config, const Plan& planned,
                                           const ModelImage& image, const Options& options,
                                           Parameters parameters) {
  std::vector<int> lengths = options.tokens;
  if (lengths.empty()) lengths.push_back(std::min(config.limits.tokens, image.max_tokens));
  const auto most = static_cast<std::size_t>(std::min(options.sentences, planned.sentences));
  std::vector<Program> programs;
  std::size_t next = 0;
  do {
    std::vector<int> job;
    for (; job.size() < most; ++next) {
      job.push_back(lengths[next % lengths.size()]);
      if (job.size() == 1 || check_lengths(config, planned, image, job)) continue;
      job.pop_back();
      break;
    }
    auto program = compile_program(config, planned, image, job, parameters);
    if (!program.ok()) return program.error();
    programs.push_back(std::move(program).value());
  } while (next % lengths.size() != 0 && programs.size() < lengths.size());
  return programs;
}

int execute(const Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  const auto planned = plan(config.value());
  if (!planned.ok()) return fail(planned.error());
  const auto model = find(config.value(), options);
  if (!model.ok()) return fail(model.error());
  const auto image = build_image(config.value(), planned.value(), model.value());
  if (!image.ok()) return fail(image.error());
  const auto compile = [&](Parameters parameters) {
    return compile_queue(config.value(), planned.value(), image.value(), options, parameters);
  };
  // The first job loads the parameters that stay on chip, where they do.
  const auto first = compile(Parameters::kLoad);
  if (!first.ok()) return fail(first.error());
  const auto others = compile(Parameters::kKeep);
  if (!others.ok()) return fail(others.error());
  std::vector<const Program*> jobs{&first.value().front()};
  for (int i = 1; i < options.queue; ++i) {
    const std::vector<Program>& programs =
        planned.value().resident ? others.value() : first.value();
    jobs.push_back(&programs[static_cast<std::size_t>(i) % programs.size()]);
  }
  const MemoryMap map =
      driver_map(planned.value(), image.value(), jobs,
                 std::min(options.sentences, planned.value().sentences), kMemoryBase);
  const auto run = [&](std::size_t count) {
    return estimate(config.value(), planned.value(), std::span(jobs).first(count), map,
                    options.memory);
  };
  const auto area_model = synth::AreaModel::builtin();
  if (!area_model.ok()) return fail(area_model.error());
  const synth::AreaPrediction area = area_model.value().predict(config.value(), planned.value());
  auto alone = run(1);
  if (!alone.ok()) return fail(alone.error());
  auto queue = run(jobs.size());
  if (!queue.ok()) return fail(queue.error());
  // In a queue the first program's logits wait for the reads of the next one, so its latency is
  // that of the program alone; the last program of the queue has none behind it either.
  Estimate& result = queue.value();
  result.cycles = alone.value().cycles;
  result.ops = alone.value().ops;
  if (jobs.size() > 1) {
    result.steady_cycles = static_cast<double>(result.total_cycles - result.cycles) /
                           static_cast<double>(jobs.size() - 1);
  }
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
      ->add_option("--tokens", options->tokens,
                   "Tokens of the sentences in turn, as N or N,N,... (default: the most that fit)")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("--sentences", options->sentences,
                   "Sentences that share each weight loaded: at most so many in one program")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command->add_option("--queue", options->queue, "Programs one behind the other, for steady_cycles")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--latency", options->memory.latency, "Memory latency in cycles")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--bandwidth", options->memory.bandwidth,
                   "Percent of cycles that can carry a beat")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
