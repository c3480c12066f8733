// SPDX-License-Identifier: Apache-2.0
// Runs many commands: on this machine, or as a job array of a Slurm cluster.
//
// Each job is a shell script in FOLDER/jobs. It writes its standard output to NAME.part.PID and
// renames it to NAME.out when the command succeeded, so a result is there whole or not at all. Jobs
// that have a result are not run again: a killed sweep goes on where it was.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "explore/progress.hpp"
#include "models/io/result.hpp"

namespace bat::explore {

struct Job {
  std::string name;               ///< letters, digits, '.', '_', '-'
  std::vector<std::string> argv;  ///< program and arguments
  /// What else a result depends on, one line: a result made with another key is none.
  std::string key = {};
};

enum class Launcher { kLocal, kSlurm };
/// "local" or "slurm".
Result<Launcher> parse_launcher(std::string_view text);

struct LaunchOptions {
  Launcher launcher = Launcher::kLocal;
  unsigned parallel = 0;        ///< jobs at a time; 0: all cores (local), as Slurm likes (slurm)
  int retries = 2;              ///< further attempts of a job that fails or whose worker dies
  int timeout_seconds = 3600;   ///< of a job
  std::string slurm_arguments;  ///< further arguments of sbatch, separated by spaces
  std::filesystem::path folder;
  Progress progress;
};

struct JobResult {
  std::string name;
  bool ok = false;
  std::string output;  ///< standard output; the last lines of the log of a failed job
};

/// Results in the order of `jobs`. Errors: the launcher itself fails (kMissingTool when Slurm is
/// not installed). A job that fails after all attempts is a result, not an error.
Result<std::vector<JobResult>> launch(const std::vector<Job>& jobs, const LaunchOptions& options);

}  // namespace bat::explore
