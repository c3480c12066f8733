// SPDX-License-Identifier: Apache-2.0
// The memory model against a small correct master, and the checkers against planted faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/axi/checker.hpp"
#include "sim/axi/lite_driver.hpp"
#include "sim/axi/memory.hpp"

namespace bat::sim {
namespace {

constexpr int kBus = 8;

/// Issues a list of read and write bursts, keeps payloads stable, collects results.
class TestMaster {
 public:
  std::vector<AxiAddress> reads;
  std::vector<AxiAddress> writes;
  std::vector<std::vector<std::uint64_t>> write_data;  // one word a beat
  std::vector<std::uint64_t> read_data;
  std::vector<AxiResponse> read_responses;
  std::vector<AxiResponse> write_responses;

  AxiMaster drive() const {
    AxiMaster m;
    if (next_read_ < reads.size()) {
      m.ar_valid = true;
      m.ar = reads[next_read_];
    }
    m.r_ready = true;
    if (next_write_ < writes.size()) {
      m.aw_valid = true;
      m.aw = writes[next_write_];
    }
    if (burst_ < write_data.size()) {
      m.w_valid = true;
      m.w_data[0] = write_data[burst_][beat_];
      m.w_strobe[0] = 0xFF;
      m.w_last = beat_ + 1 == write_data[burst_].size();
    }
    m.b_ready = true;
    return m;
  }
  void sample(const AxiMaster& m, const AxiSlave& s) {
    if (m.ar_valid && s.ar_ready) ++next_read_;
    if (m.aw_valid && s.aw_ready) ++next_write_;
    if (m.w_valid && s.w_ready && ++beat_ == write_data[burst_].size()) {
      beat_ = 0;
      ++burst_;
    }
    if (s.r_valid) {
      read_data.push_back(s.r_data[0]);
      read_responses.push_back(s.r_resp);
    }
    if (s.b_valid) write_responses.push_back(s.b_resp);
  }

