// SPDX-License-Identifier: Apache-2.0
// Wide tiles on their way from the accumulators through shadow and drain (rtl/wide_handoff.sv,
// rtl/drain_control.sv).
#pragma once

#include <deque>
#include <functional>

#include "rtl_gen/estimate/machine.hpp"

namespace bat::cycle_model {

struct WideTile {
  Issued issued;
  int tile = 0;
  bool last = false;        ///< of its instruction
  int set = -1;             ///< column constants that go with the sum; -1: none
  Time reserved = 0;        ///< last step of branch 0
  Time last_step = kNever;  ///< of its last branch, once issued
};

class WidePath {
 public:
  /// Where the path reports to: the engine.
  struct Reports {
    std::function<void(int set, Time edge)> release_set;
    std::function<void(Time edge)> instruction_left;  ///< the drain has its last tile
    std::function<void(const Issued& issued, Time edge)> finished;
    std::function<bool(Time edge)> bits_written_at;  ///< the tile writer writes a bit tile
  };

  WidePath(Machine& machine, Reports reports);

  /// The last step of branch 0 is issued at this edge.
  void reserve(const WideTile& tile);
  /// The last step of the other branch of the tile reserved last is issued at this edge.
  void second_branch_done();
  /// No further step until the reservation is granted.
  bool holds() const { return reservations_ > grants_; }
  Time granted_at() const { return granted_at_; }
  Signal granted;
  /// Why the drain was late for the tile before the one granted last.
  Time bank_wait() const { return bank_wait_; }
  Time record_wait() const { return record_wait_; }

 private:
  Process hand_off();
  Process drain();
  /// Ring word behind the records that the tile needs, and what it frees.
  std::int64_t last_record(const WideTile& tile) const;
  void free_records(const WideTile& tile, Time edge);

  Machine& m_;
  Kernel& kernel_;
  Reports reports_;
  int beats_;  ///< of a tile in the drain
  int way_;    ///< cycles from a step to its sum
  int reservations_ = 0;
  int grants_ = 0;
  Time granted_at_ = -1;
  std::deque<WideTile> reserved_;
  std::deque<WideTile> captured_;
  Signal reserved_changed_;
  Signal captured_changed_;
  // The drain.
  int drained_ = 0;            ///< tiles whose first beat is issued
  Time first_beat_ = -kNever;  ///< of the latest of them
  Signal drain_started_;
  std::int64_t record_tail_ = 0;
  Time bank_wait_ = 0;
  Time record_wait_ = 0;
  Process hand_off_process_;
  Process drain_process_;
};

}  // namespace bat::cycle_model
