// SPDX-License-Identifier: Apache-2.0
// batkit explore: the exact Pareto front of a space of models and accelerators.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/exploring.hpp"
#include "cli/model_lookup.hpp"
#include "explore/build.hpp"
#include "explore/exploration.hpp"
#include "explore/output.hpp"
#include "models/io/atomic_file.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string space;
  std::string folder;
  std::string launcher = "local";
  std::string slurm;
  unsigned threads = 0;
  unsigned parallel = 0;
  int retries = 2;
  int build = 0;
  bool no_html = false;
  double most_points = 2e7;
};

/// Points and the time that they take, before anything else is done.
Status announce(const explore::Space& space, std::size_t models, const Options& options) {
  const double points = space.points(models);
  const std::string size =
      fmt::format("{:.0f} points: {} models x {:.0f} configurations x {} platforms", points, models,
                  space.configurations(), space.platforms.size());
  constexpr double kPointsPerSecond = 1e5;
  const double duration = points / kPointsPerSecond / worker_threads(options.threads);
  const std::string time = fmt::format("about {} on {} threads", duration_text(duration),
                                       worker_threads(options.threads));
  log(fmt::format("{}; {}", size, time));
  const double most = std::min(options.most_points, explore::Exploration::kMostPoints);
  if (points <= most) return Ok{};
  return Error{
      fmt::format("{}: the space has {} ({}), more than --most-points ({:.0f}): shorten its "
                  "lists, or raise --most-points (at most {:.0f})",
                  space.source, size, time, most, explore::Exploration::kMostPoints)};
}

Result<explore::BuildReport> build(const explore::Exploration& e, const explore::Front& front,
                                   const Options& options, const explore::Progress& progress) {
  const auto launcher = explore::parse_launcher(options.launcher);
  if (!launcher.ok()) return launcher.error();
  explore::LaunchOptions launch;
  launch.launcher = launcher.value();
  launch.parallel = options.parallel;
  launch.retries = options.retries;
  launch.slurm_arguments = options.slurm;
  launch.folder = options.folder;
  launch.progress = progress;
  const auto points = explore::spread(e, front, static_cast<std::size_t>(options.build));
  return explore::build_points(e, front, points, own_path(), BATKIT_VERSION, launch);
}

int execute(const Options& options, bool json) {
  const auto launcher = explore::parse_launcher(options.launcher);
  if (!launcher.ok()) return fail(launcher.error());
  if (const auto d3 = synth::find_d3(); !options.no_html && !d3.ok()) return fail(d3.error());
  auto space = explore::load_space(options.space);
  if (!space.ok()) return fail(space.error());
  std::error_code failure;
  std::filesystem::create_directories(options.folder, failure);
  if (failure) return fail(Error{fmt::format("{}: {}", options.folder, failure.message())});

  Bars bars;
  const auto exploration = prepare(std::move(space).value(), options.folder, bars.progress(),
                                   [&](const explore::Space& read, std::size_t models) {
                                     return announce(read, models, options);
                                   });
  if (!exploration.ok()) return fail(exploration.error());
  const explore::Exploration& e = exploration.value();
  const auto journal = open_journal(options.folder);
  if (!journal.ok()) return fail(journal.error());
  const auto front = e.run(*journal.value(), {options.threads, bars.progress()});
  if (!front.ok()) return fail(front.error());
  if (Status s = explore::write_results(e, front.value(), options.folder, !options.no_html);
      !s.ok()) {
    return fail(s.error());
  }
  const explore::Statistics& s = front.value().statistics;
  log(fmt::format(
      "{:.2f} s, {:.0f} points a second; {:.0f} schedules, {:.0f} executed by the cycle "
      "model ({:.0f} of them known from before); {:.0f} points illegal, {:.0f} excluded "
      "by constraints",
      s.seconds, s.points / s.seconds, s.schedules, s.evaluated, s.from_journal, s.illegal,
      s.excluded));
  if (front.value().points.empty()) {
    return fail(Error{fmt::format("{}: {}", e.space().source, explore::why_empty(e, s))});
  }
  std::optional<explore::BuildReport> report;
  if (options.build > 0) {
    auto built = build(e, front.value(), options, bars.progress());
    if (!built.ok()) return fail(built.error());
    report = std::move(built).value();
    const auto file = std::filesystem::path(options.folder) / "build.md";
    if (Status written = io::write_text_atomic(file, explore::to_text(*report)); !written.ok()) {
      return fail(written.error());
    }
  }
  bars.clear();
  if (json) {
    auto object = explore::to_json(e, front.value());
    if (report) object["build"] = explore::to_json(*report);
    print_json(object);
  } else {
    fmt::print("{}", explore::to_text(e, front.value(), 40));
    if (report) fmt::print("\n{}", explore::to_text(*report));
    fmt::print("results: {}/front.csv, front.json{}\n", options.folder,
               options.no_html ? "" : ", front.html");
  }
  return !report || report->failures.empty() ? kExitOk : kExitMismatch;
}

}  // namespace

void add_explore(CLI::App& app, Session& session) {
  CLI::App* command = add_command(
      app, session, "explore", "The exact Pareto front of a space of models and accelerators",
      "batkit explore explore/spaces/fashion.toml -o out/fashion --build 3");
  auto options = std::make_shared<Options>();
  command->add_option("space", options->space, "TOML file of the space (docs/exploration.md)")
      ->required();
  command
      ->add_option("-o,--output", options->folder,
                   "Folder for front.csv, front.json, front.html; a killed run in it goes on")
      ->required();
  command->add_option("--threads", options->threads, "Worker threads (0: all cores)");
  command->add_option("--most-points", options->most_points, "Refuse larger spaces")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e9));
  command
      ->add_option(
          "--build", options->build,
          "Generate, simulate and synthesize so many points of the front, unlike each other; "
          "those that were built before in the folder are taken from there")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--no-html", options->no_html,
                    "No front.html, which needs the chart library D3");
  add_launcher_options(*command, options->launcher, options->slurm, options->parallel,
                       options->retries);
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
