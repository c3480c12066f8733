// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>

#include "Vaxi_read.h"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

constexpr unsigned kBytes = AXI_W / 8;
constexpr unsigned kMaxBurst = MAX_BURST;

struct Request {
  std::uint64_t address;
  std::uint32_t beats;
};

/// Three random clients, a random memory, and the rules of the bus.
class ReadBench {
 public:
  explicit ReadBench(unsigned seed) : random_(seed) {
    dut_->halt_i = 0;
    dut_->req_valid_i = 0;
    dut_->rsp_ready_i = 0;
    dut_->m_axi_arready_i = 0;
    dut_->m_axi_rvalid_i = 0;
    dut_->m_axi_rresp_i = 0;
    dut_.reset();
  }

  void cycle() {
    drive_clients();
    drive_memory();
    dut_.settle();
    observe();
    dut_.tick();
  }
  bool drained() const { return bursts_.empty() && !ar_held_; }

  Random random_;
  unsigned ready_percent_ = 70;
  unsigned memory_percent_ = 70;
  int request_budget_ = 0;
  std::optional<int> error_after_;  ///< beats until an error response
  bool halt_ = false;
  int errors_ = 0;
  int error_client_ = -1;
  int beats_to_clients_ = 0;
  int beats_ = 0;
  Bench<Vaxi_read> dut_;

 private:
  void drive_clients() {
    for (unsigned c = 0; c < 3; ++c) {
      if (!request_[c] && request_budget_ > 0 && random_.chance(30)) {
        --request_budget_;
        // Often close below a 4 KiB boundary.
        const std::uint64_t page = 4096ULL * (1 + random_.below(1000));
        const std::uint64_t back = kBytes * std::uint64_t{random_.below(20)};
        request_[c] = Request{page - back, 1 + random_.below(random_.chance(20) ? 300 : 12)};
      }
      if (request_[c]) {
        const std::uint32_t address = static_cast<std::uint32_t>(request_[c]->address);
        put_slice(&dut_->req_addr_i, c * 4, &address, 4);
        put_slice(&dut_->req_beats_i, c * 3, &request_[c]->beats, 3);
      }
    }
    dut_->req_valid_i = (request_[0] ? 1 : 0) | (request_[1] ? 2 : 0) | (request_[2] ? 4 : 0);
    unsigned ready = 0;
    for (unsigned c = 0; c < 3; ++c) ready |= random_.chance(ready_percent_) ? 1U << c : 0U;
    dut_->rsp_ready_i = static_cast<CData>(ready);
    dut_->halt_i = halt_;
  }

  void drive_memory() {
    dut_->m_axi_arready_i = random_.chance(memory_percent_);
    if (!r_held_ && !bursts_.empty() && random_.chance(memory_percent_)) r_held_ = true;
    dut_->m_axi_rvalid_i = r_held_;
    if (r_held_) {
      const auto data = bytes_at(bursts_.front().address, kBytes);
      put(dut_->m_axi_rdata_i, data.data(), kBytes);
      dut_->m_axi_rresp_i = error_after_ && *error_after_ == 0 ? 2 : 0;
    }
  }

  void observe() {
    for (unsigned c = 0; c < 3; ++c) {
      if (((dut_->req_valid_i & dut_->req_ready_o) >> c) & 1U) {
        for (std::uint32_t i = 0; i < request_[c]->beats; ++i) {
          expected_[c].push_back(request_[c]->address + i * kBytes);
          order_.push_back(static_cast<int>(c));
        }
        request_[c].reset();
      }
    }
    observe_address();
    observe_data();
  }

  void observe_address() {
    if (ar_held_) {  // AXI: valid and payload stay until taken
      ASSERT_TRUE(dut_->m_axi_arvalid_o);
      ASSERT_EQ(dut_->m_axi_araddr_o, ar_->address);
      ASSERT_EQ(dut_->m_axi_arlen_o + 1U, ar_->beats);
    }
    ar_held_ = dut_->m_axi_arvalid_o && !dut_->m_axi_arready_i;
    if (!dut_->m_axi_arvalid_o) return;
    ar_ = Request{dut_->m_axi_araddr_o, dut_->m_axi_arlen_o + 1U};
    ASSERT_LE(ar_->beats, kMaxBurst);
    ASSERT_EQ(ar_->address % kBytes, 0U);
    ASSERT_EQ(ar_->address / 4096, (ar_->address + ar_->beats * kBytes - 1) / 4096);
    if (!ar_held_) bursts_.push_back(*ar_);
  }

