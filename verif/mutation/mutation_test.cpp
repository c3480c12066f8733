// SPDX-License-Identifier: Apache-2.0
// Every planted fault must be seen by the same random cases that `batkit verify` runs; the design
// without an active fault must pass them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>
#include <memory>

#include "models/io/atomic_file.hpp"
#include "sim/design.hpp"
#include "sim/verify.hpp"
#include "verif/mutation/mutants.hpp"

namespace bat::mutation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostCases = 60;

/// Small, but with everything built in, so that each mutant has work to do.
Config everything() {
  Config config;
  config.name = "mutation";
  config.array = {2, 4, 16, 2, 1, Popcount::kFlat};
  config.features = {2, 2, true, true, true, true, true};
  // tokens, hidden, heads, head_dim, ffn, classes, features, positions
  config.limits = {19, 40, 2, 18, 60, 7, 24, 19};
  config.memory.axi_data_bits = 64;
  config.memory.weight_protection = bmt::Protection::kParity;
  return config;
}

/// The same with the parameters of every layer of a case on chip.
Config resident() {
  Config config = everything();
  config.name = "mutation-resident";
  config.buffers.resident_layers = 3;
  return config;
}

class Mutation : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override { build(everything()); }
  void build(const Config& config) {
    dir_ = fs::temp_directory_path() / ("bat_mutant_" + std::to_string(::getpid()));
    fs::create_directories(dir_);
    fs::current_path(dir_);
    const auto planned = plan(config);
    ASSERT_TRUE(planned.ok()) << planned.error().message;
    auto files = sim::rtl_files(config, planned.value());
    ASSERT_TRUE(files.ok()) << files.error().message;
    auto mutated = with_mutants(std::move(files).value());
    ASSERT_TRUE(mutated.ok()) << mutated.error().message;
    sim::RunOptions run;
    run.backend = sim::Backend::kRtl;
    run.check = sim::CheckLevel::kTensors;
    auto bench = sim::Bench::create(config, run, std::move(mutated).value());
    ASSERT_TRUE(bench.ok()) << bench.error().message;
    bench_ = std::make_unique<sim::Bench>(std::move(bench).value());
  }
  void TearDown() override {
    fs::current_path("/");
    fs::remove_all(dir_);
  }

  void select(std::size_t number) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const std::string text{kDigits[number / 16 % 16], kDigits[number % 16], '\n'};
    ASSERT_TRUE(io::write_text_atomic(dir_ / kSelector, text).ok());
  }
  std::optional<sim::CaseFailure> run_case(std::uint64_t seed) {
    sim::VerifyResult tally;
    return sim::run_case(*bench_, sim::make_case(bench_->config(), seed), sim::VerifyOptions{},
                         tally);
  }

  fs::path dir_;
  std::unique_ptr<sim::Bench> bench_;
};

/// What noticed: the first line that is not the description of the case.
std::string first_evidence(const sim::CaseFailure& failure) {
  if (!failure.mismatches.empty()) {
    const sim::Mismatch& m = failure.mismatches.front();
    return "tensor " + m.tensor + (m.unit.empty() ? "" : ", unit " + m.unit);
  }
  if (!failure.violations.empty()) return failure.violations.front();
  return failure.error.substr(0, failure.error.find('\n'));
}

class MutationOff : public Mutation {
 protected:
  void SetUp() override { build(GetParam() == 0 ? everything() : resident()); }
};

TEST_P(MutationOff, DesignPassesWithoutActiveFault) {
  select(0);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto failure = run_case(seed);
    ASSERT_FALSE(failure.has_value()) << failure->text();
  }
}
INSTANTIATE_TEST_SUITE_P(Baseline, MutationOff, testing::Values(std::size_t{0}, std::size_t{1}));

class MutationOn : public Mutation {
 protected:
  void SetUp() override { build(mutants()[GetParam()].resident ? resident() : everything()); }
};

TEST_P(MutationOn, IsCaught) {
  const Mutant& mutant = mutants()[GetParam()];
  select(GetParam() + 1);
  for (std::uint64_t seed = 1; seed <= kMostCases; ++seed) {
    const auto failure = run_case(seed);
    if (!failure) continue;
    std::cout << mutant.file << ", " << mutant.name << ": caught by seed " << seed << ", "
              << first_evidence(*failure) << '\n';
    return;
  }
  FAIL() << mutant.file << ", " << mutant.name << ": no case of " << kMostCases << " noticed";
}

/// A design that stands still must say where: unit, oldest instruction, ring.
using MutationHang = Mutation;

std::size_t index_of(const std::string& name) {
  const auto list = mutants();
  return static_cast<std::size_t>(
      std::find_if(list.begin(), list.end(), [&](const Mutant& m) { return name == m.name; }) -
      list.begin());
}

TEST_P(MutationHang, MessageNamesUnitInstructionAndRing) {
  select(GetParam() + 1);
  std::optional<sim::CaseFailure> failure;
  for (std::uint64_t seed = 1; seed <= kMostCases && !failure; ++seed) failure = run_case(seed);
  ASSERT_TRUE(failure.has_value());
  for (const char* part : {"no progress in cycle", "dma: busy", "oldest unfinished instruction",
                           "dma: sample", "LOAD dest=", "rings: W ", "replay: batkit verify"}) {
    EXPECT_NE(failure->error.find(part), std::string::npos) << part << " in\n" << failure->error;
  }
}
INSTANTIATE_TEST_SUITE_P(WeightRing, MutationHang,
                         testing::Values(index_of("weight ring never freed")));

std::string mutant_name(const testing::TestParamInfo<std::size_t>& param) {
  std::string name = mutants()[param.param].name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Each, MutationOn, testing::Range(std::size_t{0}, mutants().size()),
                         mutant_name);

}  // namespace
}  // namespace bat::mutation
