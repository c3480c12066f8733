// SPDX-License-Identifier: Apache-2.0
#include "explore/launcher.hpp"

#include <gtest/gtest.h>

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

TEST(Launcher, Names) {
  EXPECT_TRUE(parse_launcher("slurm").ok());
  EXPECT_EQ(parse_launcher("cloud").error().message, "launcher 'cloud': must be local or slurm");
}

}  // namespace
}  // namespace bat::explore
