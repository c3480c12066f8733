// SPDX-License-Identifier: Apache-2.0
// Protocol checkers for AXI4 and AXI4-Lite. They look at both sides of a port at every rising edge
// and note each broken rule with its cycle and signal.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/axi/bus.hpp"

namespace bat::sim {

struct Violation {
  std::uint64_t cycle = 0;
  std::string signal;
  std::string rule;

  std::string text() const;
};

/// Keeps the first 32 violations; later ones are consequences more often than not.
class ViolationLog {
 public:
  void add(std::uint64_t cycle, const char* signal, std::string rule);
  const std::vector<Violation>& list() const { return list_; }

 private:
  std::vector<Violation> list_;
};

/// AXI4 rules: payload stable while valid waits, size and burst legal, no 4 KiB crossing, LAST on
/// the last beat and only there, strobes inside the lanes of the beat, no response without a
/// request, data of a write not more than 16 beats ahead of its address.
class AxiChecker {
 public:
  explicit AxiChecker(int bus_bytes) : bus_bytes_(bus_bytes) {}

  void step(const AxiMaster& m, const AxiSlave& s);
  /// Call where nothing may be in flight (all jobs done).
  void expect_idle();
  void reset();
  const std::vector<Violation>& violations() const { return log_.list(); }

 private:
  struct WriteBurst {
    AxiAddress address;
    int beat = 0;
  };
  struct WriteBeat {
    BusStrobe strobe;
    bool last;
  };

  void check_stable(const AxiMaster& m, const AxiSlave& s);
  void check_address(const char* signal, const AxiAddress& a);
  void check_reads(const AxiMaster& m, const AxiSlave& s);
  void check_writes(const AxiMaster& m, const AxiSlave& s);
  void match_write_beats();
  void check_beat(const WriteBurst& burst, const WriteBeat& beat);
  bool same_data(const BusData& a, const BusData& b) const;
  void note(const char* signal, std::string rule) { log_.add(cycle_, signal, std::move(rule)); }

  int bus_bytes_;
  std::uint64_t cycle_ = 0;
  bool have_last_ = false;
  AxiMaster last_m_;
  AxiSlave last_s_;
  std::deque<AxiAddress> reads_;
  int read_beat_ = 0;
  std::deque<WriteBurst> writes_;
  std::deque<WriteBeat> beats_;
  int responses_due_ = 0;
  ViolationLog log_;
};

/// AXI4-Lite rules: payload stable while valid waits, one response a request, none without one.
class LiteChecker {
 public:
  void step(const LiteMaster& m, const LiteSlave& s);
  void reset();
  const std::vector<Violation>& violations() const { return log_.list(); }

 private:
  void check_slave(const LiteMaster& m, const LiteSlave& s);
  void check_master(const LiteMaster& m);
  void note(const char* signal, std::string rule) { log_.add(cycle_, signal, std::move(rule)); }

  std::uint64_t cycle_ = 0;
  bool have_last_ = false;
  LiteMaster last_m_;
  LiteSlave last_s_;
  int addresses_ = 0;
  int data_ = 0;
  int reads_ = 0;
  ViolationLog log_;
};

}  // namespace bat::sim
