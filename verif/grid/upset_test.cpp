// SPDX-License-Identifier: Apache-2.0
// Flipped bits in the weight ring of the RTL, with and without protection (docs/architecture.md,
// section 3, "Protected weights"). Without protection the golden model with the same flipped bits
// gives the same wrong logits; a majority gives the right ones; parity is noticed and the driver
// runs the job again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <memory>

#include "models/bmt/golden.hpp"
#include "models/bmt/robustness.hpp"
#include "sim/bench.hpp"
#include "sim/driver.hpp"
#include "sim/verify.hpp"
#include "sim/verilated_device.hpp"
#include "verif/grid/configs.hpp"

namespace bat::grid {
namespace {

using bmt::Protection;
using Logits = std::vector<std::vector<std::int32_t>>;

/// Turns over, as words of the weight ring are stored, the bits in which two images differ.
class ImageUpsets : public sim::WeightUpsets {
 public:
  ImageUpsets(const Plan& plan, std::vector<std::uint8_t> difference, std::vector<int> copies)
      : plan_(plan), difference_(std::move(difference)), copies_(std::move(copies)) {}

  /// The device will run `program` next. `stored_right`: nothing flips in this job.
  void expect(const Program& program, bool stored_right = false) {
    for (const isa::Instruction& i : program.instructions) {
      if (i.op() != isa::Op::kLoad) continue;
      if (i.get(isa::kLoadDest) != static_cast<std::uint64_t>(isa::Ring::kW)) continue;
      const std::uint64_t first =
          i.get(isa::kLoadAddr) * static_cast<std::uint64_t>(plan_.axi_bits);
      const auto word_bits = static_cast<std::uint64_t>(plan_.cols * plan_.depth);
      for (std::uint64_t w = 0; w < i.get(isa::kLoadWords); ++w) {
        places_.push_back(stored_right ? kNowhere : first + w * word_bits);
      }
    }
  }

  std::uint64_t flips(int slice, int copy, int /*addr*/, int chunk) override {
    std::size_t& stored = stored_[{slice, copy}];
    if (chunk == 0) ++stored;
    const std::uint64_t place = places_.at(stored - 1);
    if (place == kNowhere || std::find(copies_.begin(), copies_.end(), copy) == copies_.end()) {
      return 0;
    }
    std::uint64_t bits = 0;
    for (int b = 64 * chunk; b < std::min(64 * chunk + 64, plan_.depth); ++b) {
      const std::uint64_t at = place + static_cast<std::uint64_t>(slice * plan_.depth + b);
      const std::uint64_t bit = difference_[at / 8] >> (at % 8) & 1U;
      bits |= bit << (b - 64 * chunk);
    }
    return bits;
  }

 private:
  static constexpr std::uint64_t kNowhere = UINT64_MAX;

  const Plan& plan_;
  std::vector<std::uint8_t> difference_;
  std::vector<int> copies_;
  std::vector<std::uint64_t> places_;  ///< bit in the image of each word of the jobs so far
  std::map<std::pair<int, int>, std::size_t> stored_;
};

std::uint64_t ones(std::span<const std::uint8_t> bytes) {
  std::uint64_t count = 0;
  for (const std::uint8_t byte : bytes) count += static_cast<std::uint64_t>(std::popcount(byte));
  return count;
}

std::uint64_t differing(const bmt::BitMatrix& a, const bmt::BitMatrix& b) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < a.words.size(); ++i) {
    bits += static_cast<std::uint64_t>(std::popcount(a.words[i] ^ b.words[i]));
  }
  return bits;
}

std::uint64_t differing(const bmt::CodeMatrix& a, const bmt::CodeMatrix& b) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < a.codes.size(); ++i) {
    bits +=
        static_cast<std::uint64_t>(std::popcount(static_cast<unsigned>(a.codes[i] ^ b.codes[i])));
  }
  return bits;
}

std::uint64_t differing(const bmt::Model& a, const bmt::Model& b) {
  std::uint64_t bits = differing(a.patch, b.patch) + differing(a.classifier, b.classifier);
  if (a.pooler) bits += differing(a.pooler->weight, b.pooler->weight);
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    for (const auto member : {&bmt::Layer::q, &bmt::Layer::k, &bmt::Layer::v, &bmt::Layer::o,
                              &bmt::Layer::f1, &bmt::Layer::f2}) {
      bits += differing((a.layers[i].*member).weight, (b.layers[i].*member).weight);
    }
  }
  return bits;
}

