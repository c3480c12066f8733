// SPDX-License-Identifier: Apache-2.0
// Runs a file of training jobs: one run a line as "RECIPE key=value ...", "-" for no recipe, lines
// starting with '#' ignored. Runs train side by side; a line "---" waits for those above it, so
// that a later run may use their checkpoint as its teacher.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

#include "models/train/trainer.hpp"

namespace {

using bat::train::TrainOptions;

bat::Result<TrainOptions> parse_job(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  bat::Result<TrainOptions> options =
      word == "-" ? bat::Result<TrainOptions>(TrainOptions{}) : bat::train::recipe(word);
  while (options && words >> word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return bat::Error{"'" + word + "' is not key=value"};
    const bat::Status set =
        bat::train::set_option(options.value(), word.substr(0, equals), word.substr(equals + 1));
    if (!set) return set.error();
  }
  return options;
}

bat::Result<std::vector<std::vector<TrainOptions>>> read_jobs(const char* path) {
  std::ifstream file(path);
  if (!file) return bat::Error{std::string(path) + ": cannot be read"};
  std::vector<std::vector<TrainOptions>> stages(1);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    if (line == "---") {
      stages.emplace_back();
      continue;
    }
    bat::Result<TrainOptions> job = parse_job(line);
    if (!job) return bat::Error{fmt::format("{}:{}: {}", path, number, job.error().message)};
    stages.back().push_back(std::move(job.value()));
  }
  return stages;
}

void print(const bat::train::TrainReport& report) {
  fmt::print("{}: {} epochs, holdout {:.4f}", report.checkpoint.string(), report.epochs_done,
             report.holdout_accuracy);
  if (report.views) {
    fmt::print(", test float {:.4f} integer {:.4f}", report.views->float_metric,
               report.views->integer_metric);
  }
  if (report.float_test) fmt::print(", test float {:.4f}", *report.float_test);
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bat_train_tool JOBS\n");
    return 2;
  }
  const auto stages = read_jobs(argv[1]);
  if (!stages) {
    fmt::print(stderr, "{}\n", stages.error().message);
    return 2;
  }
  std::mutex lock;
  const auto progress = [&lock](const bat::train::Progress& p) {
    const std::scoped_lock guard(lock);
    fmt::print("{} {} {}/{} loss {:.4f} train {:.4f} holdout {} {:.2f} s\n", p.run, p.phase,
               p.stats.epoch, p.epochs, p.stats.loss, p.stats.accuracy,
               p.holdout ? fmt::format("{:.4f}", *p.holdout) : "-", p.stats.seconds);
    std::fflush(stdout);
    return true;
  };
  for (const std::vector<TrainOptions>& runs : stages.value()) {
    const auto reports = bat::train::train_all(runs, progress);
    if (!reports) {
      fmt::print(stderr, "{}\n", reports.error().message);
      return 1;
    }
    for (const bat::train::TrainReport& report : reports.value()) print(report);
  }
  return 0;
}
