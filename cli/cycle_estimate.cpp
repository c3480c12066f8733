// SPDX-License-Identifier: Apache-2.0
#include "cli/cycle_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/model_lookup.hpp"
#include "models/bmt/model_file.hpp"

namespace bat::cli {
namespace {

/// Where the driver of `batkit run` puts the model with its default seed.
constexpr std::uint64_t kMemoryBase = 4096 + 64;

/// Programs of a queue: `options.sentences` of the given lengths each, the lengths in turn.
Result<std::vector<Program>> compile_queue(const Config& config, const Plan& planned,
                                           const ModelImage& image, const CycleOptions& options,
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

}  // namespace

Result<CycleEstimate> estimate_cycles(const Config& config, const Plan& planned,
                                      const bmt::Model& model, const CycleOptions& options) {
  const auto image = build_image(config, planned, model);
  if (!image.ok()) return image.error();
  // The first job loads the parameters that stay on chip, where they do.
  auto first = compile_queue(config, planned, image.value(), options, Parameters::kLoad);
  if (!first.ok()) return first.error();
  const auto others = compile_queue(config, planned, image.value(), options, Parameters::kKeep);
  if (!others.ok()) return others.error();
  std::vector<const Program*> jobs{&first.value().front()};
  for (int i = 1; i < options.queue; ++i) {
    const std::vector<Program>& programs = planned.resident ? others.value() : first.value();
    jobs.push_back(&programs[static_cast<std::size_t>(i) % programs.size()]);
  }
  const MemoryMap map = driver_map(planned, image.value(), jobs,
                                   std::min(options.sentences, planned.sentences), kMemoryBase);
  const auto run = [&](std::size_t count) {
    return estimate(config, planned, std::span(jobs).first(count), map, options.memory);
  };
  auto alone = run(1);
  if (!alone.ok()) return alone.error();
  auto queue = run(jobs.size());
  if (!queue.ok()) return queue.error();
  // In a queue the first program's logits wait for the reads of the next one, so its latency is
  // that of the program alone; the last program of the queue has none behind it either.
  Estimate& result = queue.value();
  result.cycles = alone.value().cycles;
  result.ops = alone.value().ops;
  if (jobs.size() > 1) {
    result.steady_cycles = static_cast<double>(result.total_cycles - result.cycles) /
                           static_cast<double>(jobs.size() - 1);
  }
  return CycleEstimate{std::move(queue).value(), std::move(alone).value(),
                       std::move(first.value().front())};
}

Result<nlohmann::ordered_json> reference_cycles(const Config& config) {
  const auto planned = plan(config);
  if (!planned.ok()) return planned.error();
  const RandomWorkloadOptions random;
  const auto workload = random_workload(config, random, 1);
  if (!workload.ok()) return workload.error();
  const CycleOptions options;
  const auto cycles = estimate_cycles(config, planned.value(), workload.value().model, options);
  if (!cycles.ok()) return cycles.error();
  const Estimate& result = cycles.value().queue;
  return nlohmann::ordered_json{
      {"reference",
       {{"model", kRandomModel},
        {"layers", random.layers},
        {"tokens", std::min(config.limits.tokens, config.limits.positions)},
        {"latency", options.memory.latency},
        {"bandwidth", options.memory.bandwidth}}},
      {"cycles", result.cycles},
      {"steady_cycles", result.steady_cycles}};
}

Result<bmt::Model> find_or_make_model(const Config& config, const std::string& chosen,
                                      const RandomWorkloadOptions& random) {
  const std::string name = chosen.empty() ? config.model : chosen;
  if (name == kRandomModel) {
    auto workload = random_workload(config, random, 1);
    if (!workload.ok()) return workload.error();
    return std::move(workload.value().model);
  }
  if (name.empty()) {
    return Error{fmt::format("{}: names no default model; give one with --model", config.name)};
  }
  const auto path = find_model(name);
  if (!path.ok()) return path.error();
  return bmt::load_model(path.value());
}

}  // namespace bat::cli
