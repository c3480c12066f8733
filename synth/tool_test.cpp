// SPDX-License-Identifier: Apache-2.0
#include "synth/tool.hpp"

#include <gtest/gtest.h>

#include <array>

#include "synth/design.hpp"

namespace bat::synth {
namespace {

class Tool : public testing::Test {
 protected:
  Tool() : scratch_(ScratchDir::create("bat-tool-test").value()) {}

  Result<double> shell(const std::string& command, int seconds = 20) {
    return run_tool({{"sh", "-c", command}, dir(), log(), std::chrono::seconds{seconds}});
  }
  const std::filesystem::path& dir() const { return scratch_.path(); }
  std::filesystem::path log() const { return dir() / "log"; }

 private:
  ScratchDir scratch_;
};

TEST_F(Tool, KeepsOutputAndErrorsInTheLog) {
  ASSERT_TRUE(shell("echo out; echo err >&2; pwd"));
  const std::string text = read_text(log()).value();
  EXPECT_NE(text.find("out\nerr\n"), std::string::npos);
  EXPECT_NE(text.find(dir().filename().string()), std::string::npos);
}

TEST_F(Tool, FailureShowsTheLastLinesAndTheLog) {
  const Result<double> ran = shell("seq 1 40; exit 3");
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, ErrorKind::kMismatch);
  EXPECT_NE(ran.error().message.find("exited with 3"), std::string::npos);
  EXPECT_NE(ran.error().message.find(log().string()), std::string::npos);
  EXPECT_NE(ran.error().message.find("| 40"), std::string::npos);
  EXPECT_EQ(ran.error().message.find("| 20"), std::string::npos);
}

TEST_F(Tool, TimeoutEndsTheWholeGroup) {
  const Result<double> ran = shell("sleep 60 & sleep 60; wait", 1);
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("stopped after 1 s"), std::string::npos);
}

TEST_F(Tool, SignalIsReported) {
  const Result<double> ran = shell("kill -9 $$");
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("signal 9"), std::string::npos);
}

TEST_F(Tool, MissingToolIsItsOwnKindOfError) {
  const Result<double> ran =
      run_tool({{"bat-no-such-tool"}, dir(), log(), std::chrono::seconds{5}});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, ErrorKind::kMissingTool);
  EXPECT_EQ(install_hint("yosys"), "apt-get install yosys");
  EXPECT_EQ(install_hint("bat-no-such-tool"), "");
}

TEST_F(Tool, LogCheckFindsWhatMustNotPass) {
  constexpr std::array<std::string_view, 1> kKnown = {"known thing"};
  const auto check = [&](std::string_view text) {
    EXPECT_TRUE(write_text(log(), text));
    return check_log(log(), kKnown).ok();
  };
  EXPECT_TRUE(check("fine\nWarning: known thing\n"));
  EXPECT_FALSE(check("Warning: something else\n"));
  EXPECT_FALSE(check("a.sv:1: Warning: Identifier `\\x' is implicitly declared.\n"));
  EXPECT_FALSE(check("Latch inferred for signal `\\t.\\q' from process\n"));
  EXPECT_TRUE(check("No latch inferred for signal `\\t.\\q' from process\n"));
  EXPECT_FALSE(check("ERROR: no\n"));
}

TEST_F(Tool, ScratchDirectoriesGoUnlessKept) {
  std::filesystem::path gone;
  std::filesystem::path kept;
  {
    ScratchDir first = ScratchDir::create("bat-scratch").value();
    gone = first.path();
    ScratchDir second = ScratchDir::create("bat-scratch").value();
    kept = second.path();
    second.keep();
    const ScratchDir moved = std::move(first);
    EXPECT_TRUE(std::filesystem::exists(moved.path()));
  }
  EXPECT_FALSE(std::filesystem::exists(gone));
  EXPECT_TRUE(std::filesystem::exists(kept));
  std::filesystem::remove_all(kept);
}

}  // namespace
}  // namespace bat::synth
