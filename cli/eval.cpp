// SPDX-License-Identifier: Apache-2.0
// batkit eval: accuracy of the golden model on a data set, clean and disturbed.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "models/bmt/golden.hpp"
#include "models/bmt/metrics.hpp"
#include "models/bmt/robustness.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string model = "fashion-nano";
  std::string data;
  std::size_t count = 0;
  unsigned threads = 0;
  std::vector<double> noise;
  std::vector<double> flips;
  bmt::WeightFlips guard;  ///< protection and words; the rate is one of `flips`
  int draws = 3;
  std::uint64_t seed = 1;
};

/// A run over all samples.
struct Pass {
  const bmt::GoldenModel& golden;
  const std::vector<bmt::Sample>& samples;
  double noise = 0.0;
  std::uint64_t seed = 0;
  std::atomic<std::size_t> next{0};
  std::vector<bmt::Prediction> predictions{};
};

/// Classifies samples until none is left; the first error ends the worker.
std::optional<Error> classify(Pass& pass) {
  for (std::size_t i = pass.next++; i < pass.samples.size(); i = pass.next++) {
    // Each sample has noise of its own, whatever the number of threads.
    bmt::GaussianNoise noise(pass.noise, pass.seed * 0x9E3779B97F4A7C15ULL + i);
    bmt::StreamFilter* filter = pass.noise > 0.0 ? &noise : nullptr;
    const auto logits = pass.golden.logits(pass.samples[i], nullptr, filter);
    if (!logits.ok()) return logits.error();
    pass.predictions[i] = bmt::predict(pass.golden.model(), logits.value(), pass.samples[i]);
  }
  return std::nullopt;
}

