// SPDX-License-Identifier: Apache-2.0
// Driver, run and verify on the interpreter: the whole host side without RTL.
#include "sim/driver.hpp"

#include <gtest/gtest.h>

#include "models/bmt/golden.hpp"
#include "models/bmt/random_model.hpp"
#include "sim/golden_device.hpp"
#include "sim/run.hpp"
#include "sim/verify.hpp"

namespace bat::sim {
namespace {

Config named_default() {
  Config config;
  config.name = "default";
  return config;
}

std::vector<bmt::Sample> samples_of(const bmt::Model& model, std::size_t count) {
  std::vector<bmt::Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back(bmt::random_sample(model, 1 + static_cast<int>(i * 5 % 16), i));
  }
  return samples;
}

TEST(Driver, MoreSamplesThanTheQueueHolds) {
  const Config config = named_default();
  const Plan planned = plan(config).value();
  const bmt::Model model = bmt::random_model(bmt::RandomModelSpec{}, 4);
  const ModelImage image = build_image(config, planned, model).value();
  GoldenDevice device(config, planned, ExecutionOrder{}, nullptr);
  Driver driver(device, config, planned, image, DriverOptions{});
  ASSERT_TRUE(driver.start().ok());
  const auto samples = samples_of(model, 3 * static_cast<std::size_t>(planned.job_queue_depth) + 1);
  const bmt::GoldenModel golden(model);
  std::size_t completed = 0;
  DriverHooks hooks;
  hooks.completed = [&](std::size_t i, const std::vector<std::int32_t>& logits) {
    EXPECT_EQ(i, completed++);
    EXPECT_EQ(logits, golden.logits(samples[i]).value());
  };
  const Status status = driver.run(samples, hooks);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(completed, samples.size());
  EXPECT_TRUE(driver.check_memory().ok());
}

TEST(Driver, RefusesAnotherConfiguration) {
  const Config config = named_default();
  Config other = config;
  other.array.lanes = 4;
  const Plan planned = plan(config).value();
  const bmt::Model model = bmt::random_model(bmt::RandomModelSpec{}, 4);
  const ModelImage image = build_image(config, planned, model).value();
  GoldenDevice device(other, plan(other).value(), ExecutionOrder{}, nullptr);
  Driver driver(device, config, planned, image, DriverOptions{});
  const Status status = driver.start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("CONFIG_HASH"), std::string::npos);
}

TEST(Driver, ReportsADeviceErrorAndRecovers) {
  const Config config = named_default();
  const Plan planned = plan(config).value();
  const bmt::Model model = bmt::random_model(bmt::RandomModelSpec{}, 4);
  const ModelImage image = build_image(config, planned, model).value();
  GoldenDevice device(config, planned, ExecutionOrder{}, nullptr);
  Driver driver(device, config, planned, image, DriverOptions{});
  ASSERT_TRUE(driver.start().ok());
  const auto samples = samples_of(model, 2);
  const std::uint64_t address = driver.program_address({samples[0].tokens()}).value();
  std::vector<std::uint8_t> magic(4);
  ASSERT_TRUE(device.read_memory(address, magic).ok());
  ASSERT_TRUE(device.write_memory(address, std::vector<std::uint8_t>(4)).ok());
  const Status status = driver.run(samples);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(driver.fault().code, static_cast<int>(isa::ErrorCode::kHeader));
  EXPECT_NE(status.error().message.find("bad program header"), std::string::npos);
  ASSERT_TRUE(device.write_memory(address, magic).ok());
  ASSERT_TRUE(driver.recover().ok());
  EXPECT_TRUE(driver.run(samples).ok());
}

TEST(Run, InterpreterAndGoldenGiveTheSameLogits) {
  const bmt::Model model = bmt::random_model(bmt::RandomModelSpec{}, 9);
  const auto samples = samples_of(model, 6);
  RunOptions options;
  options.backend = Backend::kInterpreter;
  const auto hardware = run(named_default(), model, samples, options);
  ASSERT_TRUE(hardware.ok()) << hardware.error().message;
  EXPECT_TRUE(hardware.value().bit_exact);
  EXPECT_EQ(hardware.value().mismatches, 0U);
  EXPECT_GT(hardware.value().compared_bits, 0U);
  options.backend = Backend::kGolden;
  const auto golden = run(named_default(), model, samples, options);
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  EXPECT_EQ(golden.value().logits, hardware.value().logits);
  EXPECT_EQ(golden.value().accuracy, hardware.value().accuracy);
  const auto json = hardware.value().json();
  for (const char* key :
       {"config", "model", "samples", "bit_exact", "mismatches", "compared_bits", "accuracy",
        "cycles_per_sample", "qmm_utilization", "sim_cycles_per_second", "counters"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
}

TEST(Run, RefusesAModelThatDoesNotFit) {
  bmt::RandomModelSpec spec;
  spec.hidden = 200;
  RunOptions options;
  options.backend = Backend::kInterpreter;
  const bmt::Model model = bmt::random_model(spec, 1);
  const auto result = run(named_default(), model, samples_of(model, 1), options);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("hidden"), std::string::npos) << result.error().message;
}

TEST(Verify, RandomCasesPassOnTheInterpreterInAnyOrder) {
  VerifyOptions options;
  options.backend = Backend::kInterpreter;
  options.cases = 12;
  options.seed = 500;
  std::size_t calls = 0;
  options.progress = [&calls](std::size_t, std::size_t) { ++calls; };
  const auto result = verify(named_default(), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  for (const CaseFailure& failure : result.value().failures) ADD_FAILURE() << failure.text();
  EXPECT_EQ(result.value().cases, 12U);
  EXPECT_EQ(calls, 12U);
}

TEST(Verify, ACaseFollowsFromItsSeed) {
  const Config config = named_default();
  EXPECT_EQ(make_case(config, 8).text(), make_case(config, 8).text());
  EXPECT_NE(make_case(config, 8).text(), make_case(config, 9).text());
  const VerifyCase fixed = make_case(config, 8, StallMode::kAdversarial);
  EXPECT_EQ(fixed.stall, StallMode::kAdversarial);
  EXPECT_EQ(fixed.lengths, make_case(config, 8).lengths) << "the stall mode changes nothing else";
}

TEST(VerifyResult, JsonCountsAndNamesReplays) {
  VerifyResult result;
  result.config = "unit";
  result.cases = 5;
  result.failures.resize(2);
  result.failures[1].replay = "batkit verify unit --cases 1 --seed 3 --stall none";
  const auto json = result.json();
  EXPECT_EQ(json.at("passed"), 3);
  EXPECT_EQ(json.at("failed"), 2);
  EXPECT_EQ(json.at("failures").at(1).at("replay"), result.failures[1].replay);
}

TEST(Counters, OfEachUnitMustAddUp) {
  Counters counters{};
  EXPECT_TRUE(counter_faults(counters).empty());
  counters[0] = 100;
  for (std::size_t unit = 0; unit < 5; ++unit) {
    counters[1 + 3 * unit] = 60;
    counters[2 + 3 * unit] = 30;
    counters[3 + 3 * unit] = 10;
  }
  EXPECT_TRUE(counter_faults(counters).empty());
  counters[6] = 9;  // qmm_stalled
  const auto faults = counter_faults(counters);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].find("qmm_stalled"), std::string::npos) << faults[0];
}

}  // namespace
}  // namespace bat::sim
