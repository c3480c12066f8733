// SPDX-License-Identifier: Apache-2.0
// The area reports kept in synth/baselines: complete, consistent, and still what the generator
// gives.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "synth/synthesize.hpp"

namespace bat::synth {
namespace {

constexpr double kTolerance = 0.05;  // growth of `micro` that nobody has to explain

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
    EXPECT_EQ(entry.path().stem().string(), report.at("config").get<std::string>() + "-" +
                                                report.at("target").get<std::string>());
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

TEST(AreaBaseline, MicroStaysWithinFivePercent) {
  const nlohmann::json kept = load(kBaselines / "micro-osu018.json");
  ASSERT_TRUE(kept.is_object());
  const Result<Config> config = load_config("micro");
  ASSERT_TRUE(config) << config.error().message;
  const Result<SynthReport> report = synthesize(config.value(), Target::kOsu018, {});
  ASSERT_TRUE(report) << report.error().message;
  const double before = kept.at("area_um2").get<double>();
  EXPECT_LE(report.value().total.area_um2, before * (1.0 + kTolerance));
  EXPECT_GE(report.value().total.area_um2, before * (1.0 - kTolerance))
      << "much smaller: renew the baseline";
}

}  // namespace
}  // namespace bat::synth
