// SPDX-License-Identifier: Apache-2.0
// What the units of the cycle model share: rings, queues with waits, banks, records of what ran.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "rtl_gen/estimate/cycle_set.hpp"
#include "rtl_gen/estimate/decoded.hpp"
#include "rtl_gen/estimate/kernel.hpp"

namespace bat::cycle_model {

inline constexpr Time kNever = INT64_MAX / 4;

/// Why cycles of the engine were lost.
enum class Loss : std::uint8_t {
  kDispatch,    ///< the instruction had not been dispatched
  kDependence,  ///< it waited for an earlier instruction
  kWeights,     ///< weights had not come from memory
  kConstants,   ///< thresholds or zero counts were not loaded in time
  kDrain,       ///< the drain was busy with the tile before
  kBank,        ///< the drain waited for the ROW unit to leave the bank
  kRecords,     ///< the drain waited for scales from memory
};
inline constexpr int kNumLosses = 7;

/// One executed instruction. Cycles count from the first job's start.
struct Execution {
  Time start = 0;  ///< its unit took it; QMM: the cycle before its first possible step
  Time done = 0;
  Time busy = 0;                        ///< QMM: steps
  std::array<Time, kNumLosses> lost{};  ///< QMM: cycles without a step up to its last step
};

struct Job {
  const std::vector<Decoded>* program = nullptr;
  std::uint64_t program_address = 0;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  std::vector<Execution> ran;  ///< by instruction
  Time done = 0;               ///< its completion is counted
};

/// Cycles of a unit as its counters see them.
struct UnitCycles {
  CycleSet busy;
  CycleSet stalled;
};

/// A ring: when each word may be used, and room for the DMA.
class Ring {
 public:
  Ring(Kernel& kernel, int depth) : known(kernel), room_changed(kernel), depth_(depth) {}

  /// Edge from which word `index` may be used; wait for `known` while there is none.
  bool is_known(std::int64_t index) const {
    return index < static_cast<std::int64_t>(arrivals_.size());
  }
  Time arrival(std::int64_t index) const { return arrivals_[static_cast<std::size_t>(index)]; }
  void arrive(Time usable) {
    arrivals_.push_back(usable);
    known.notify();
  }

  /// Words that are loaded and not freed are given up.
  void restart() {
    arrivals_.resize(static_cast<std::size_t>(freed_));
    reserved_ = freed_;
  }

  int room() const { return depth_ - static_cast<int>(reserved_ - freed_); }
  void reserve(int words) { reserved_ += words; }
  void free(std::int64_t words) {
    freed_ += words;
    room_changed.notify();
  }

  Signal known;
  Signal room_changed;

 private:
  int depth_;
  std::vector<Time> arrivals_;
  std::int64_t reserved_ = 0;
  std::int64_t freed_ = 0;
};

/// An instruction on its way.
struct Issued {
  const Decoded* op = nullptr;
  Job* job = nullptr;
  int index = 0;
  bool first_row = false;                             ///< first ROW instruction of its job
  Time visible = 0;                                   ///< from this edge on the unit sees it
  std::array<std::int64_t, isa::kNumUnits> target{};  ///< completions it waits for

  Execution& record() const { return job->ran[static_cast<std::size_t>(index)]; }
};

/// Counts of completed instructions of each unit.
class Completions {
 public:
  explicit Completions(Kernel& kernel) : changed(kernel), kernel_(kernel) {}

  /// `done_o` of `unit` is high in the cycle before edge `edge`.
  void complete(isa::Unit unit, Time edge) {
    kernel_.post<&Completions::count>(edge + 1, this, static_cast<std::int64_t>(unit));
  }
  bool reached(const std::array<std::int64_t, isa::kNumUnits>& target) const {
    for (std::size_t u = 0; u < target.size(); ++u) {
      if (counts_[u] < target[u]) return false;
    }
    return true;
  }

  Signal changed;  ///< also notified by queues

 private:
  void count(std::int64_t unit) {
    ++counts_[static_cast<std::size_t>(unit)];
    changed.notify();
  }

  Kernel& kernel_;
  std::array<std::int64_t, isa::kNumUnits> counts_{};
};

/// Queue of a unit (rtl/unit_queue.sv).
class UnitQueue {
 public:
  UnitQueue(Kernel& kernel, Completions& completions, int depth)
      : space_changed(kernel), kernel_(kernel), completions_(completions), depth_(depth) {}

  bool has_space() const { return used_ < depth_; }
  void push(Issued issued) {
    ++used_;
    issued.visible = kernel_.now() + 1;
    entries_.push_back(issued);
    kernel_.post<&UnitQueue::show>(issued.visible, this);
  }
  /// The oldest instruction is visible and all that it waits for is complete. Otherwise wait for
  /// `changed()`.
  bool ready() const {
    return !entries_.empty() && entries_.front().visible <= kernel_.now() &&
           completions_.reached(entries_.front().target);
  }
  const Issued& front() const { return entries_.front(); }
  Issued pop() {
    const Issued issued = entries_.front();
    entries_.pop_front();
    kernel_.post<&UnitQueue::leave>(kernel_.now() + 1, this);
    return issued;
  }
  Signal& changed() { return completions_.changed; }

