// SPDX-License-Identifier: Apache-2.0
#include "explore/launcher.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::explore {
namespace {

LaunchOptions in(const std::filesystem::path& folder) {
  LaunchOptions options;
  options.folder = folder;
  options.parallel = 2;
  options.retries = 2;
  return options;
}

TEST(Launcher, ResultsInOrderFailuresTold) {
  const io::TemporaryFolder folder;
  const std::vector<Job> jobs{{"a", {"echo", "it's", "one"}},
                              {"b", {"sh", "-c", "echo no >&2; exit 3"}},
                              {"c", {"echo", "three"}}};
  const auto results = launch(jobs, in(folder.path())).value();
  ASSERT_EQ(results.size(), 3U);
  EXPECT_TRUE(results[0].ok);
  EXPECT_EQ(results[0].output, "it's one\n");
  EXPECT_FALSE(results[1].ok);
  EXPECT_EQ(results[1].output, "no\n");
  EXPECT_EQ(results[2].output, "three\n");
}

TEST(Launcher, TriesAgainAndKeepsWhatIsThere) {
  const io::TemporaryFolder folder;
  const std::string count = (folder.path() / "count").string();
  // Fails the first time, succeeds the second, and must not run a third time.
  const std::vector<Job> jobs{
      {"a", {"sh", "-c", "echo x >> " + count + "; test $(wc -l < " + count + ") = 2"}}};
  EXPECT_TRUE(launch(jobs, in(folder.path())).value()[0].ok);
  EXPECT_TRUE(launch(jobs, in(folder.path())).value()[0].ok);
  // Another command under the same name has no result yet.
  const std::vector<Job> others{{"a", {"echo", "new"}}};
  EXPECT_EQ(launch(others, in(folder.path())).value()[0].output, "new\n");
  // Nor has the same command where what it reads has changed.
  const std::string runs = (folder.path() / "runs").string();
  Job job{"b", {"sh", "-c", "echo x >> " + runs + "; wc -l < " + runs}, "first"};
  EXPECT_EQ(launch({job}, in(folder.path())).value()[0].output, "1\n");
  EXPECT_EQ(launch({job}, in(folder.path())).value()[0].output, "1\n");
  job.key = "second";
  EXPECT_EQ(launch({job}, in(folder.path())).value()[0].output, "2\n");
}

/// Text of a file once it has any; empty after ten seconds.
std::string wait_for_text(const std::filesystem::path& file) {
  for (int i = 0; i < 200; ++i) {
    if (const auto text = io::read_text(file); text.ok() && text.value().ends_with('\n')) {
      return text.value();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

/// Whether a process runs: one that ended may stay listed as a zombie.
bool runs(pid_t process) {
  const auto stat = io::read_text(fmt::format("/proc/{}/stat", process));
  return stat.ok() && stat.value().find(") Z ") == std::string::npos;
}

TEST(Launcher, CommandsEndWithIt) {
  const io::TemporaryFolder folder;
  const auto file = folder.path() / "pid";
  const std::vector<Job> jobs{
      {"a", {"sh", "-c", "echo $$ > " + file.string() + "; exec sleep 100"}}};
  const pid_t launcher = fork();
  ASSERT_GE(launcher, 0);
  if (launcher == 0) {
    (void)launch(jobs, in(folder.path()));
    _exit(0);
  }
  const std::string text = wait_for_text(file);
  kill(launcher, SIGKILL);
  waitpid(launcher, nullptr, 0);
  ASSERT_FALSE(text.empty());
  const pid_t command = std::stoi(text);
  for (int i = 0; i < 200 && runs(command); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_FALSE(runs(command));
}

TEST(Launcher, Names) {
  EXPECT_TRUE(parse_launcher("slurm").ok());
  EXPECT_EQ(parse_launcher("cloud").error().message, "launcher 'cloud': must be local or slurm");
}

}  // namespace
}  // namespace bat::explore
