// SPDX-License-Identifier: Apache-2.0
// Runs an external program: bounded time, everything it says kept in a log, failures explained.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "models/io/result.hpp"

namespace bat::synth {

/// One run of an external program. Standard output and error go to `log` (created or replaced).
struct ToolRun {
  std::vector<std::string> argv;  ///< program, found through PATH, and its arguments
  std::filesystem::path work_dir;
  std::filesystem::path log;
  std::chrono::seconds timeout{600};
};

/// kMissingTool, with the package to install, when a program is not in PATH: to be asked before
/// long work that ends in a run of it.
Status require_tool(const std::string& program);

/// Runs the program and waits for it. Returns the wall time in seconds.
/// Errors: kMissingTool when the program is not in PATH (the message names the package to install);
/// kMismatch when it fails, is killed or exceeds the timeout (its whole process group is then
/// ended). The message carries the last lines of the log and the log's path.
Result<double> run_tool(const ToolRun& run);

/// Fails when the log holds a line that must never pass silently: an error, an implicitly declared
/// name, an inferred latch, or a warning that contains none of the `expected` texts.
Status check_log(const std::filesystem::path& log, std::span<const std::string_view> expected);

/// `run_tool` and `check_log`. When both complain, the first such line of the log is the better
/// error.
Result<double> run_checked(const ToolRun& run, std::span<const std::string_view> expected);

/// The package that provides a program, as an `apt-get install` hint ("" when unknown).
std::string install_hint(std::string_view program);

/// A directory of its own below the system's temporary directory, removed with all it holds at the
/// end of its life unless `keep()` was called.
class ScratchDir {
 public:
  static Result<ScratchDir> create(std::string_view prefix);
  ScratchDir(ScratchDir&& other) noexcept;
  ScratchDir& operator=(ScratchDir&& other) noexcept;
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ~ScratchDir();

  const std::filesystem::path& path() const { return path_; }
  /// Leaves the directory in place, for example so that a log named in an error can be read.
  void keep() { keep_ = true; }

 private:
  explicit ScratchDir(std::filesystem::path path) : path_(std::move(path)) {}
  void remove() noexcept;
  std::filesystem::path path_;
  bool keep_ = false;
};

/// Runs `action(dir)`, which returns a Result, in `chosen` (created if need be, kept), or in a
/// scratch directory that is removed when the action succeeds and kept when it fails: its error
/// names a log in there.
template <typename Action>
auto in_work_dir(const std::optional<std::filesystem::path>& chosen, std::string_view prefix,
                 const Action& action) -> decltype(action(std::filesystem::path{})) {
  if (chosen) {
    std::error_code failure;
    std::filesystem::create_directories(*chosen, failure);
    if (failure) return Error{"cannot create " + chosen->string() + ": " + failure.message()};
    return action(std::filesystem::absolute(*chosen));
  }
  Result<ScratchDir> scratch = ScratchDir::create(prefix);
  if (!scratch) return scratch.error();
  auto result = action(scratch.value().path());
  if (!result) scratch.value().keep();
  return result;
}

}  // namespace bat::synth
