// SPDX-License-Identifier: Apache-2.0
// batkit select: the cheapest device that meets a latency and an accuracy.
#include "explore/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exploring.hpp"
#include "explore/output.hpp"
#include "models/io/atomic_file.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string task;
  std::string data;
  std::string test_sets;
  std::string folder;
  std::vector<double> latency;
  std::vector<double> accuracy;
  unsigned threads = 0;
};

nlohmann::ordered_json point_json(const explore::Exploration& e, const explore::Point& point) {
  const auto metric = [&](explore::Metric m) { return point.metrics[explore::index(m)]; };
  return {{"device", e.space().platforms[point.platform].device->name},
          {"board", e.space().platforms[point.platform].device->board},
          {"clock_mhz", e.space().platforms[point.platform].clock_mhz},
          {"model", e.variants()[point.variant].name},
          {"accuracy", metric(explore::Metric::kAccuracy)},
          {"latency_us", metric(explore::Metric::kLatencyUs)},
          {"cycles", metric(explore::Metric::kCycles)},
          {"utilization", metric(explore::Metric::kUtilization)},
          {"lut", metric(explore::Metric::kLut)},
          {"name", point.config.name},
          {"configuration", explore::configuration_text(e, point)}};
}

nlohmann::ordered_json selection_json(const explore::Exploration& e, const explore::Front& front,
                                      const explore::Selection& s) {
  nlohmann::ordered_json json{{"latency_us", s.query.latency_us}, {"accuracy", s.query.accuracy}};
  if (s.point) {
    json["chosen"] = point_json(e, front.points[*s.point]);
    return json;
  }
  json["infeasible"] = s.reason;
  if (s.fast_enough) json["fast_enough"] = point_json(e, front.points[*s.fast_enough]);
  if (s.accurate_enough) {
    json["accurate_enough"] = point_json(e, front.points[*s.accurate_enough]);
  }
  return json;
}

std::string row(const explore::Exploration& e, const explore::Query& q,
                const explore::Point& point) {
  const auto metric = [&](explore::Metric m) { return point.metrics[explore::index(m)]; };
  const Config& c = point.config;
  return fmt::format(
      "{:>9.0f} {:>8.3f}  {:<8} {:<22} {:>8.4f} {:>10.1f} {:>6.1f}%  {}x{}x{}, {} "
      "lanes, {} bits\n",
      q.latency_us, q.accuracy, e.space().platforms[point.platform].device->name,
      e.variants()[point.variant].name, metric(explore::Metric::kAccuracy),
      metric(explore::Metric::kLatencyUs), 100 * metric(explore::Metric::kUtilization),
      c.array.rows, c.array.cols, c.array.depth, c.array.lanes, c.memory.axi_data_bits);
}

void print_text(const explore::Exploration& e, const explore::Front& front,
                const std::vector<explore::Selection>& selections) {
  fmt::print("{:>9} {:>8}  {:<8} {:<22} {:>8} {:>10} {:>7}  {}\n", "LC, us", "AC", "device",
             "model", "accuracy", "us", "full", "array, lanes, port");
  for (const explore::Selection& s : selections) {
    if (s.point) {
      fmt::print("{}", row(e, s.query, front.points[*s.point]));
      continue;
    }
    fmt::print("{:>9.0f} {:>8.3f}  infeasible: {}\n", s.query.latency_us, s.query.accuracy,
               s.reason);
    if (s.fast_enough) {
      fmt::print("  most accurate within the latency:\n{}",
                 row(e, s.query, front.points[*s.fast_enough]));
    }
    if (s.accurate_enough) {
      fmt::print("  fastest with the accuracy:\n{}",
                 row(e, s.query, front.points[*s.accurate_enough]));
    }
  }
}

int execute(const Options& options, bool json) {
  for (const auto* values : {&options.latency, &options.accuracy}) {
    if (std::none_of(values->begin(), values->end(), [](double v) { return std::isnan(v); }))
      continue;
    return fail(Error{"--latency and --accuracy must be numbers, not nan"});
  }
  std::vector<std::string> left_out;
  auto space = explore::select_space(options.task, options.data, explore::area_model(), left_out);
  if (!space.ok()) return fail(space.error());
  space.value().test_sets = options.test_sets;
  for (const std::string& line : left_out) log("not considered: " + line);
  if (!options.folder.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(options.folder, failure);
    if (failure) return fail(Error{fmt::format("{}: {}", options.folder, failure.message())});
  }
  Bars bars;
  const auto exploration =
      prepare(std::move(space).value(), options.folder, bars.progress(),
              [](const explore::Space& read, std::size_t models) -> Status {
                log(fmt::format("{:.0f} points, {} devices, {} models", read.points(models),
                                read.platforms.size(), models));
                return Ok{};
              });
  if (!exploration.ok()) return fail(exploration.error());
  const explore::Exploration& e = exploration.value();
  const auto journal = open_journal(options.folder);
  if (!journal.ok()) return fail(journal.error());
  const auto front = e.run(*journal.value(), {options.threads, bars.progress()});
  if (!front.ok()) return fail(front.error());
  bars.clear();
  std::vector<explore::Selection> selections;
  for (const double accuracy : options.accuracy) {
    for (const double latency : options.latency) {
      selections.push_back(explore::select(e, front.value(), {latency, accuracy}));
    }
  }
  bool all = true;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const explore::Selection& s : selections) {
    list.push_back(selection_json(e, front.value(), s));
    all = all && s.point.has_value();
    if (!s.point || options.folder.empty()) continue;
    const explore::Point& point = front.value().points[*s.point];
    const auto file =
        std::filesystem::path(options.folder) /
        fmt::format("{}-{}.toml", e.space().platforms[point.platform].name(), point.config.name);
    const Status written = io::write_text_atomic(file, explore::configuration_text(e, point));
    if (!written.ok()) return fail(written.error());
  }
  if (json) {
    print_json({{"task", options.task}, {"not_considered", left_out}, {"selections", list}});
  } else {
    print_text(e, front.value(), selections);
    if (selections.size() == 1 && all && options.folder.empty()) {
      fmt::print("\n{}",
                 explore::configuration_text(e, front.value().points[*selections.front().point]));
    }
  }
  return all ? kExitOk : kExitMismatch;
}

}  // namespace

void add_select(CLI::App& app, Session& session) {
  CLI::App* command = add_command(
      app, session, "select", "The cheapest device that meets a latency and an accuracy",
      "batkit select --task fashion-mnist --latency 200 --accuracy 0.88");
  auto options = std::make_shared<Options>();
  command->add_option("--task", options->task, "Task of the models: fashion-mnist, sst2, ...")
      ->required();
  command
      ->add_option("--latency", options->latency,
                   "Most microseconds of a sentence; several as N,N,... give a table")
      ->required()
      ->delimiter(',')
      ->check(CLI::Range(0.001, 1e9));
  command
      ->add_option("--accuracy", options->accuracy,
                   "Least accuracy; several as N,N,... are combined with every latency")
      ->required()
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--data", options->data,
                      "Data set, where the accuracy of a model was not measured yet");
  command->add_option(
      "--test-sets", options->test_sets,
      "Folder with the test sets of the zoo's tasks (glue/SST-2, clinc, ...), where "
      "the accuracy of a model was not measured yet");
  command->add_option("-o,--output", options->folder,
                      "Folder for the chosen configurations and for what is computed on the way");
  command->add_option("--threads", options->threads, "Worker threads (0: all cores)");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