  Signal space_changed;

 private:
  void show(std::int64_t) { completions_.changed.notify(); }
  void leave(std::int64_t) {
    --used_;
    space_changed.notify();
  }

  Kernel& kernel_;
  Completions& completions_;
  int depth_;
  int used_ = 0;
  std::deque<Issued> entries_;
};

/// One RES/STAT bank (rtl/bank_arbiter.sv). The ROW unit locks it while the drain neither waits for
/// it nor has a beat in its pipeline. Two parts of the ROW unit may hold it at once.
class Bank {
 public:
  explicit Bank(Kernel& kernel) : granted(kernel), unlocked(kernel), kernel_(kernel) {}

  /// Locked for the ROW unit as its register shows: the drain must wait for `unlocked`, a part that
  /// has requested the bank has it.
  bool locked() const { return locked_; }
  /// A part of the ROW unit asks in the cycle before this edge; it waits for `granted` while the
  /// bank is not locked.
  void request() {
    ++holders_;
    arbitrate_at(kernel_.now());
  }
  /// It asks no more in the cycle before edge `edge`.
  void release(Time edge) { kernel_.post<&Bank::leave>(edge, this); }
  /// The drain waits for the bank in the cycle before this edge.
  void want() { wanted_ = true; }
  /// The drain issues its first beat at this edge; its last one leaves the pipeline after `last`.
  void drain_until(Time last) {
    busy_until_ = last;
    kernel_.post<&Bank::drop_want>(kernel_.now() + 1, this);
  }

  Signal granted;
  Signal unlocked;

 private:
  void arbitrate_at(Time time) {
    kernel_.schedule(
        time, Phase::kArbitrate,
        [](void* bank, std::int64_t) { static_cast<Bank*>(bank)->arbitrate(); }, this, 0);
  }
  void arbitrate() {
    if (locked_ && holders_ == 0) {
      locked_ = false;
      kernel_.post<&Bank::tell_unlocked>(kernel_.now() + 1, this);
    } else if (!locked_ && holders_ > 0 && !wanted_) {
      if (kernel_.now() <= busy_until_) return arbitrate_at(busy_until_ + 1);
      locked_ = true;
      kernel_.post<&Bank::tell_granted>(kernel_.now() + 1, this);
    }
  }
  void leave(std::int64_t) {
    --holders_;
    arbitrate_at(kernel_.now());
  }
  void drop_want(std::int64_t) {
    wanted_ = false;
    arbitrate_at(kernel_.now());
  }
  void tell_granted(std::int64_t) { granted.notify(); }
  void tell_unlocked(std::int64_t) { unlocked.notify(); }

  Kernel& kernel_;
  int holders_ = 0;
  bool locked_ = false;
  bool wanted_ = false;
  Time busy_until_ = -1;
};

/// State that several units see.
struct Machine {
  Machine(const Plan& plan_in, int pop_stages_in)
      : plan(plan_in),
        pop_stages(pop_stages_in),
        completions(kernel),
        rings{Ring(kernel, plan_in.w_ring_words), Ring(kernel, plan_in.t_ring_words),
              Ring(kernel, plan_in.p_ring_words), Ring(kernel, plan_in.l_ring_words)},
        queues{UnitQueue(kernel, completions, plan_in.queue_depth),
               UnitQueue(kernel, completions, plan_in.queue_depth),
               UnitQueue(kernel, completions, plan_in.queue_depth),
               UnitQueue(kernel, completions, plan_in.queue_depth),
               UnitQueue(kernel, completions, plan_in.queue_depth)},
        banks{Bank(kernel), Bank(kernel)} {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Ring& ring(isa::Ring r) { return rings[static_cast<std::size_t>(r)]; }
  UnitQueue& queue(isa::Unit u) { return queues[static_cast<std::size_t>(u)]; }
  UnitCycles& cycles(isa::Unit u) { return unit_cycles[static_cast<std::size_t>(u)]; }
  Bank& bank(int row_tile) { return banks[static_cast<std::size_t>(row_tile % 2)]; }
  /// `done_o` for `issued` is high in the cycle before edge `edge`.
  void complete(const Issued& issued, Time edge) {
    issued.record().done = edge;
    completions.complete(issued.op->unit, edge);
  }

  const Plan& plan;
  int pop_stages;
  Kernel kernel;
  Completions completions;
  std::array<Ring, kNumRings> rings;
  std::array<UnitQueue, isa::kNumUnits> queues;
  std::array<Bank, 2> banks;
  std::array<UnitCycles, isa::kNumUnits> unit_cycles;
  std::int64_t steps = 0;  ///< of the array
  std::uint64_t model_base = 0;
};

}  // namespace bat::cycle_model