  void observe_data() {
    if (dut_->error_valid_o) {
      ++errors_;
      error_client_ = dut_->error_client_o;
    }
    for (unsigned c = 0; c < 3; ++c) {
      if (!(((dut_->rsp_valid_o & dut_->rsp_ready_i) >> c) & 1U)) continue;
      ++beats_to_clients_;
      ASSERT_FALSE(expected_[c].empty());
      std::vector<std::uint8_t> data(kBytes);
      get(dut_->rsp_data_o, data.data(), kBytes);
      ASSERT_EQ(data, bytes_at(expected_[c].front(), kBytes)) << "client " << c;
      expected_[c].pop_front();
    }
    if (!(dut_->m_axi_rvalid_i && dut_->m_axi_rready_o)) return;
    ++beats_;
    if (error_after_) --*error_after_;
    r_held_ = false;
    Request& burst = bursts_.front();
    burst.address += kBytes;
    if (--burst.beats == 0) bursts_.pop_front();
  }

  template <typename Port>
  static void put_slice(Port* port, std::size_t offset, const void* bytes, std::size_t size) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(port) + offset, bytes, size);
  }

 public:
  std::array<std::deque<std::uint64_t>, 3> expected_;

 private:
  std::array<std::optional<Request>, 3> request_;
  std::deque<Request> bursts_;
  std::deque<int> order_;
  std::optional<Request> ar_;
  bool ar_held_ = false;
  bool r_held_ = false;
};

TEST(AxiRead, RandomClientsAndStalls) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    ReadBench bench(seed);
    bench.memory_percent_ = 30 + 20 * seed;
    bench.ready_percent_ = 110 - 20 * seed;
    bench.request_budget_ = 200;
    for (int i = 0; i < 60000 && !::testing::Test::HasFatalFailure(); ++i) {
      bench.cycle();
    }
    EXPECT_EQ(bench.request_budget_, 0);
    for (const auto& left : bench.expected_) EXPECT_TRUE(left.empty());
    EXPECT_EQ(bench.beats_, bench.beats_to_clients_);
    EXPECT_TRUE(bench.dut_->idle_o);
  }
}

TEST(AxiRead, ErrorDrainsWhatIsOutstanding) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    ReadBench bench(seed);
    bench.request_budget_ = 1000;
    bench.error_after_ = static_cast<int>(seed * 3);
    for (int i = 0; i < 3000; ++i) bench.cycle();
    EXPECT_EQ(bench.errors_, 1);
    EXPECT_GE(bench.error_client_, 0);
    EXPECT_EQ(bench.beats_to_clients_, static_cast<int>(seed * 3));
    EXPECT_TRUE(bench.drained());
    EXPECT_TRUE(bench.dut_->idle_o);
    EXPECT_FALSE(bench.dut_->m_axi_arvalid_o);
  }
}

TEST(AxiRead, HaltDrainsAndStops) {
  ReadBench bench(9);
  bench.request_budget_ = 1000;
  for (int i = 0; i < 500; ++i) bench.cycle();
  bench.halt_ = true;
  bench.ready_percent_ = 0;  // clients that take nothing cannot hold the bus
  for (int i = 0; i < 2000; ++i) bench.cycle();
  EXPECT_TRUE(bench.drained());
  EXPECT_TRUE(bench.dut_->idle_o);
  EXPECT_EQ(bench.errors_, 0);
}

TEST(AxiRead, FullSpeedWithoutStalls) {
  ReadBench bench(3);
  bench.request_budget_ = 100000;
  bench.memory_percent_ = 100;
  bench.ready_percent_ = 100;
  for (int i = 0; i < 4000; ++i) bench.cycle();
  EXPECT_GT(bench.beats_, 3200);
}

}  // namespace
}  // namespace bat::bench
