// SPDX-License-Identifier: Apache-2.0
// batkit run: a model on its test set, on the generated hardware and on the golden model.
#include "sim/run.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "cli/random_workload.hpp"
#include "cli/stall_option.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string config;
  std::string model;
  std::string input;
  std::size_t count = 20;
  RandomWorkloadOptions random;
  bool tensors = false;
  sim::RunOptions run;
};

void print_text(const sim::RunResult& result) {
  fmt::print("{} on {}: {} samples\n", result.model, result.config, result.samples);
  if (result.accuracy) fmt::print("  accuracy              {:.4f}\n", *result.accuracy);
  if (result.compared_bits != 0) {
    fmt::print("  bit-exact             {} ({} bits compared, {} mismatches)\n",
               result.bit_exact ? "yes" : "NO", result.compared_bits, result.mismatches);
  }
  if (result.cycles_per_sample > 0) {
    fmt::print("  cycles per sample     {:.0f}\n", result.cycles_per_sample);
    fmt::print("  QMM utilization       {:.1f} %\n", 100.0 * result.qmm_utilization);
    fmt::print("  simulated cycles/s    {:.0f}\n", result.sim_cycles_per_second);
  }
}

Result<Workload> workload_of(const Config& config, const std::string& model,
                             const Options& options) {
  if (model == kRandomModel) return random_workload(config, options.random, options.count);
  if (options.input == kRandomInput) {
    return random_samples(config, model, options.random, options.count);
  }
  return load_workload(model, options.input, options.count);
}

int execute(Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  const std::string model = options.model.empty() ? config.value().model : options.model;
  if (model.empty()) {
    return fail(
        Error{fmt::format("{}: names no default model; give one with --model", options.config)});
  }
  options.random.seed = options.run.seed;
  const auto workload = workload_of(config.value(), model, options);
  if (!workload.ok()) return fail(workload.error());

  ProgressBar bar("run");
  options.run.progress = [&bar](std::size_t done, std::size_t total) { bar.update(done, total); };
  options.run.check = options.tensors ? sim::CheckLevel::kTensors : sim::CheckLevel::kLogits;
  auto result =
      sim::run(config.value(), workload.value().model, workload.value().samples, options.run);
  if (!result.ok()) return fail(result.error());
  if (options.input == kRandomInput) result.value().accuracy.reset();
  if (json) {
    print_json(result.value().json());
  } else {
    print_text(result.value());
  }
  for (const auto& mismatch : result.value().first_mismatches) log(mismatch.text());
  for (const auto& violation : result.value().violations) log(violation);
  const bool passed = result.value().bit_exact && result.value().violations.empty();
  return passed ? kExitOk : kExitMismatch;
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App* command = add_command(
      app, session, "run", "Run a model on its test set: generated hardware, golden model, or both",
      "batkit run nano --model fashion-nano --count 20 --backend both --stall random --json");
  auto options = std::make_shared<Options>();
  const std::map<std::string, sim::Backend> backends{{"rtl", sim::Backend::kRtl},
                                                     {"golden", sim::Backend::kGolden},
                                                     {"both", sim::Backend::kBoth},
                                                     {"interpreter", sim::Backend::kInterpreter}};
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command->add_option("--model", options->model,
                      "Model file, zoo name, or 'random' (default: the configuration's)");
  command->add_option("--input", options->input,
                      "Data set: folder or file (default: the model's own test set), or 'random'");
  command->add_option("--count", options->count, "Samples (0: all)")->capture_default_str();
  command
      ->add_option("--pruned", options->random.pruned,
                   "Percent of the weight blocks of a random model that are pruned")
      ->check(CLI::Range(0, 99));
  command->add_option("--layers", options->random.layers, "Layers of a random model")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--tokens", options->random.tokens,
                   "Tokens of random samples in turn, as N or N,N,... (default: the most that fit)")
      ->delimiter(',');
  command->add_flag(
      "--softmax", options->random.softmax,
      "Softmax attention in a random model (default: threshold where it is built in)");
  command
      ->add_option("--sentences", options->run.sentences,
                   "Sentences that share each weight loaded: at most so many in one program")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command->add_option("--backend", options->run.backend, "rtl, golden, both or interpreter")
      ->transform(CLI::CheckedTransformer(backends))
      ->default_str("both");
  command->add_option("--stall", options->run.stall, "Bus stalls: none, random or adversarial")
      ->transform(CLI::CheckedTransformer(stall_modes()))
      ->default_str("none");
  command
      ->add_option("--seed", options->run.seed,
                   "Seed of stalls, initial memory contents, random model")
      ->capture_default_str();
  add_memory_options(*command, options->run.memory.latency, options->run.memory.bandwidth);
  command->add_flag("--tensors", options->tensors,
                    "Compare every intermediate tensor and check the bus protocols (slower)");
  command->add_option("--trace", options->run.trace, "Write an FST waveform of the run");
  command->add_option("--timeline", options->run.timeline,
                      "Write start and end of every instruction as a trace for Perfetto (JSON)");
  command
      ->add_option("--timeout-cycles", options->run.stuck_cycles,
                   "Watchdog: longest time without progress")
      ->capture_default_str();
  command->callback([&session, options] {
    options->run.replay = session.command_line + (options->tensors ? "" : " --tensors");
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
