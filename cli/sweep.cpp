// SPDX-License-Identifier: Apache-2.0
// batkit sweep: many batkit commands, here or as a Slurm job array.
#include <fmt/format.h>

#include <memory>
#include <set>

#include "cli/commands.hpp"
#include "cli/exploring.hpp"
#include "explore/launcher.hpp"
#include "models/io/atomic_file.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string file;
  std::string folder;
  std::string launcher = "local";
  std::string slurm;
  unsigned parallel = 0;
  int retries = 2;
  int timeout = 3600;
};

/// A command a line: arguments of batkit separated by spaces; '#' starts a comment.
Result<std::vector<explore::Job>> read_jobs(const std::string& file) {
  const auto text = io::read_text(file);
  if (!text.ok()) return text.error();
  std::vector<explore::Job> jobs;
  int line_number = 0;
  for (std::size_t at = 0; at < text.value().size();) {
    const std::size_t end = std::min(text.value().find('\n', at), text.value().size());
    std::string line = text.value().substr(at, end - at);
    at = end + 1;
    ++line_number;
    line.resize(std::min(line.find('#'), line.size()));
    explore::Job job{fmt::format("line{:05}", line_number), {own_path()}};
    for (std::size_t from = 0; from < line.size();) {
      const std::size_t to = std::min(line.find_first_of(" \t\r", from), line.size());
      if (to > from) job.argv.push_back(line.substr(from, to - from));
      from = to + 1;
    }
    if (job.argv.size() == 1) continue;
    if (job.argv[1] == "batkit") {
      return Error{
          fmt::format("{}:{}: starts with 'batkit': give its arguments only", file, line_number)};
    }
    jobs.push_back(std::move(job));
  }
  if (jobs.empty()) return Error{fmt::format("{}: holds no command", file)};
  return jobs;
}

int execute(const Options& options, bool json) {
  const auto launcher = explore::parse_launcher(options.launcher);
  if (!launcher.ok()) return fail(launcher.error());
  const auto jobs = read_jobs(options.file);
  if (!jobs.ok()) return fail(jobs.error());
  Bars bars;
  explore::LaunchOptions launch;
  launch.launcher = launcher.value();
  launch.parallel = options.parallel;
  launch.retries = options.retries;
  launch.timeout_seconds = options.timeout;
  launch.slurm_arguments = options.slurm;
  launch.folder = options.folder;
  launch.progress = bars.progress();
  const auto results = explore::launch(jobs.value(), launch);
  bars.clear();
  if (!results.ok()) return fail(results.error());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::size_t failed = 0;
  for (std::size_t i = 0; i < jobs.value().size(); ++i) {
    const explore::JobResult& result = results.value()[i];
    const auto& argv = jobs.value()[i].argv;
    nlohmann::ordered_json entry{
        {"command", fmt::format("{}", fmt::join(argv.begin() + 1, argv.end(), " "))},
        {"ok", result.ok}};
    auto parsed = nlohmann::ordered_json::parse(result.output, nullptr, false);
    if (result.ok && !parsed.is_discarded()) {
      entry["result"] = std::move(parsed);
    } else {
      entry["text"] = result.output;
    }
    failed += result.ok ? 0U : 1U;
    if (!result.ok && !json)
      log(fmt::format("failed: {}\n{}", entry["command"].get<std::string>(), result.output));
    list.push_back(std::move(entry));
  }
  const auto merged = std::filesystem::path(options.folder) / "results.json";
  if (Status s = io::write_text_atomic(merged, fmt::format("{}\n", list.dump(2))); !s.ok()) {
    return fail(s.error());
  }
  if (json) {
    print_json({{"jobs", jobs.value().size()}, {"failed", failed}, {"results", list}});
  } else {
    fmt::print("{} jobs, {} failed; results: {}\n", jobs.value().size(), failed, merged.string());
  }
  return failed == 0 ? kExitOk : kExitMismatch;
}

}  // namespace

void add_sweep(CLI::App& app, Session& session) {
  CLI::App* command = add_command(app, session, "sweep",
                                  "Many batkit commands, on this machine or as a Slurm job array",
                                  "batkit sweep commands.txt -o out/sweep --launcher slurm");
  auto options = std::make_shared<Options>();
  command
      ->add_option("file", options->file,
                   "A command a line, such as 'synth nano --target xcup --json'")
      ->required();
  command->add_option("-o,--output", options->folder, "Folder; a killed sweep in it goes on")
      ->required();
  add_launcher_options(*command, options->launcher, options->slurm, options->parallel,
                       options->retries);
  command->add_option("--timeout", options->timeout, "Seconds of a command")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
