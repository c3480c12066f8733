// SPDX-License-Identifier: Apache-2.0
// The area reports kept in synth/baselines: complete, consistent, and still what the generator
// gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "synth/compare.hpp"
#include "synth/synthesize.hpp"

namespace bat::synth {
namespace {

const std::filesystem::path kBaselines = std::filesystem::path(BAT_SOURCE_DIR) / "synth/baselines";

nlohmann::json load(const std::filesystem::path& file) {
  const Result<std::string> text = read_text(file);
  return text ? nlohmann::json::parse(text.value(), nullptr, false) : nlohmann::json();
}

TEST(AreaBaseline, ReportsAddUp) {
  std::size_t reports = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kBaselines)) {
    if (entry.path().extension() != ".json") continue;
    const nlohmann::json report = load(entry.path());
    ASSERT_TRUE(report.is_object()) << entry.path();
    const std::string name = report.at("config").get<std::string>() + "-" +
                             report.at("target").get<std::string>() +
                             (report.contains("period_ns") ? "-timing" : "");
    EXPECT_EQ(entry.path().stem().string(), name);
    for (const char* key : {"lut", "ff", "carry", "dsp", "memory_bits"}) {
      std::uint64_t sum = 0;
      for (const auto& module : report.at("modules")) {
        sum += module.at("instances").get<std::uint64_t>() *
               module.at("own").at(key).get<std::uint64_t>();
      }
      EXPECT_EQ(sum, report.at(key).get<std::uint64_t>()) << entry.path() << ' ' << key;
    }
    ++reports;
  }
  EXPECT_GT(reports, 0U);
}

// Areas, flip-flops, memory bits and, in the report with timing, the slowest path.
void expect_no_growth(const std::string& name, const SynthOptions& options) {
  const auto kept = load_report(kBaselines / name);
  ASSERT_TRUE(kept) << kept.error().message;
  const Result<Config> config = load_config("micro");
  ASSERT_TRUE(config) << config.error().message;
  const Result<SynthReport> report = synthesize(config.value(), Target::kOsu018, options);
  ASSERT_TRUE(report) << report.error().message;
  const auto compared = compare_reports(kept.value(), nlohmann::json(to_json(report.value())));
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_FALSE(compared.value().grew()) << to_markdown(compared.value());
  for (const TotalChange& total : compared.value().totals) {
    EXPECT_GE(total.after, total.before * (1.0 - std::max(0.05, total.tolerance)))
        << total.metric << " is much smaller: renew the baseline";
  }
}

TEST(AreaBaseline, MicroStaysWithinItsTolerance) { expect_no_growth("micro-osu018.json", {}); }

TEST(AreaBaseline, TimingOfMicroStaysWithinItsTolerance) {
  SynthOptions options;
  options.timing = TimingOptions{};
  expect_no_growth("micro-osu018-timing.json", options);
}

}  // namespace
}  // namespace bat::synth
