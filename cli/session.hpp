// SPDX-License-Identifier: Apache-2.0
// What every subcommand shares: where results, logs and progress go, and which exit code ends the
// process.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "models/io/result.hpp"

namespace bat::cli {

/// Exit codes, documented in the README and in `batkit --help`.
inline constexpr int kExitOk = 0;
inline constexpr int kExitMismatch = 1;

/// A subcommand registers its options and leaves its work in `action`; main runs it after parsing.
struct Session {
  std::string command_line;     ///< as typed, to be repeated
  bool json = false;            ///< one JSON object on stdout, logs on stderr
  std::function<int()> action;  ///< returns the exit code
};

/// Adds a subcommand with an example below its help text and the common option --json.
CLI::App* add_command(CLI::App& app, Session& session, const std::string& name,
                      const std::string& description, const std::string& example);

/// --latency and --bandwidth of a memory.
void add_memory_options(CLI::App& command, int& latency, int& bandwidth);

/// Prints the error on stderr and gives its exit code.
int fail(const Error& error);

/// Prints one JSON object on stdout.
void print_json(const nlohmann::ordered_json& object);

/// A log line on stderr.
void log(const std::string& line);

/// Redraws one line on stderr while stderr is a terminal; silent otherwise.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total` units of work; `note` is shown behind the bar.
  void update(std::size_t done, std::size_t total, const std::string& note = "");

 private:
  std::string label_;
  bool terminal_;
  bool drawn_ = false;
};

}  // namespace bat::cli
