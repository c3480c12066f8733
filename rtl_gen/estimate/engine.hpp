// SPDX-License-Identifier: Apache-2.0
// The QMM engine: steps tile by tile, column constants, bit tiles, order of completion
// (rtl/qmm_control.sv, rtl/qmm_steps.sv, rtl/threshold_loader.sv).
#pragma once

#include <array>
#include <deque>

#include "rtl_gen/estimate/wide_path.hpp"

namespace bat::cycle_model {

class Engine {
 public:
  explicit Engine(Machine& machine);

 private:
  /// The instruction that starts next.
  struct Next {
    bool valid = false;
    bool given = false;  ///< the constant loader has it
    Issued issued;
    Time accepted = 0;
    Time given_at = 0;
  };
  /// Where the steps are.
  struct Position {
    Time next = 0;   ///< first edge without a step
    Time lower = 0;  ///< first edge at which a step may be
  };
  struct Running {
    Issued issued;
    Time ready = kNever;  ///< done_o may be high in the cycle before
  };

  Process accept();
  Process load_constants();
  Process walk();
  bool has_room(const QmmFields& q) const;
  void charge(Execution& record, Loss loss, Time until);
  void charge_arrival(Execution& record);
  void charge_hold(Execution& record);
  void finish(const Issued& issued, Time edge);
  void release_set(int set, Time edge);
  // Register updates.
  void clear_set(std::int64_t set);
  void leave_order(std::int64_t);
  void leave_bits(std::int64_t);
  void leave_wide(std::int64_t);

  Machine& m_;
  Kernel& kernel_;
  WidePath wide_;
  int preload_stage_;
  int write_stage_;
  Next next_;
  Signal next_changed_;
  // Column constants.
  std::array<bool, 2> occupied_{};
  std::array<bool, 2> ready_{};
  std::array<Time, 2> ready_at_{};
  Signal set_free_;
  Signal set_ready_;
  std::int64_t threshold_tail_ = 0;
  // Steps.
  Time last_step_ = -1;
  Time uncharged_ = 0;  ///< first edge whose lack of a step has no reason yet
  int step_set_ = 0;
  std::int64_t weight_tail_ = 0;
  // Instructions under way.
  std::deque<Running> order_;
  Time last_done_ = -1;
  int in_order_ = 0;
  int in_bits_ = 0;
  int in_wide_ = 0;
  Signal room_changed_;
  std::deque<Time> bit_writes_;
  Process accept_process_;
  Process load_process_;
  Process walk_process_;
};

}  // namespace bat::cycle_model