/// Turns over two bits of one stored word.
bmt::Model two_flips_in_a_word(bmt::Model model, bmt::FoldedCounts folded) {
  const bmt::Model right = model;
  bmt::BitMatrix& weight = model.layers[0].f1.weight;
  for (const int input : {0, 1}) weight.set_bit(0, 2, input, !weight.bit(0, 2, input));
  bmt::keep_folded_counts(model, right, folded);
  return model;
}

/// What became of a run.
struct Outcome {
  Status status = Ok{};
  Logits logits;
  std::uint64_t faults = 0;
  std::uint32_t irq = 0;
  std::size_t repeated = 0;
};

struct Shape {
  std::size_t config;  ///< of the grid
  sim::StallMode stall;
};

class Upsets : public testing::TestWithParam<Shape> {
 protected:
  void build(Protection protection, std::uint64_t seed) {
    config_ = configs().at(GetParam().config);
    config_.memory.weight_protection = protection;
    config_.name += fmt::format("-{}", to_string(protection));
    sim::RunOptions run;
    run.backend = sim::Backend::kRtl;
    run.check = sim::CheckLevel::kTensors;
    auto bench = sim::Bench::create(config_, run);
    ASSERT_TRUE(bench.ok()) << bench.error().message;
    bench_ = std::make_unique<sim::Bench>(std::move(bench).value());
    draw(seed);
  }

  /// A random model of the configuration with short jobs.
  void draw(std::uint64_t seed) {
    sim::VerifyCase c = sim::make_case(config_, seed);
    c.spec.adversarial = false;
    model_ = bmt::random_model(c.spec, seed);
    samples_.clear();
    for (std::size_t i = 0; i < c.lengths.size(); ++i) {
      samples_.push_back(bmt::random_sample(model_, c.lengths[i], seed + 1000 + i));
    }
  }

  ModelImage image(const bmt::Model& model) const {
    auto built = build_image(config_, bench_->plan(), model);
    EXPECT_TRUE(built.ok()) << built.error().message;
    return std::move(built).value();
  }

  bmt::FoldedCounts folded() const {
    return config_.array.and_lanes ? bmt::FoldedCounts::kSigned : bmt::FoldedCounts::kUnsigned;
  }

  /// The model with 3 % of its weight bits turned over.
  bmt::Model flipped_model(std::uint64_t seed) const {
    bmt::WeightFlips flips;
    flips.rate = 0.03;
    flips.folded = folded();
    return bmt::flip_weight_bits(model_, flips, seed);
  }

  static Logits golden(const bmt::Model& model, const std::vector<bmt::Sample>& samples) {
    const bmt::GoldenModel computes(model);
    Logits logits;
    for (const bmt::Sample& sample : samples) logits.push_back(computes.logits(sample).value());
    return logits;
  }

  /// Runs the samples while the words of `copies` are stored as those of `flipped`; from job
  /// `right_from` on they are stored right.
  Outcome run(const bmt::Model& flipped, std::vector<int> copies,
              std::size_t right_from = SIZE_MAX) {
    const ModelImage right = image(model_);
    std::vector<std::uint8_t> difference = image(flipped).bytes;
    for (std::size_t i = 0; i < difference.size(); ++i) {
      difference[i] = static_cast<std::uint8_t>(difference[i] ^ right.bytes[i]);
    }
    // Thresholds and offsets are those of the right weights: only weights differ.
    EXPECT_EQ(ones(difference), differing(model_, flipped));
    ImageUpsets upsets(bench_->plan(), std::move(difference), std::move(copies));
    sim::VerilatedOptions options;
    options.stall = GetParam().stall;
    options.seed = 5;
    options.stuck_cycles = 100000;
    options.upsets = &upsets;
    sim::VerilatedDevice device(bench_->library(), options);
    sim::Driver driver(device, config_, bench_->plan(), right, sim::DriverOptions{});
    Outcome outcome;
    outcome.logits.resize(samples_.size());
    std::size_t jobs = 0;
    sim::DriverHooks hooks;
    hooks.before_push = [&](std::size_t, const Program& program) {
      upsets.expect(program, jobs++ >= right_from);
    };
    hooks.completed = [&](std::size_t i, const std::vector<std::int32_t>& logits) {
      outcome.logits[i] = logits;
    };
    if (outcome.status = driver.start(); !outcome.status.ok()) return outcome;
    outcome.status = driver.run(samples_, hooks);
    outcome.faults = driver.weight_faults().value();
    outcome.irq = device.read_register(sim::reg::kIrq).value();
    outcome.repeated = driver.repeated();
    EXPECT_TRUE(device.violations().empty()) << device.violations().front();
    return outcome;
  }

