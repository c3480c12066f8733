// SPDX-License-Identifier: Apache-2.0
// Every error of docs/architecture.md section 7: the accelerator stops cleanly with the right code,
// and after a soft reset the next jobs are bit-exact.
#include <gtest/gtest.h>

#include <memory>

#include "models/bmt/golden.hpp"
#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"
#include "sim/driver.hpp"
#include "sim/verilated_device.hpp"
#include "verif/grid/configs.hpp"

namespace bat::grid {
namespace {

using sim::AxiFault;
using sim::AxiResponse;

class Recovery : public testing::TestWithParam<sim::StallMode> {
 protected:
  void SetUp() override {
    config_ = configs().front();
    sim::RunOptions run;
    run.backend = sim::Backend::kRtl;
    run.check = sim::CheckLevel::kTensors;
    auto bench = sim::Bench::create(config_, run);
    ASSERT_TRUE(bench.ok()) << bench.error().message;
    plan_ = bench.value().plan();
    bmt::RandomModelSpec spec;
    spec.hidden = 21;
    spec.heads = 2;
    spec.head_dim = 7;
    spec.ffn = 30;
    spec.max_tokens = 9;
    spec.vocab = 20;
    model_ = bmt::random_model(spec, 3);
    auto image = build_image(config_, plan_, model_);
    ASSERT_TRUE(image.ok()) << image.error().message;
    image_ = std::move(image).value();
    for (int i = 0; i < 3; ++i) {
      samples_.push_back(bmt::random_sample(model_, 9 - 2 * i, static_cast<std::uint64_t>(i)));
    }
    sim::VerilatedOptions options;
    options.stall = GetParam();
    options.seed = 11;
    options.stuck_cycles = 20000;
    device_ = std::make_unique<sim::VerilatedDevice>(bench.value().library(), options);
    driver_ = std::make_unique<sim::Driver>(*device_, config_, plan_, image_, sim::DriverOptions{});
    const Status started = driver_->start();
    ASSERT_TRUE(started.ok()) << started.error().message;
  }

  void expect_bit_exact_run() {
    const bmt::GoldenModel golden(model_);
    std::size_t completed = 0;
    sim::DriverHooks hooks;
    hooks.completed = [&](std::size_t i, const std::vector<std::int32_t>& logits) {
      EXPECT_EQ(logits, golden.logits(samples_[i]).value()) << "sample " << i;
      ++completed;
    };
    const Status status = driver_->run(samples_, hooks);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(completed, samples_.size());
    device_->expect_idle();
    EXPECT_TRUE(device_->violations().empty()) << device_->violations().front();
  }

  /// The faulty run must end with `code`; then everything must work again.
  void expect_error_and_recovery(isa::ErrorCode code) {
    const Status status = driver_->run(samples_);
    ASSERT_FALSE(status.ok()) << "the error went unnoticed";
    ASSERT_EQ(driver_->fault().code, static_cast<int>(code)) << status.error().message;
    const auto state = device_->read_register(sim::reg::kStatus);
    EXPECT_TRUE(state.value() & sim::reg::kStatusError);
    const Status recovered = driver_->recover();
    ASSERT_TRUE(recovered.ok()) << recovered.error().message;
    expect_bit_exact_run();
  }

  /// Overwrites 32-bit word `word` of the program for the first sample.
  void patch_program(std::size_t word, std::uint32_t value) {
    const auto address = driver_->program_address({samples_.front().tokens()});
    ASSERT_TRUE(address.ok()) << address.error().message;
    saved_address_ = address.value() + 4 * word;
    saved_.resize(4);
    ASSERT_TRUE(device_->read_memory(saved_address_, saved_).ok());
    std::vector<std::uint8_t> bytes(4);
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    ASSERT_TRUE(device_->write_memory(saved_address_, bytes).ok());
  }
  void expect_program_error(isa::ErrorCode code) {
    const Status status = driver_->run(samples_);
    ASSERT_FALSE(status.ok()) << "the error went unnoticed";
    EXPECT_EQ(driver_->fault().code, static_cast<int>(code)) << status.error().message;
    ASSERT_TRUE(device_->write_memory(saved_address_, saved_).ok());
    const Status recovered = driver_->recover();
    ASSERT_TRUE(recovered.ok()) << recovered.error().message;
    expect_bit_exact_run();
  }

  Config config_;
  Plan plan_;
  bmt::Model model_;
  ModelImage image_;
  std::vector<bmt::Sample> samples_;
  std::unique_ptr<sim::VerilatedDevice> device_;
  std::unique_ptr<sim::Driver> driver_;
  std::uint64_t saved_address_ = 0;
  std::vector<std::uint8_t> saved_;
};

TEST_P(Recovery, NoErrorNoTrouble) { expect_bit_exact_run(); }

TEST_P(Recovery, ReadErrorsAnywhere) {
  for (const std::int64_t burst : {0, 1, 2, 3, 7, 20, 45}) {
    SCOPED_TRACE(burst);
    device_->fail_read(AxiFault{burst, 0, burst % 2 ? AxiResponse::kDecErr : AxiResponse::kSlvErr});
    expect_error_and_recovery(isa::ErrorCode::kRead);
    if (HasFatalFailure()) return;
  }
}

TEST_P(Recovery, WriteError) {
  device_->fail_write(AxiFault{1, 0, AxiResponse::kSlvErr});
  expect_error_and_recovery(isa::ErrorCode::kWrite);
}

TEST_P(Recovery, BadHeader) {
  patch_program(0, 0x12345678);
  expect_program_error(isa::ErrorCode::kHeader);
}

TEST_P(Recovery, WrongConfigurationHash) {
  patch_program(2, config_hash32(config_) ^ 1U);
  expect_program_error(isa::ErrorCode::kHash);
}

TEST_P(Recovery, UnknownOpcode) {
  patch_program(8, 0xFFFFFFF0U | 9U);  // first word of the first instruction
  expect_program_error(isa::ErrorCode::kOpcode);
}

TEST_P(Recovery, ProgramWithoutEnd) {
  patch_program(3, 1);  // one instruction only
  expect_program_error(isa::ErrorCode::kNoEnd);
}

TEST_P(Recovery, JobQueueOverflow) {
  ASSERT_TRUE(device_->write_register(sim::reg::kCtrl, sim::reg::kCtrlIrq).ok());
  for (int i = 0; i <= plan_.job_queue_depth + 1; ++i) {
    ASSERT_TRUE(device_->write_register(sim::reg::kJobPush, 1).ok());
  }
  const auto error = device_->read_register(sim::reg::kError);
  EXPECT_EQ(error.value() & 0xFF, static_cast<std::uint32_t>(isa::ErrorCode::kQueue));
  const Status recovered = driver_->recover();
  ASSERT_TRUE(recovered.ok()) << recovered.error().message;
  expect_bit_exact_run();
}

INSTANTIATE_TEST_SUITE_P(Stall, Recovery,
                         testing::Values(sim::StallMode::kNone, sim::StallMode::kRandom,
                                         sim::StallMode::kAdversarial),
                         [](const auto& mode) {
                           return std::string(
                               sim::kStallModeNames[static_cast<std::size_t>(mode.param)]);
                         });

}  // namespace
}  // namespace bat::grid