 private:
  std::size_t next_read_ = 0, next_write_ = 0, burst_ = 0, beat_ = 0;
};

AxiAddress incr(std::uint64_t addr, int beats) {
  AxiAddress a;
  a.addr = addr;
  a.len = static_cast<std::uint8_t>(beats - 1);
  a.size = 3;
  return a;
}

std::uint64_t word_at(const AxiMemory& memory, const std::vector<std::uint8_t>& bytes,
                      std::uint64_t addr) {
  (void)memory;
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[addr + static_cast<std::uint64_t>(i)];
  return value;
}

class AxiMemoryModes : public testing::TestWithParam<StallMode> {};

TEST_P(AxiMemoryModes, MovesEveryBeatOnceAndKeepsTheProtocol) {
  AxiMemoryOptions options;
  options.bus_bytes = kBus;
  options.stall = GetParam();
  options.bandwidth = 80;
  AxiMemory memory(options);
  memory.bytes().resize(64 * 1024);
  for (std::size_t i = 0; i < memory.bytes().size(); ++i) {
    memory.bytes()[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  }
  const std::vector<std::uint8_t> before = memory.bytes();
  TestMaster master;
  std::vector<std::uint64_t> expected;
  for (int i = 0; i < 20; ++i) {
    const AxiAddress a = incr(static_cast<std::uint64_t>(i) * 1024, 1 + (i * 5) % 60);
    master.reads.push_back(a);
    for (int b = 0; b < a.beats(); ++b)
      expected.push_back(word_at(memory, before, beat_address(a, b)));
    const AxiAddress w = incr(32768 + static_cast<std::uint64_t>(i) * 512, 1 + (i * 3) % 16);
    master.writes.push_back(w);
    std::vector<std::uint64_t> data(static_cast<std::size_t>(w.beats()));
    std::iota(data.begin(), data.end(), static_cast<std::uint64_t>(i) << 32);
    master.write_data.push_back(data);
  }
  AxiChecker checker(kBus);
  for (int cycle = 0; cycle < 200000 && master.write_responses.size() + master.read_data.size() <
                                            20 + expected.size();
       ++cycle) {
    const AxiMaster m = master.drive();
    const AxiSlave s = memory.out();
    checker.step(m, s);
    master.sample(m, s);
    memory.step(m);
  }
  checker.expect_idle();
  EXPECT_TRUE(checker.violations().empty()) << checker.violations().front().text();
  EXPECT_EQ(master.read_data, expected);
  ASSERT_EQ(master.write_responses.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t b = 0; b < master.write_data[i].size(); ++b) {
      EXPECT_EQ(word_at(memory, memory.bytes(), 32768 + i * 512 + b * 8), master.write_data[i][b]);
    }
  }
  EXPECT_EQ(memory.read_beats(), expected.size());
}

INSTANTIATE_TEST_SUITE_P(Modes, AxiMemoryModes,
                         testing::Values(StallMode::kNone, StallMode::kRandom,
                                         StallMode::kAdversarial),
                         [](const auto& mode) {
                           return std::string(
                               kStallModeNames[static_cast<std::size_t>(mode.param)]);
                         });

int cycles_to_read(int latency, int bandwidth, int beats) {
  AxiMemoryOptions options;
  options.bus_bytes = kBus;
  options.latency = latency;
  options.bandwidth = bandwidth;
  AxiMemory memory(options);
  memory.bytes().resize(8192);
  TestMaster master;
  master.reads.push_back(incr(0, beats));
  int cycle = 0;
  for (; cycle < 10000 && master.read_data.size() < static_cast<std::size_t>(beats); ++cycle) {
    const AxiMaster m = master.drive();
    master.sample(m, memory.out());
    memory.step(m);
  }
  return cycle;
}

TEST(AxiMemory, LatencyAndBandwidthAreAsAsked) {
  const int fast = cycles_to_read(10, 100, 100);
  EXPECT_EQ(cycles_to_read(60, 100, 100) - fast, 50);
  EXPECT_NEAR(cycles_to_read(10, 50, 100) - fast, 100, 3);
}

TEST(AxiMemory, AnswersTheChosenBurstWithAnErrorOnce) {
  AxiMemoryOptions options;
  options.bus_bytes = kBus;
  AxiMemory memory(options);
  memory.bytes().resize(4096);
  memory.fail_read(AxiFault{1, 2, AxiResponse::kSlvErr});
  memory.fail_write(AxiFault{0, 0, AxiResponse::kDecErr});
  TestMaster master;
  master.reads = {incr(0, 4), incr(64, 4), incr(128, 4), incr(1 << 20, 1)};
  master.writes = {incr(512, 1), incr(520, 1)};
  master.write_data = {{1}, {2}};
  for (int cycle = 0; cycle < 500; ++cycle) {
    const AxiMaster m = master.drive();
    master.sample(m, memory.out());
    memory.step(m);
  }
  ASSERT_EQ(master.read_responses.size(), 13U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(master.read_responses[i], i == 6 ? AxiResponse::kSlvErr : AxiResponse::kOkay) << i;
  }
  EXPECT_EQ(master.read_responses[12], AxiResponse::kDecErr) << "beyond the end";
  EXPECT_EQ(master.write_responses,
            (std::vector<AxiResponse>{AxiResponse::kDecErr, AxiResponse::kOkay}));
  EXPECT_EQ(memory.bytes()[512], 0) << "a failed write must not change memory";
  EXPECT_EQ(memory.bytes()[520], 2);
}

bool reports(const std::vector<Violation>& list, const std::string& signal) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Violation& v) { return v.signal == signal; });
}

TEST(AxiChecker, SeesAChangedOrDroppedAddress) {
  AxiChecker checker(kBus);
  AxiMaster m;
  m.ar_valid = true;
  m.ar = incr(0, 1);
  checker.step(m, AxiSlave{});
  m.ar.addr = 8;
  checker.step(m, AxiSlave{});
  EXPECT_TRUE(reports(checker.violations(), "araddr"));
  m.ar_valid = false;
  checker.step(m, AxiSlave{});
  EXPECT_TRUE(reports(checker.violations(), "arvalid"));
  EXPECT_EQ(checker.violations().back().cycle, 3U);
}

TEST(AxiChecker, SeesIllegalBursts) {
  const auto check = [](AxiAddress a) {
    AxiChecker checker(kBus);
    AxiMaster m;
    m.ar_valid = true;
    m.ar = a;
    AxiSlave s;
    s.ar_ready = true;
    checker.step(m, s);
    return reports(checker.violations(), "araddr");
  };
  EXPECT_FALSE(check(incr(4096 - 64, 8)));
  EXPECT_TRUE(check(incr(4096 - 64, 9))) << "4 KiB boundary";
  AxiAddress wide = incr(0, 1);
  wide.size = 4;
  EXPECT_TRUE(check(wide)) << "wider than the bus";
  AxiAddress wrap = incr(0, 3);
  wrap.burst = 2;
  EXPECT_TRUE(check(wrap)) << "WRAP of 3 beats";
  wrap.len = 3;
  EXPECT_FALSE(check(wrap));
  wrap.addr = 4;
  EXPECT_TRUE(check(wrap)) << "unaligned WRAP";
  AxiAddress reserved = incr(0, 1);
  reserved.burst = 3;
  EXPECT_TRUE(check(reserved));
}

