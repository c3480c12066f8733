// SPDX-License-Identifier: Apache-2.0
// The cycle model against the RTL: cycles, steps and beats of the same programs in the same memory.
#include "rtl_gen/estimate/estimate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"

namespace bat {
namespace {

struct Case {
  std::vector<int> lengths;
  int sentences = 1;  ///< a program
  sim::MemoryOptions memory;
  bool softmax = false;
  int act_bits = 1;
  int branches = 1;
  bool features = false;
  int layers = 2;
  int pruned = 0;  ///< percent of the weight blocks

  std::string text() const {
    std::string list;
    for (const int n : lengths) list += fmt::format("{}{}", list.empty() ? "" : ",", n);
    return fmt::format("{} {} {}{} b{} br{} of {}{}: {}/{}%/{}", features ? "features" : "tokens",
                       softmax ? "softmax" : "threshold", list,
                       sentences > 1 ? fmt::format(" by {}", sentences) : "", act_bits, branches,
                       layers, pruned > 0 ? fmt::format(" -{}%", pruned) : "", memory.latency,
                       memory.bandwidth, memory.max_outstanding);
  }
};

class EstimateTest : public testing::Test {
 protected:
  void use(const char* name, int resident_layers = 0) {
    Config config = load_config(name).value();
    config.buffers.resident_layers = resident_layers;
    use(config);
  }

  void use(const Config& config) {
    config_ = config;
    plan_ = plan(config_).value();
    options_.backend = sim::Backend::kRtl;
    auto bench = sim::Bench::create(config_, options_);
    ASSERT_TRUE(bench.ok()) << bench.error().message;
    bench_.emplace(std::move(bench).value());
    fmt::print("{:<60} {:>9} {:>9} {:>7} {:>8}\n", config_.name, "model", "rtl", "error", "%");
  }

  bmt::Model model_of(const Case& c) const {
    const auto& limits = config_.limits;
    bmt::RandomModelSpec spec;
    spec.input = c.features ? bmt::InputKind::kFeatures : bmt::InputKind::kTokens;
    spec.attention = c.softmax ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
    spec.layers = c.layers;
    spec.hidden = limits.hidden;
    spec.heads = limits.heads;
    spec.head_dim = limits.head_dim;
    spec.ffn = limits.ffn;
    spec.classes = std::min(limits.classes, 2);
    spec.max_tokens = limits.positions;
    spec.features = limits.features;
    spec.act_bits = c.act_bits;
    spec.branches = c.branches;
    spec.pooler = !c.features;
    spec.adversarial = false;
    spec.pruned_percent = c.pruned;
    if (c.pruned > 0) spec.pruning = cut_;
    return bmt::random_model(spec, 1);
  }

  /// Programs as the driver makes them.
  std::vector<const Program*> jobs_of(const Case& c, const ModelImage& image) {
    std::vector<const Program*> jobs;
    const auto most = static_cast<std::size_t>(std::min(c.sentences, plan_.sentences));
    for (std::size_t next = 0; next < c.lengths.size();) {
      std::vector<int> job;
      for (; next < c.lengths.size() && job.size() < most; ++next) {
        job.push_back(c.lengths[next]);
        if (job.size() == 1 || check_lengths(config_, plan_, image, job)) continue;
        job.pop_back();
        break;
      }
      const bool keep = plan_.resident && !jobs.empty();
      auto& program = programs_[{job, keep}];
      if (!program) {
        program =
            std::make_unique<Program>(compile_program(config_, plan_, image, job,
                                                      keep ? Parameters::kKeep : Parameters::kLoad)
                                          .value());
      }
      jobs.push_back(program.get());
    }
    return jobs;
  }

