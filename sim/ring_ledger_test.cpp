// SPDX-License-Identifier: Apache-2.0
#include "sim/ring_ledger.hpp"

#include <gtest/gtest.h>

#include "models/bmt/random_model.hpp"
#include "rtl_gen/program/compiler.hpp"

namespace bat::sim {
namespace {

TEST(RingLedger, CountsLoadsAndFrees) {
  const Plan planned = plan(Config{}).value();
  RingLedger ledger(planned);
  isa::Instruction load;
  load.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kLoad));
  load.set(isa::kLoadDest, static_cast<std::uint64_t>(isa::Ring::kW));
  load.set(isa::kLoadWords, 24);
  ledger.complete(load);
  EXPECT_EQ(ledger.held(isa::Ring::kW), 24);
  isa::Instruction qmm;
  qmm.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kQmm));
  qmm.set(isa::kQmmNct, 2);
  qmm.set(isa::kQmmBr, 1);
  qmm.set(isa::kQmmPb, 1);
  qmm.set(isa::kQmmKw, 5);
  ledger.complete(qmm);
  EXPECT_EQ(ledger.held(isa::Ring::kW), 24) << "no free flag";
  qmm.set(isa::kQmmWFree, 1);
  ledger.complete(qmm);
  EXPECT_EQ(ledger.held(isa::Ring::kW), 14);
  EXPECT_NE(ledger.text().find("W 14 of"), std::string::npos);
}

TEST(RingLedger, EveryCompleteProgramLeavesTheRingsEmpty) {
  const Config config;
  const Plan planned = plan(config).value();
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    bmt::RandomModelSpec spec;
    spec.pooler = seed % 2 == 1;
    spec.attention = seed % 4 < 2 ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
    const bmt::Model model = bmt::random_model(spec, seed);
    const auto compiled = compile(config, planned, model, 1 + static_cast<int>(seed));
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    RingLedger ledger(planned);
    for (const isa::Instruction& i : compiled.value().program.instructions) ledger.complete(i);
    for (const auto ring : {isa::Ring::kW, isa::Ring::kT, isa::Ring::kP, isa::Ring::kL}) {
      EXPECT_EQ(ledger.held(ring), 0) << ledger.text();
    }
  }
}

}  // namespace
}  // namespace bat::sim