Status run_pass(Pass& pass, unsigned threads, const char* label) {
  pass.predictions.resize(pass.samples.size());
  std::vector<std::optional<Error>> errors(threads);
  {
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] { errors[t] = classify(pass); });
    }
    ProgressBar bar(label);
    while (pass.next < pass.samples.size()) {
      bar.update(pass.next, pass.samples.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  for (const auto& error : errors) {
    if (error) return *error;
  }
  return Ok{};
}

/// Figure of the task under one disturbance, over several draws.
struct Disturbed {
  const char* kind;
  double level = 0.0;
  std::vector<double> values;

  double mean() const {
    double sum = 0.0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(values.size());
  }
  double least() const { return *std::min_element(values.begin(), values.end()); }
};

Result<Disturbed> with_noise(const Options& options, const Workload& workload,
                             const bmt::GoldenModel& golden, double sigma, unsigned threads) {
  Disturbed out{"noise", sigma, {}};
  for (int draw = 0; draw < options.draws; ++draw) {
    Pass pass{golden, workload.samples, sigma, options.seed + static_cast<std::uint64_t>(draw)};
    if (Status s = run_pass(pass, threads, "noise"); !s) return s.error();
    out.values.push_back(bmt::metric(workload.model, pass.predictions));
  }
  return out;
}

Result<Disturbed> with_flips(const Options& options, const Workload& workload, double rate,
                             unsigned threads) {
  Disturbed out{"bitflips", rate, {}};
  for (int draw = 0; draw < options.draws; ++draw) {
    bmt::WeightFlips flips = options.guard;
    flips.rate = rate;
    const bmt::Model model = bmt::flip_weight_bits(workload.model, flips,
                                                   options.seed + static_cast<std::uint64_t>(draw));
    const bmt::GoldenModel golden(model);
    Pass pass{golden, workload.samples};
    if (Status s = run_pass(pass, threads, "bitflips"); !s) return s.error();
    out.values.push_back(bmt::metric(workload.model, pass.predictions));
  }
  return out;
}

/// Figures beside the one that the task is judged by.
std::vector<std::pair<std::string, double>> other_figures(
    const bmt::Model& model, const std::vector<bmt::Prediction>& predictions) {
  if (model.task_kind == bmt::TaskKind::kRegression) {
    return {{"spearman", bmt::spearman(predictions)}};
  }
  std::vector<std::pair<std::string, double>> out;
  if (bmt::metric_name(model) != "accuracy")
    out.emplace_back("accuracy", bmt::accuracy(predictions));
  if (model.classes == 2) out.emplace_back("f1", bmt::f1(predictions));
  return out;
}

std::vector<std::string> protections() {
  return {std::begin(bmt::kProtectionNames), std::end(bmt::kProtectionNames)};
}

int execute(const Options& options, bool json) {
  const auto workload = load_workload(options.model, options.data, options.count);
  if (!workload.ok()) return fail(workload.error());
  const bmt::Model& model = workload.value().model;
  const bmt::GoldenModel golden(model);
  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());

  const auto start = std::chrono::steady_clock::now();
  Pass clean{golden, workload.value().samples};
  if (Status s = run_pass(clean, threads, "eval"); !s) return fail(s.error());
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

  std::vector<Disturbed> disturbed;
  for (const double sigma : options.noise) {
    auto result = with_noise(options, workload.value(), golden, sigma, threads);
    if (!result.ok()) return fail(result.error());
    disturbed.push_back(std::move(result).value());
  }
  for (const double rate : options.flips) {
    auto result = with_flips(options, workload.value(), rate, threads);
    if (!result.ok()) return fail(result.error());
    disturbed.push_back(std::move(result).value());
  }

  const std::string metric = bmt::metric_name(model);
  const double value = bmt::metric(model, clean.predictions);
  const double rate = static_cast<double>(clean.samples.size()) / elapsed.count();
  const auto others = other_figures(model, clean.predictions);
  if (json) {
    nlohmann::ordered_json object{{"model", model.name},
                                  {"samples", clean.samples.size()},
                                  {metric, value},
                                  {"samples_per_second", rate},
                                  {"threads", threads}};
    for (const auto& [name, figure] : others) object[name] = figure;
    if (!options.flips.empty()) object["protection"] = to_string(options.guard.protection);
    for (const Disturbed& d : disturbed) {
      object["robustness"].push_back({{"kind", d.kind},
                                      {"level", d.level},
                                      {"draws", d.values},
                                      {"mean", d.mean()},
                                      {"change", d.mean() - value}});
    }
    print_json(object);
    return kExitOk;
  }
  fmt::print("{}: {} {:.4f} on {} samples ({:.0f} samples/s, {} threads)\n", model.name, metric,
             value, clean.samples.size(), rate, threads);
  for (const auto& [name, figure] : others) fmt::print("  {} {:.4f}\n", name, figure);
  for (const Disturbed& d : disturbed) {
    fmt::print("  {} {:g}: {:.4f} ({:+.4f}), least of {} draws {:.4f}\n", d.kind, d.level, d.mean(),
               d.mean() - value, d.values.size(), d.least());
  }
  return kExitOk;
}

}  // namespace

void add_eval(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "eval", "Accuracy of a model on a data set, by the golden model",
                  "batkit eval --model fashion-nano --noise 0.2 --bitflips 1e-2 --json");
  auto options = std::make_shared<Options>();
  command->add_option("--model", options->model, "Model file or zoo name")->capture_default_str();
  command->add_option("--data", options->data,
                      "Data set: folder or file (default: the model's own test set)");
  command->add_option("--count", options->count, "First samples only (0: all)");
  command->add_option("--threads", options->threads, "Worker threads (0: all cores)");
  command
      ->add_option("--noise", options->noise,
                   "Gaussian noise on the embedding output: deviations in units of a row's root "
                   "mean square (several allowed)")
      ->check(CLI::Range(0.0, 100.0));
  command
      ->add_option("--bitflips", options->flips,
                   "Share of flipped bits of weight memory (several allowed)")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option_function<std::string>(
          "--protection",
          [options](const std::string& name) {
            const auto names = protections();
            options->guard.protection = static_cast<bmt::Protection>(
                std::find(names.begin(), names.end(), name) - names.begin());
          },
          "What guards the weight memory against flips: none, parity (a word with an odd "
          "number of flips is read again) or majority (three copies)")
      ->check(CLI::IsMember(protections()))
      ->default_str("none");
  command
      ->add_option("--word-bits", options->guard.word_bits,
                   "Bits of a word with a parity bit: array.depth of a configuration")
      ->capture_default_str()
      ->check(CLI::Range(1, 16383));
  command->add_option("--draws", options->draws, "Draws of each disturbance")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--seed", options->seed, "Seed of the disturbances")->capture_default_str();
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