TEST(AxiChecker, SeesWrongLastStrobeAndStrayResponses) {
  AxiChecker checker(kBus);
  AxiMaster m;
  m.aw_valid = m.w_valid = true;
  m.aw = incr(0, 2);
  m.w_strobe[0] = 0xFF;
  m.w_last = true;
  AxiSlave s;
  s.aw_ready = s.w_ready = true;
  checker.step(m, s);
  EXPECT_TRUE(reports(checker.violations(), "wlast"));

  AxiChecker narrow(kBus);
  m.aw = incr(0, 1);
  m.aw.size = 2;
  narrow.step(m, s);
  EXPECT_TRUE(reports(narrow.violations(), "wstrb"));

  AxiChecker stray(kBus);
  AxiSlave b;
  b.b_valid = true;
  stray.step(AxiMaster{}, b);
  EXPECT_TRUE(reports(stray.violations(), "bvalid"));
  AxiSlave r;
  r.r_valid = true;
  AxiMaster taker;
  taker.r_ready = true;
  stray.step(taker, r);
  EXPECT_TRUE(reports(stray.violations(), "rvalid"));
}

TEST(AxiChecker, SeesWorkLeftInFlight) {
  AxiChecker checker(kBus);
  AxiMaster m;
  m.ar_valid = true;
  m.ar = incr(0, 1);
  AxiSlave s;
  s.ar_ready = true;
  checker.step(m, s);
  checker.expect_idle();
  EXPECT_TRUE(reports(checker.violations(), "arvalid"));
}

/// A register file with awkward timing that keeps the protocol.
class TestSlave {
 public:
  LiteSlave out;
  std::vector<std::uint32_t> registers = std::vector<std::uint32_t>(16);

  void step(const LiteMaster& m) {
    if (m.aw_valid && out.aw_ready) {
      have_aw_ = true;
      aw_ = m.aw_addr;
    }
    if (m.w_valid && out.w_ready) {
      have_w_ = true;
      w_ = m.w_data;
    }
    if (out.b_valid && m.b_ready) out.b_valid = false;
    if (have_aw_ && have_w_ && !out.b_valid) {
      registers[aw_ / 4] = w_;
      have_aw_ = have_w_ = false;
      out.b_valid = true;
    }
    if (out.r_valid && m.r_ready) out.r_valid = false;
    if (m.ar_valid && out.ar_ready) {
      out.r_valid = true;
      out.r_data = registers[m.ar_addr / 4];
    }
    ++cycle_;
    out.aw_ready = !have_aw_ && cycle_ % 3 == 0;
    out.w_ready = !have_w_ && cycle_ % 4 == 0;
    out.ar_ready = !out.r_valid && cycle_ % 5 == 0;
  }

 private:
  bool have_aw_ = false, have_w_ = false;
  std::uint32_t aw_ = 0, w_ = 0;
  int cycle_ = 0;
};

TEST(LiteDriver, ReadsBackWhatItWroteInEveryMode) {
  for (const StallMode mode : {StallMode::kNone, StallMode::kRandom, StallMode::kAdversarial}) {
    LiteDriver driver(mode, 5);
    LiteChecker checker;
    TestSlave slave;
    const auto finish = [&] {
      for (int i = 0; i < 20000 && driver.busy(); ++i) {
        const LiteMaster m = driver.out();
        const LiteSlave s = slave.out;
        checker.step(m, s);
        driver.step(s);
        slave.step(m);
      }
      ASSERT_FALSE(driver.busy());
    };
    for (std::uint32_t i = 0; i < 16; ++i) {
      driver.start_write(4 * i, 1000 + i);
      finish();
    }
    for (std::uint32_t i = 0; i < 16; ++i) {
      driver.start_read(4 * i);
      finish();
      EXPECT_EQ(driver.data(), 1000 + i);
    }
    EXPECT_TRUE(checker.violations().empty()) << checker.violations().front().text();
  }
}

TEST(LiteChecker, SeesAStrayResponseAndChangingData) {
  LiteChecker checker;
  LiteSlave s;
  s.b_valid = true;
  checker.step(LiteMaster{}, s);
  EXPECT_TRUE(reports(checker.violations(), "s_bvalid"));
  LiteChecker reads;
  LiteMaster m;
  m.ar_valid = true;
  LiteSlave r;
  r.ar_ready = true;
  reads.step(m, r);
  r.r_valid = true;
  reads.step(LiteMaster{}, r);
  r.r_data = 1;
  reads.step(LiteMaster{}, r);
  EXPECT_TRUE(reports(reads.violations(), "s_rdata"));
}

}  // namespace
}  // namespace bat::sim
