// SPDX-License-Identifier: Apache-2.0
#include "synth/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <system_error>
#include <utility>

namespace bat::synth {
namespace {

constexpr std::size_t kTailLines = 12;
constexpr int kExecFailed = 127;

struct Package {
  std::string_view program;
  std::string_view name;
};
constexpr std::array kPackages = {
    Package{"yosys", "yosys"}, Package{"verilator", "verilator"},
    Package{"make", "make"},   Package{"g++", "g++"},
    Package{"sta", "opensta"}, Package{"nextpnr-ice40", "nextpnr-ice40"}};

bool in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string dir(rest.substr(0, colon));
    if (access((dir + "/" + program).c_str(), X_OK) == 0) return true;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return false;
}

// The last lines, preceded by error lines further up (a tool's two output channels do not mix in
// order).
std::string log_tail(const std::filesystem::path& log) {
  std::ifstream in(log);
  std::deque<std::string> errors;
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() <= kTailLines) continue;
    if (lines.front().find("ERROR") != std::string::npos && errors.size() < kTailLines) {
      errors.push_back(lines.front());
    }
    lines.pop_front();
  }
  lines.insert(lines.begin(), errors.begin(), errors.end());
  std::string text;
  for (const std::string& line : lines) text += "\n  | " + line;
  return text;
}

Error failed(const ToolRun& run, const std::string& how) {
  return Error{
      fmt::format("{} {}; log: {}{}", run.argv.front(), how, run.log.string(), log_tail(run.log)),
      ErrorKind::kMismatch};
}

// Runs in the child between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, const char* dir, int log_fd) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // its own group hears no Ctrl-C: it ends with us
  const int null_fd = open("/dev/null", O_RDONLY);
  if (chdir(dir) == 0 && null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
      dup2(log_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0) {
    execvp(argv[0], argv);
  }
  _exit(kExecFailed);
}

// Waits until the process has ended or the time is over; true when it ended in time.
bool wait_until(pid_t child, std::chrono::steady_clock::time_point end) {
  const long fd = syscall(SYS_pidfd_open, child, 0);
  if (fd < 0) return true;  // an old kernel: waitpid below then waits without a limit
  bool ended = false;
  while (!ended) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          end - std::chrono::steady_clock::now())
                          .count();
    if (left <= 0) break;
    pollfd entry{static_cast<int>(fd), POLLIN, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready < 0 && errno != EINTR) break;
    ended = ready > 0;
  }
  close(static_cast<int>(fd));
  return ended;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_fatal(std::string_view line) {
  return line.starts_with("ERROR") || contains(line, "implicitly declared") ||
         contains(line, "Latch inferred for signal") || contains(line, "%Error");
}

// Yosys repeats its unique warnings at the end ("Warnings: 3 unique messages"), which names none.
bool is_warning(std::string_view line) {
  return contains(line, "Warning:") || contains(line, "%Warning");
}

}  // namespace

std::string install_hint(std::string_view program) {
  const auto* found = std::ranges::find(kPackages, program, &Package::program);
  return found == kPackages.end() ? std::string{} : fmt::format("apt-get install {}", found->name);
}

Status require_tool(const std::string& program) {
  if (in_path(program)) return Ok{};
  const std::string hint = install_hint(program);
  return Error{fmt::format("{} is not installed{}", program,
                           hint.empty() ? "" : "; install it with: " + hint),
               ErrorKind::kMissingTool};
}

Result<double> run_tool(const ToolRun& run) {
  if (Status present = require_tool(run.argv.front()); !present) return present.error();
  const int log_fd = open(run.log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (log_fd < 0) {
    return Error{fmt::format("cannot write {}: {}", run.log.string(), std::strerror(errno))};
  }
  std::vector<std::string> words = run.argv;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) become(argv.data(), run.work_dir.c_str(), log_fd);
  close(log_fd);
  if (child < 0)
    return Error{fmt::format("cannot start {}: {}", run.argv.front(), std::strerror(errno))};
  setpgid(child, child);  // also here, so that the group exists whoever runs first

  const bool in_time = wait_until(child, start + run.timeout);
  if (!in_time) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (!in_time) return failed(run, fmt::format("was stopped after {} s", run.timeout.count()));
  if (WIFSIGNALED(status))
    return failed(run, fmt::format("was ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return failed(run, fmt::format("exited with {}", WEXITSTATUS(status)));
  return spent.count();
}

Status check_log(const std::filesystem::path& log, std::span<const std::string_view> expected) {
  std::ifstream in(log);
  if (!in) return Error{fmt::format("cannot read {}", log.string())};
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto known = [&line](std::string_view text) { return contains(line, text); };
    if (is_fatal(line) || (is_warning(line) && std::ranges::none_of(expected, known))) {
      return Error{fmt::format("{}:{}: {}", log.string(), number, line), ErrorKind::kMismatch};
    }
  }
  return Ok{};
}

Result<double> run_checked(const ToolRun& run, std::span<const std::string_view> expected) {
  Result<double> ran = run_tool(run);
  if (!ran && ran.error().kind == ErrorKind::kMissingTool) return ran;
  if (Status clean = check_log(run.log, expected); !clean) {
    return Error{ran ? clean.error().message : clean.error().message + "\n" + ran.error().message,
                 ErrorKind::kMismatch};
  }
  return ran;
}

Result<ScratchDir> ScratchDir::create(std::string_view prefix) {
  std::error_code failure;
  const std::filesystem::path root = std::filesystem::temp_directory_path(failure);
  if (failure) return Error{"no temporary directory: " + failure.message()};
  std::string name = (root / fmt::format("{}-XXXXXX", prefix)).string();
  if (mkdtemp(name.data()) == nullptr) {
    return Error{fmt::format("cannot create {}: {}", name, std::strerror(errno))};
  }
  return ScratchDir(name);
}

ScratchDir::ScratchDir(ScratchDir&& other) noexcept
    : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}

ScratchDir& ScratchDir::operator=(ScratchDir&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    keep_ = other.keep_;
  }
  return *this;
}

ScratchDir::~ScratchDir() { remove(); }

void ScratchDir::remove() noexcept {
  std::error_code ignored;  // a directory that stays behind is no reason to fail
  if (!path_.empty() && !keep_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace bat::synth
