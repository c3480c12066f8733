// SPDX-License-Identifier: Apache-2.0
#include "explore/launcher.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "models/io/atomic_file.hpp"
#include "synth/tool.hpp"

namespace bat::explore {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) c == '\'' ? quoted += "'\\''" : quoted += c;
  return quoted + "'";
}

class Sweep {
 public:
  Sweep(const std::vector<Job>& jobs, const LaunchOptions& options)
      : jobs_(jobs), options_(options), folder_(fs::absolute(options.folder) / "jobs") {}

  Result<std::vector<JobResult>> run() {
    if (auto error = prepare()) return *error;
    for (int attempt = 0; attempt <= options_.retries; ++attempt) {
      const std::vector<std::size_t> open = missing();
      if (open.empty()) break;
      const Status ran =
          options_.launcher == Launcher::kLocal ? run_here(open) : run_array(open, attempt);
      if (!ran.ok()) return ran.error();
    }
    return results();
  }

 private:
  fs::path file(std::size_t job, std::string_view extension) const {
    return folder_ / fmt::format("{}.{}", jobs_[job].name, extension);
  }

  std::optional<Error> prepare() {
    std::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure) return Error{fmt::format("{}: {}", folder_.string(), failure.message())};
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      std::vector<std::string> words;
      for (const std::string& word : jobs_[i].argv) words.push_back(shell_quoted(word));
      // `setpriv` lets each end when what started it is killed: this shell ends with the launcher.
      const std::string script = fmt::format(
          "#!/bin/sh\n{5}cd {0} &&\nsetpriv --pdeathsig TERM timeout {4} setpriv --pdeathsig TERM "
          "{2} > {1}.$$ && mv {1}.$$ "
          "{3}\n",
          shell_quoted(fs::current_path().string()), shell_quoted(file(i, "part").string()),
          fmt::join(words, " "), shell_quoted(file(i, "out").string()), options_.timeout_seconds,
          jobs_[i].key.empty() ? std::string() : fmt::format("# {}\n", jobs_[i].key));
      // What another command left under this name is no result of this one.
      const auto before = fs::exists(file(i, "sh"), failure) ? io::read_text(file(i, "sh"))
                                                             : Result<std::string>(std::string());
      if (!before.ok()) return before.error();
      if (before.value() == script) continue;
      fs::remove(file(i, "out"), failure);
      if (Status s = io::write_text_atomic(file(i, "sh"), script); !s) return s.error();
    }
    return std::nullopt;
  }

  std::vector<std::size_t> missing() const {
    std::vector<std::size_t> open;
    std::error_code none;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (!fs::exists(file(i, "out"), none)) open.push_back(i);
    }
    return open;
  }

  void report() const {
    if (options_.progress) {
      options_.progress("jobs", jobs_.size() - missing().size(), jobs_.size());
    }
  }

  Status run_here(const std::vector<std::size_t>& open) const {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t workers =
        std::min<std::size_t>(options_.parallel > 0 ? options_.parallel : cores, open.size());
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> ended{0};
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < workers; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < open.size(); i = next++) {
          // Its success is the file that it leaves.
          (void)synth::run_tool({{"sh", file(open[i], "sh").string()},
                                 folder_,
                                 file(open[i], "log"),
                                 seconds(options_.timeout_seconds + 10)});
          ++ended;
        }
      });
    }
    while (ended < open.size()) {
      report();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return Ok{};
  }

  /// A Slurm command; its output.
  Result<std::string> slurm(std::vector<std::string> argv) const {
    const fs::path log = folder_ / (argv.front() + ".log");
    const Result<double> ran = synth::run_tool({std::move(argv), folder_, log, seconds(60)});
    if (!ran.ok()) {
      Error error = ran.error();
      if (error.kind == ErrorKind::kMissingTool) {
        error.message += "; install it with: apt-get install slurm-client";
      }
      return error;
    }
    return io::read_text(log);
  }

  Status run_array(const std::vector<std::size_t>& open, int attempt) const {
    // The task of index k runs the k-th script of this list.
    const fs::path list = folder_ / fmt::format("attempt{}.list", attempt);
    std::string names;
    for (const std::size_t i : open) names += jobs_[i].name + '\n';
    if (Status s = io::write_text_atomic(list, names); !s) return s.error();
    const fs::path script = folder_ / "array.sh";
    const std::string text = fmt::format(
        "#!/bin/sh\nname=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {0}) &&\n"
        "exec sh {1}/\"$name\".sh 2> {1}/\"$name\".log\n",
        shell_quoted(list.string()), shell_quoted(folder_.string()));
    if (Status s = io::write_text_atomic(script, text); !s) return s.error();

    std::vector<std::string> argv{"sbatch", "--parsable", "--job-name=batkit", "--output=/dev/null",
                                  "--no-requeue"};
    for (std::size_t at = 0; at < options_.slurm_arguments.size();) {
      const std::size_t end =
          std::min(options_.slurm_arguments.find(' ', at), options_.slurm_arguments.size());
      if (end > at) argv.push_back(options_.slurm_arguments.substr(at, end - at));
      at = end + 1;
    }
    argv.push_back(
        fmt::format("--array=0-{}{}", open.size() - 1,
                    options_.parallel > 0 ? fmt::format("%{}", options_.parallel) : std::string()));
    argv.push_back(script.string());
    const Result<std::string> submitted = slurm(std::move(argv));
    if (!submitted.ok()) return submitted.error();
    const std::string id = submitted.value().substr(0, submitted.value().find_first_of(";\n "));
    return wait_for(id);
  }

  /// Until no task of the array is left in the queue.
  Status wait_for(const std::string& id) const {
    for (int failures = 0;;) {
      const Result<std::string> queue =
          slurm({"squeue", "--noheader", "--format=%T", "--jobs", id});
      if (queue.ok() && queue.value().find_first_not_of(" \n") == std::string::npos) return Ok{};
      if (queue.ok()) {
        failures = 0;
      } else if (queue.error().message.find("Invalid job id") != std::string::npos) {
        return Ok{};  // the controller has forgotten a job that ended
      } else if (++failures > 20) {
        return queue.error();
      }
      report();
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }

  std::vector<JobResult> results() const {
    std::vector<JobResult> list;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      JobResult result{jobs_[i].name, false, {}};
      std::error_code none;
      if (fs::exists(file(i, "out"), none)) {
        auto text = io::read_text(file(i, "out"));
        result.ok = text.ok();
        result.output = text.ok() ? std::move(text).value() : text.error().message;
      } else if (auto log = io::read_text(file(i, "log")); log.ok()) {
        constexpr std::size_t kTail = 600;
        const std::string& all = log.value();
        result.output = all.substr(all.size() - std::min(all.size(), kTail));
      }
      list.push_back(std::move(result));
    }
    return list;
  }

  const std::vector<Job>& jobs_;
  const LaunchOptions& options_;
  fs::path folder_;
};

}  // namespace

Result<Launcher> parse_launcher(std::string_view text) {
  if (text == "local") return Launcher::kLocal;
  if (text == "slurm") return Launcher::kSlurm;
  return Error{fmt::format("launcher '{}': must be local or slurm", text)};
}

Result<std::vector<JobResult>> launch(const std::vector<Job>& jobs, const LaunchOptions& options) {
  return Sweep(jobs, options).run();
}

}  // namespace bat::explore
