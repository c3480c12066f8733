// SPDX-License-Identifier: Apache-2.0
// batkit eval: accuracy of the golden model on a data set.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "models/bmt/golden.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string model = "fashion-nano";
  std::string data;
  std::size_t count = 0;
  unsigned threads = 0;
};

struct Tally {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> correct{0};
};

/// Classifies samples until none is left; the first error ends the worker.
std::optional<Error> classify(const bmt::GoldenModel& golden,
                              const std::vector<bmt::Sample>& samples, Tally& tally) {
  for (std::size_t i = tally.next++; i < samples.size(); i = tally.next++) {
    const auto logits = golden.logits(samples[i]);
    if (!logits.ok()) return logits.error();
    if (bmt::argmax(logits.value()) == samples[i].label) ++tally.correct;
  }
  return std::nullopt;
}

int execute(const Options& options, bool json) {
  const auto workload = load_workload(options.model, options.data, options.count);
  if (!workload.ok()) return fail(workload.error());
  const auto& samples = workload.value().samples;
  const bmt::GoldenModel golden(workload.value().model);

  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  Tally tally;
  std::vector<std::optional<Error>> errors(threads);
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] { errors[t] = classify(golden, samples, tally); });
    }
    ProgressBar bar("eval");
    while (tally.next < samples.size()) {
      bar.update(tally.next, samples.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  for (const auto& error : errors) {
    if (error) return fail(*error);
  }

  const auto total = static_cast<double>(samples.size());
  const double accuracy = static_cast<double>(tally.correct) / total;
  const double rate = total / elapsed.count();
  if (json) {
    print_json({{"model", workload.value().model.name},
                {"samples", samples.size()},
                {"accuracy", accuracy},
                {"samples_per_second", rate},
                {"threads", threads}});
  } else {
    fmt::print("{}: accuracy {:.4f} on {} samples ({:.0f} samples/s, {} threads)\n",
               workload.value().model.name, accuracy, samples.size(), rate, threads);
  }
  return kExitOk;
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "eval", "Accuracy of a model on a data set, by the golden model",
                  "batkit eval --model fashion-nano --json");
  auto options = std::make_shared<Options>();
  command->add_option("--model", options->model, "Model file or zoo name")->capture_default_str();
  command->add_option("--data", options->data,
                      "Data set: folder or file (default: the model's own test set)");
  command->add_option("--count", options->count, "First samples only (0: all)");
  command->add_option("--threads", options->threads, "Worker threads (0: all cores)");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
