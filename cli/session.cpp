// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace bat::cli {

CLI::App* add_command(CLI::App& app, Session& session, const std::string& name,
                      const std::string& description, const std::string& example) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  command->add_flag("--json", session.json, "Print one JSON object on stdout; logs go to stderr");
  return command;
}

void add_memory_options(CLI::App& command, int& latency, int& bandwidth) {
  command.add_option("--latency", latency, "Memory latency in cycles")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command.add_option("--bandwidth", bandwidth, "Percent of cycles that can carry a beat")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
}

int fail(const Error& error) {
  fmt::print(stderr, "batkit: error: {}\n", error.message);
  return static_cast<int>(error.kind);
}

void print_json(const nlohmann::ordered_json& object) { fmt::print("{}\n", object.dump(2)); }

void log(const std::string& line) { fmt::print(stderr, "{}\n", line); }

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::update(std::size_t done, std::size_t total, const std::string& note) {
  if (!terminal_) return;
  constexpr std::size_t kWidth = 30;
  const std::size_t filled = total == 0 ? kWidth : std::min(kWidth, done * kWidth / total);
  fmt::print(stderr, "\r\x1b[K{} [{:=<{}}{:<{}}] {}/{} {}", label_, "", filled, "", kWidth - filled,
             done, total, note);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace bat::cli
