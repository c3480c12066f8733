// SPDX-License-Identifier: Apache-2.0
// The read port: three clients, bursts, and the memory behind it (rtl/axi_read.sv,
// sim/axi/memory.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "rtl_gen/estimate/machine.hpp"

namespace bat::cycle_model {

/// Takes the beats of its requests in order.
class ReadClient {
 public:
  virtual ~ReadClient() = default;
  /// A beat can be taken at edge `valid` or later; returns the edge at which it is.
  virtual Time take(Time valid) = 0;
};

struct MemoryTiming {
  int latency = 20;          ///< cycles from the address to the first beat
  int bandwidth = 100;       ///< percent of cycles that can carry a beat
  int max_outstanding = 64;  ///< bursts that the memory accepts
};

class MemoryPort {
 public:
  static constexpr int kFetch = 0;
  static constexpr int kDma = 1;
  static constexpr int kRow = 2;

  MemoryPort(Machine& machine, const MemoryTiming& timing);

  void connect(int client, ReadClient& reader) { clients_[index(client)].reader = &reader; }
  /// The client asks from this edge on; wait for `accepted(client)` while `pending(client)`.
  void request(int client, std::uint64_t address, int beats);
  bool pending(int client) const { return clients_[index(client)].asks; }
  Signal& accepted(int client) { return clients_[index(client)].accepted; }
  /// A beat is offered to the memory in the cycle before this edge; wait for `written()` while
  /// `writing()`. It is handed over at the edge behind. Reads go first.
  void write();
  bool writing() const { return writing_; }
  Signal& written() { return written_; }
  /// Beats taken so far.
  std::int64_t beats() const { return beats_; }

 private:
  struct Client {
    explicit Client(Kernel& kernel) : accepted(kernel) {}
    ReadClient* reader = nullptr;
    bool asks = false;
    std::uint64_t ask_address = 0;
    int ask_beats = 0;
    bool valid = false;  ///< a request is cut into bursts
    std::uint64_t address = 0;
    int left = 0;
    Signal accepted;
  };
  struct Burst {
    int client = 0;
    int beats = 0;
    Time due = 0;
  };
  static std::size_t index(int client) { return static_cast<std::size_t>(client); }

  void poke(Time time);
  void edge(std::int64_t);
  bool hand_over();
  bool issue();
  bool accept();
  void serve(std::int64_t);
  Time drive(Time earliest);
  Time credit_edge(Time earliest) const;
  void spend(Time edge);
  bool write_before(Time limit);
  void write_when_idle(std::int64_t);
  void tell_written(std::int64_t);
  void pop_tag(std::int64_t);
  void pop_read(std::int64_t);

  Machine& m_;
  Kernel& kernel_;
  MemoryTiming timing_;
  std::array<Client, 3> clients_;
  Time poked_ = -1;  ///< edge for which `edge` is scheduled
  // AR channel.
  bool ar_valid_ = false;
  Burst ar_;
  int tags_ = 0;
  // Memory.
  std::deque<Burst> bursts_;
  int reads_ = 0;
  bool serving_ = false;
  Time last_take_ = 0;
  Time credit_edge_ = 0;
  Time credit_ = 0;
  bool writing_ = false;
  Time write_from_ = 0;
  Signal written_;
  std::int64_t beats_ = 0;
};

}  // namespace bat::cycle_model
