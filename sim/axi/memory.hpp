// SPDX-License-Identifier: Apache-2.0
// AXI4 memory model: one read and one write stream in order, with latency, bandwidth, stalls and
// injected errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sim/axi/bus.hpp"
#include "sim/axi/stall.hpp"

namespace bat::sim {

/// One-shot error: the response `resp` on burst number `burst` (0 = the next one accepted).
struct AxiFault {
  std::int64_t burst = -1;  ///< bursts to let pass first; negative: no fault
  int beat = 0;             ///< beat of a read burst that carries it
  AxiResponse resp = AxiResponse::kSlvErr;
};

struct AxiMemoryOptions {
  int bus_bytes = 8;        ///< power of two, 4 .. 128
  int latency = 20;         ///< cycles from AR to the first beat, from the last W to B; >= 1
  int bandwidth = 100;      ///< percent of cycles that can carry a beat, 1 .. 100
  int max_outstanding = 8;  ///< bursts accepted ahead, each direction
  StallMode stall = StallMode::kNone;
  std::uint64_t seed = 1;
};

class AxiMemory {
 public:
  explicit AxiMemory(const AxiMemoryOptions& options);

  /// The bytes at addresses 0 .. size-1. Accesses beyond answer DECERR.
  std::vector<std::uint8_t>& bytes() { return bytes_; }

  /// Signals for the coming edge.
  const AxiSlave& out() const { return out_; }
  /// One rising edge with `in` sampled just before it.
  void step(const AxiMaster& in);
  /// Forgets everything in flight, as after a reset of the whole system.
  void reset();

  void fail_read(const AxiFault& fault) { read_fault_ = fault; }
  void fail_write(const AxiFault& fault) { write_fault_ = fault; }

  std::uint64_t read_beats() const { return read_beats_; }
  std::uint64_t write_beats() const { return write_beats_; }
  /// Handshakes on any channel so far; the watchdog looks at it.
  std::uint64_t handshakes() const { return handshakes_; }
  /// No burst is in flight in either direction.
  bool idle() const { return reads_.empty() && writes_.empty() && beats_.empty() && !out_.b_valid; }

 private:
  struct Read {
    AxiAddress address;
    int beat = 0;
    std::uint64_t due = 0;
    AxiFault fault;
  };
  struct Write {
    AxiAddress address;
    int beat = 0;
    bool complete = false;
    std::uint64_t due = 0;
    AxiResponse resp = AxiResponse::kOkay;
  };
  struct Beat {
    BusData data;
    BusStrobe strobe;
  };

  bool take_credit();
  std::uint64_t due();
  void accept(const AxiMaster& in);
  void apply_writes();
  void store(Write& write, const Beat& beat);
  void drive_read();
  void drive_write(const AxiMaster& in);
  void load_beat(const Read& read);

  AxiMemoryOptions options_;
  std::vector<std::uint8_t> bytes_;
  StallGenerator stall_;
  Random jitter_;
  AxiSlave out_;
  std::deque<Read> reads_;
  std::deque<Write> writes_;
  std::deque<Beat> beats_;  ///< data that came before its address
  AxiFault read_fault_;
  AxiFault write_fault_;
  std::uint64_t cycle_ = 0;
  int credit_ = 100;
  std::uint64_t read_beats_ = 0;
  std::uint64_t write_beats_ = 0;
  std::uint64_t handshakes_ = 0;
};

}  // namespace bat::sim
