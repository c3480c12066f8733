// SPDX-License-Identifier: Apache-2.0
// `batkit synth --compare` and `--energy` as a program, and the cycles kept in synth/baselines
// against the cycle model of today: no synthesis here.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "synth/compare.hpp"
#include "synth/design.hpp"
#include "synth/tool.hpp"

namespace bat::synth {
namespace {

const std::filesystem::path kBaselines = std::filesystem::path(BAT_SOURCE_DIR) / "synth/baselines";

struct Outcome {
  std::string how;  ///< empty: it exited with 0
  std::string log;
};

Outcome run(const std::filesystem::path& dir, std::vector<std::string> words) {
  words.insert(words.begin(), BAT_BATKIT);
  const ToolRun tool{std::move(words), dir, dir / "log", std::chrono::seconds{120}};
  const Result<double> ran = run_tool(tool);
  return {ran.ok() ? "" : ran.error().message, read_text(tool.log).value()};
}

TEST(Baselines, CyclesHaveNotGrown) {
  const auto scratch = ScratchDir::create("bat-cycles");
  ASSERT_TRUE(scratch);
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(kBaselines)) {
    if (entry.path().extension() != ".json") continue;
    const auto kept = load_report(entry.path());
    ASSERT_TRUE(kept) << kept.error().message;
    const std::string config = kept.value().at("config");
    if (!kept.value().contains("cycles") || !seen.insert(config).second) continue;
    const auto& reference = kept.value().at("reference");
    const Outcome estimate =
        run(scratch.value().path(),
            {"estimate", config, "--model", reference.at("model").get<std::string>(), "--layers",
             reference.at("layers").dump(), "--tokens", reference.at("tokens").dump(), "--latency",
             reference.at("latency").dump(), "--bandwidth", reference.at("bandwidth").dump(),
             "--json"});
    ASSERT_EQ(estimate.how, "") << config;
    const auto now = nlohmann::json::parse(estimate.log);
    for (const char* key : {"cycles", "steady_cycles"}) {
      const double tolerance = kept.value().at("tolerance").at(key).get<double>();
      EXPECT_LE(now.at(key).get<double>(), kept.value().at(key).get<double>() * (1.0 + tolerance))
          << config << ' ' << key;
    }
  }
  EXPECT_FALSE(seen.empty());
}

TEST(Baselines, OtherReportsAreRefusedBeforeSynthesis) {
  const auto scratch = ScratchDir::create("bat-compare-cli");
  ASSERT_TRUE(scratch);
  const std::string kept = (kBaselines / "micro-osu018.json").string();
  const auto expect_refusal = [&](std::vector<std::string> words, std::string_view what) {
    words.insert(words.begin(), "synth");
    const Outcome outcome = run(scratch.value().path(), std::move(words));
    EXPECT_NE(outcome.how.find("exited with 2"), std::string::npos) << outcome.how;
    EXPECT_NE(outcome.log.find(what), std::string::npos) << outcome.log;
  };
  expect_refusal({"micro", "--target", "osu018", "--compare", "none.json"}, "none.json");
  expect_refusal({"nano", "--target", "osu018", "--compare", kept}, "config `micro`");
  expect_refusal({"micro", "--target", "xcup", "--compare", kept}, "--target");
  expect_refusal({"micro", "--target", "osu018", "--timing", "--compare", kept}, "--timing");
  expect_refusal({"micro", "--place", "hx8k", "--compare", kept}, "--place stands alone");
}

TEST(Energy, WhatCannotBeMeasuredIsRefusedBeforeSynthesis) {
  const auto scratch = ScratchDir::create("bat-energy-cli");
  ASSERT_TRUE(scratch);
  const auto expect_refusal = [&](std::vector<std::string> words, std::string_view how,
                                  std::string_view what) {
    words.insert(words.begin(), {"synth", "micro", "--energy"});
    const Outcome outcome = run(scratch.value().path(), std::move(words));
    EXPECT_NE(outcome.how.find(how), std::string::npos) << outcome.how;
    EXPECT_NE(outcome.log.find(what), std::string::npos) << outcome.log;
  };
  expect_refusal({}, "exited with 2", "--target osu018");
  expect_refusal({"--target", "osu018", "--timing"}, "exited with 2", "--energy stands alone");
  expect_refusal({"--target", "osu018", "--model", "no-such-model"}, "exited with 2",
                 "no-such-model");
  expect_refusal({"--target", "osu018", "--model", "fashion-nano"}, "exited with 2", "hidden");
  expect_refusal({"--target", "osu018", "--model", "random", "--liberty", "none.lib"},
                 "exited with 1", "none.lib");
  const char* path = std::getenv("PATH");
  const std::string kept = path != nullptr ? path : "";
  setenv("PATH", "/nonexistent", 1);
  expect_refusal({"--target", "osu018", "--model", "random"}, "exited with 3", "apt-get install");
  setenv("PATH", kept.c_str(), 1);
}

}  // namespace
}  // namespace bat::synth