  /// At most 1 % or `few` cycles a job apart; the same steps and beats.
  void compare(const Case& c) {
    SCOPED_TRACE(c.text());
    const bmt::Model model = model_of(c);
    const ModelImage image = build_image(config_, plan_, model).value();
    programs_.clear();
    const std::vector<const Program*> jobs = jobs_of(c, image);
    options_.memory = c.memory;
    options_.sentences = c.sentences;
    // As Bench places things.
    const std::uint64_t base = 4096 + 64 * (options_.seed % 97);
    const auto predicted =
        estimate(config_, plan_, jobs,
                 driver_map(plan_, image, jobs, std::min(c.sentences, plan_.sentences), base),
                 {c.memory.latency, c.memory.bandwidth, c.memory.max_outstanding});
    ASSERT_TRUE(predicted.ok()) << predicted.error().message;

    std::vector<bmt::Sample> samples;
    for (std::size_t i = 0; i < c.lengths.size(); ++i) {
      samples.push_back(bmt::random_sample(model, c.lengths[i], i + 1));
    }
    const auto ran = bench_->run(model, samples, options_, "");
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    const auto& counters = ran.value().counters;
    const auto cycles = static_cast<std::int64_t>(counters[0]);
    const std::int64_t error = predicted.value().total_cycles - cycles;
    const double percent = 100.0 * static_cast<double>(error) / static_cast<double>(cycles);
    fmt::print("{:<60} {:>9} {:>9} {:>7} {:>8.3f}\n", c.text(), predicted.value().total_cycles,
               cycles, error, percent);
    constexpr std::int64_t kFew = 8;
    EXPECT_TRUE(std::abs(percent) <= 1.0 ||
                std::abs(error) <= kFew * static_cast<std::int64_t>(jobs.size()));
    EXPECT_EQ(predicted.value().qmm_steps, static_cast<std::int64_t>(counters[16]));
    EXPECT_EQ(predicted.value().read_beats, static_cast<std::int64_t>(counters[17]));
  }

  bmt::Pruning cut_;
  Config config_;
  Plan plan_;
  sim::RunOptions options_;
  std::optional<sim::Bench> bench_;
  std::map<std::pair<std::vector<int>, bool>, std::unique_ptr<Program>> programs_;
};

TEST_F(EstimateTest, Micro) {
  use("micro");
  for (const sim::MemoryOptions memory :
       {sim::MemoryOptions{1, 100, 64}, sim::MemoryOptions{20, 100, 64},
        sim::MemoryOptions{100, 95, 64}, sim::MemoryOptions{40, 30, 2}}) {
    for (const int tokens : {1, 2, 7, 16}) {
      Case c;
      c.features = true;
      c.lengths = {tokens};
      c.memory = memory;
      compare(c);
    }
  }
  Case queue;
  queue.features = true;
  queue.lengths = {16, 5, 9, 16, 1};
  compare(queue);
}

TEST_F(EstimateTest, Nano) {
  use("nano");
  for (const bool softmax : {false, true}) {
    for (const sim::MemoryOptions memory :
         {sim::MemoryOptions{20, 100, 64}, sim::MemoryOptions{100, 95, 64},
          sim::MemoryOptions{50, 50, 4}}) {
      for (const int tokens : {1, 13, 50, 64}) {
        Case c;
        c.features = true;
        c.softmax = softmax;
        c.lengths = {tokens};
        c.memory = memory;
        compare(c);
      }
    }
  }
  Case queue;
  queue.features = true;
  queue.softmax = true;
  queue.lengths = {50, 50, 20, 64};
  compare(queue);
}

TEST_F(EstimateTest, Multi) {
  use("test-multi");
  for (const bool softmax : {false, true}) {
    for (const int bits : {1, 2, 4}) {
      for (const int branches : {1, 2}) {
        Case c;
        c.softmax = softmax;
        c.act_bits = bits;
        c.branches = branches;
        c.lengths = {bits == 2 ? 40 : 17};
        c.memory = branches == 1 ? sim::MemoryOptions{20, 100, 64} : sim::MemoryOptions{60, 80, 4};
        compare(c);
      }
    }
  }
  Case pair;
  pair.lengths = {12, 9, 20, 20, 5, 30};
  pair.sentences = 2;
  pair.act_bits = 2;
  compare(pair);
  pair.softmax = true;
  pair.memory = {100, 95, 64};
  compare(pair);
}

/// Short tiles in many instructions.
TEST_F(EstimateTest, Pruned) {
  Config config = load_config("test-multi").value();
  config.name = "test-multi-masks";
  config.features.pruning = true;
  use(config);
  if (HasFatalFailure()) return;
  cut_ = {48, 48};  // whole heads of 24, whole words of 16
  for (const int pruned : {40, 75}) {
    for (const int bits : {1, 4}) {
      Case c;
      c.pruned = pruned;
      c.act_bits = bits;
      c.branches = bits == 1 ? 1 : 2;
      c.softmax = pruned == 40;
      c.lengths = {17, 40};
      compare(c);
    }
  }
}

/// The first job loads the parameters, the others find them on chip.
TEST_F(EstimateTest, ParametersOnChip) {
  use("test-multi", 2);
  for (const bool softmax : {false, true}) {
    for (const int bits : {1, 2}) {
      Case c;
      c.softmax = softmax;
      c.act_bits = bits;
      c.lengths = {17, 40, 17, 8};
      c.memory = {60, 95, 64};
      compare(c);
    }
  }
}

}  // namespace
}  // namespace bat
