// SPDX-License-Identifier: Apache-2.0
// Timeline of a run of `micro` on the RTL.
#include "sim/timeline.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "models/bmt/random_model.hpp"
#include "models/io/atomic_file.hpp"
#include "sim/run.hpp"

namespace bat::sim {
namespace {

namespace fs = std::filesystem;

bmt::Model micro_model(const Config& config) {
  bmt::RandomModelSpec spec;
  spec.input = bmt::InputKind::kFeatures;
  spec.attention = bmt::Attention::kThreshold;
  spec.layers = 2;
  spec.hidden = config.limits.hidden;
  spec.heads = config.limits.heads;
  spec.head_dim = config.limits.head_dim;
  spec.ffn = config.limits.ffn;
  spec.max_tokens = config.limits.positions;
  spec.features = config.limits.features;
  spec.adversarial = false;
  return bmt::random_model(spec, 3);
}

class TimelineTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("bat_timeline_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    model_ = micro_model(config_);
    for (const int tokens : {5, 16}) samples_.push_back(bmt::random_sample(model_, tokens, 1));
    options_.timeline = folder_ / "timeline.json";
  }
  void TearDown() override { fs::remove_all(folder_); }

  const Config config_ = load_config("micro").value();
  bmt::Model model_;
  std::vector<bmt::Sample> samples_;
  RunOptions options_;
  fs::path folder_;
};

TEST_F(TimelineTest, EveryInstructionOnceWithinTheRun) {
  const auto result = run(config_, model_, samples_, options_);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result.value().bit_exact);
  const auto trace = nlohmann::json::parse(io::read_text(options_.timeline).value());
  const double cycles = result.value().cycles_per_sample * static_cast<double>(samples_.size());

  std::map<std::pair<std::size_t, std::size_t>, int> seen;  // by sample and instruction
  std::map<int, double> end_of_unit;
  std::map<std::string, std::int64_t> ring;
  double last = 0;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("ph") == "C") ring[event.at("name")] = event.at("args").at("words");
    if (event.at("ph") != "X") continue;
    const auto& args = event.at("args");
    ++seen[{args.at("sample"), args.at("instruction")}];
    const double begin = event.at("ts");
    const double end = begin + event.at("dur").get<double>();
    double& before = end_of_unit[event.at("tid")];
    EXPECT_GE(begin, before) << event.at("name");
    EXPECT_GT(args.at("done"), args.at("start")) << event.at("name");
    EXPECT_GE(args.at("done").get<double>(), end) << event.at("name");
    before = end;
    last = std::max(last, args.at("done").get<double>());
  }
  EXPECT_LE(last, cycles);
  EXPECT_GT(last, 0.9 * cycles);
  for (const auto& [name, words] : ring) EXPECT_EQ(words, 0) << name << " at the end";
  EXPECT_EQ(ring.size(), 4U);

  const Plan planned = plan(config_).value();
  std::size_t expected = 0;
  for (const bmt::Sample& sample : samples_) {
    expected +=
        compile(config_, planned, model_, sample.tokens()).value().program.instructions.size();
  }
  EXPECT_EQ(seen.size(), expected);
  for (const auto& [which, count] : seen) {
    EXPECT_EQ(count, 1) << "sample " << which.first << " instruction " << which.second;
  }
}

TEST_F(TimelineTest, NamesTellWhatInstructionsWorkOn) {
  const Plan planned = plan(config_).value();
  const Program program = compile(config_, planned, model_, 16).value().program;
  const std::vector<Label> labels = label_instructions(planned, program);
  ASSERT_EQ(labels.size(), program.instructions.size());
  std::map<std::string, int> count;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++count[labels[i].text(program.instructions[i].op())];
    EXPECT_TRUE(program.instructions[i].op() != isa::Op::kLoad || !labels[i].what.empty()) << i;
  }
  EXPECT_EQ(count["FEAT features rt7"], 1);
  EXPECT_EQ(count["EMBED position rt0"], 1);
  EXPECT_EQ(count["LN ln1 L0 rt3 0..31"], 1);
  EXPECT_EQ(count["QMM probabilities L1 h1 rt0 0..15"], 1);
  EXPECT_EQ(count["LOAD records of ln2 L1 0..31"], 1);
}

TEST_F(TimelineTest, RefusesABackendWithoutCycles) {
  for (const Backend backend : {Backend::kGolden, Backend::kInterpreter}) {
    options_.backend = backend;
    const auto result = run(config_, model_, samples_, options_);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().message.find("timeline"), std::string::npos);
    EXPECT_FALSE(fs::exists(options_.timeline));
  }
}

}  // namespace
}  // namespace bat::sim