  Config config_;
  std::unique_ptr<sim::Bench> bench_;
  bmt::Model model_;
  std::vector<bmt::Sample> samples_;
};

constexpr std::uint64_t kSeeds = 4;

TEST_P(Upsets, WithoutProtectionTheGoldenModelIsWrongInTheSameWay) {
  std::size_t wrong = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    build(Protection::kNone, seed);
    if (HasFatalFailure()) return;
    const bmt::Model flipped = flipped_model(seed);
    const Outcome got = run(flipped, {0});
    ASSERT_TRUE(got.status.ok()) << got.status.error().message;
    const Logits expected = golden(flipped, samples_);
    EXPECT_EQ(got.logits, expected) << "seed " << seed;
    if (expected != golden(model_, samples_)) ++wrong;
  }
  EXPECT_GT(wrong, 0U);
}

TEST_P(Upsets, AMajorityCorrectsAnyCopy) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    build(Protection::kMajority, seed);
    if (HasFatalFailure()) return;
    const bmt::Model flipped = flipped_model(seed);
    std::uint64_t corrected = 0;
    for (const int copy : {0, 1, 2}) {
      const Outcome got = run(flipped, {copy});
      ASSERT_TRUE(got.status.ok()) << got.status.error().message;
      EXPECT_EQ(got.logits, golden(model_, samples_)) << "seed " << seed << " copy " << copy;
      EXPECT_GT(got.faults, 0U);
      if (copy == 0) corrected = got.faults;
      EXPECT_EQ(got.faults, corrected) << "whichever copy is wrong";
      EXPECT_EQ(got.irq & sim::reg::kIrqWeights, 0U) << "a corrected word is no event";
      EXPECT_EQ(got.repeated, 0U);
    }
    // Two copies outvote the third.
    EXPECT_EQ(run(flipped, {0, 2}).logits, golden(flipped, samples_)) << "seed " << seed;
    EXPECT_EQ(run(flipped, {}).faults, 0U);
  }
}

TEST_P(Upsets, ParityIsNoticedAndTheJobRunsAgain) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    build(Protection::kParity, seed);
    if (HasFatalFailure()) return;
    const bmt::Model flipped = flipped_model(seed);
    const Outcome once = run(flipped, {0}, 1);
    ASSERT_TRUE(once.status.ok()) << once.status.error().message;
    EXPECT_EQ(once.logits, golden(model_, samples_)) << "seed " << seed;
    EXPECT_GT(once.faults, 0U);
    EXPECT_GT(once.repeated, 0U);
    const Outcome always = run(flipped, {0});
    ASSERT_FALSE(always.status.ok());
    EXPECT_NE(always.status.error().message.find("parity errors in 4 runs"), std::string::npos)
        << always.status.error().message;
    const Outcome never = run(flipped, {});
    EXPECT_EQ(never.logits, golden(model_, samples_));
    EXPECT_EQ(never.faults + never.repeated, 0U);
  }
}

TEST_P(Upsets, ParityDoesNotSeeTwoFlipsInAWord) {
  build(Protection::kParity, 2);
  if (HasFatalFailure()) return;
  const bmt::Model flipped = two_flips_in_a_word(model_, folded());
  if (differing(model_, flipped) != 2 || model_.pruning.used()) GTEST_SKIP();
  const Outcome got = run(flipped, {0});
  ASSERT_TRUE(got.status.ok()) << got.status.error().message;
  EXPECT_EQ(got.logits, golden(flipped, samples_));
  EXPECT_EQ(got.faults + got.repeated, 0U);
}

// One bit with masks and sentences, several bits and branches with masks, words of 128 bits.
INSTANTIATE_TEST_SUITE_P(
    Shapes, Upsets,
    testing::Values(Shape{0, sim::StallMode::kAdversarial}, Shape{7, sim::StallMode::kNone},
                    Shape{9, sim::StallMode::kRandom}, Shape{10, sim::StallMode::kNone},
                    Shape{15, sim::StallMode::kNone}, Shape{16, sim::StallMode::kNone}),
    [](const auto& shape) {
      std::string name = configs().at(shape.param.config).name;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace bat::grid
