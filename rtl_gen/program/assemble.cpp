// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rtl_gen/program/disassemble.hpp"
#include "rtl_gen/program/hazards.hpp"

namespace bat {
namespace {

constexpr int kNumRings = 4;
constexpr int kMaxDistance = isa::kWaitNone - 1;

constexpr std::array kWaitFields{isa::kWaitDma, isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx,
                                 isa::kWaitSto};

std::size_t index(int i) { return static_cast<std::size_t>(i); }

class Assembler {
 public:
  Assembler(const Plan& plan, Schedule schedule)
      : s_(std::move(schedule)), hazards_(plan), position_(s_.loads.size(), -1) {
    rings_[index_of(isa::Ring::kW)].depth = plan.w_ring_words;
    rings_[index_of(isa::Ring::kT)].depth = plan.t_ring_words;
    rings_[index_of(isa::Ring::kP)].depth = plan.p_ring_words;
    rings_[index_of(isa::Ring::kL)].depth = plan.l_ring_words;
  }

  Result<Assembled> run() {
    queue_loads();
    for (Op& op : s_.ops) {
      place_loads();
      for (const RingUse& use : op.rings) {
        if (!use_ring(op, use)) return Error{std::move(message_)};
      }
      emit(op.instruction, hazards_.add(op, count(op.instruction)), std::move(op.checks));
      for (const RingUse& use : op.rings) {
        if (use.last) ring_of(use).freed += use.words;
      }
    }
    return std::move(out_);
  }

 private:
  struct Ring {
    int depth = 0;
    std::int64_t loaded = 0;
    std::int64_t freed = 0;
    std::vector<int> queue;  ///< loads in the order of first use
    std::size_t next = 0;
  };

  static std::size_t index_of(isa::Ring ring) { return static_cast<std::size_t>(ring); }
  Ring& ring_of(const RingUse& use) { return rings_[index_of(s_.loads[index(use.load)].ring)]; }

  /// Loads enter the queue of their ring in the order of first use.
  void queue_loads() {
    std::vector<bool> seen(s_.loads.size(), false);
    for (const Op& op : s_.ops) {
      for (const RingUse& use : op.rings) {
        if (seen[index(use.load)]) continue;
        seen[index(use.load)] = true;
        first_use_.push_back(use.load);
        ring_of(use).queue.push_back(use.load);
      }
    }
    order_.assign(s_.loads.size(), 0);
    for (std::size_t i = 0; i < first_use_.size(); ++i) order_[index(first_use_[i])] = i;
  }

  /// Emits every load that has room, the one needed first before the others.
  void place_loads() {
    for (;;) {
      Ring* best = nullptr;
      for (Ring& ring : rings_) {
        if (!has_room(ring)) continue;
        if (best == nullptr || order_[index(head(ring))] < order_[index(head(*best))]) {
          best = &ring;
        }
      }
      if (best == nullptr) return;
      emit_load(*best);
    }
  }

  static int head(const Ring& ring) { return ring.queue[ring.next]; }

  bool has_room(const Ring& ring) const {
    if (ring.next == ring.queue.size()) return false;
    const Span& span = s_.loads[index(head(ring))];
    return ring.loaded + span.words - ring.freed <= ring.depth;
  }

  void emit_load(Ring& ring) {
    const int load = head(ring);
    const Span& span = s_.loads[index(load)];
    isa::Instruction i;
    i.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kLoad));
    i.set(isa::kLoadDest, static_cast<std::uint64_t>(span.ring));
    i.set(isa::kLoadBeats, span.beats);
    i.set(isa::kLoadAddr, span.beat);
    i.set(isa::kLoadWords, span.words);
    emit(i, {}, {});
    position_[index(load)] = ring.loaded;
    ring.loaded += span.words;
    ++ring.next;
  }

  bool use_ring(Op& op, const RingUse& use) {
    const Span& span = s_.loads[index(use.load)];
    const Ring& ring = ring_of(use);
    if (position_[index(use.load)] < 0) {
      message_ = fmt::format(
          "program: the {} ring has {} words, {} of them in use when {} more are needed by {}; a "
          "ring of {} words is enough here",
          isa::to_string(span.ring), ring.depth, ring.loaded - ring.freed, span.words,
          isa::to_string(op.instruction), ring.loaded - ring.freed + span.words);
      return false;
    }
    const std::int64_t offset = position_[index(use.load)] + use.offset - ring.freed;
    if (offset < 0 || (use.last && offset != 0)) {
      message_ = fmt::format("program: {} frees words of the {} ring out of order",
                             isa::to_string(op.instruction), isa::to_string(span.ring));
      return false;
    }
    set_ring_fields(op.instruction, span.ring, offset, use.last);
    return true;
  }

  static void set_ring_fields(isa::Instruction& i, isa::Ring ring, std::int64_t offset, bool last) {
    const auto place = [&](const isa::Field& at, const isa::Field& free) {
      i.set(at, static_cast<std::uint64_t>(offset));
      i.set(free, last ? 1 : 0);
    };
    if (ring == isa::Ring::kW) {
      place(isa::kQmmBBase, isa::kQmmWFree);
    } else if (ring == isa::Ring::kL) {
      place(isa::kLnLOff, isa::kLnLFree);
    } else {
      place(isa::kQmmTOff, isa::kQmmTFree);
    }
  }

  int count(const isa::Instruction& i) const {
    return counts_[static_cast<std::size_t>(isa::unit_of(i.op()))];
  }

  void emit(isa::Instruction i, const Dependences& deps, std::vector<TensorCheck> checks) {
    for (std::size_t unit = 0; unit < kWaitFields.size(); ++unit) {
      const int last = deps.last(static_cast<isa::Unit>(unit));
      const int distance = counts_[unit] - 1 - last;
      i.set(kWaitFields[unit], last == Dependences::kNone
                                   ? isa::kWaitNone
                                   : static_cast<std::uint64_t>(std::min(distance, kMaxDistance)));
    }
    ++counts_[static_cast<std::size_t>(isa::unit_of(i.op()))];
    out_.instructions.push_back(i);
    out_.checks.push_back(std::move(checks));
  }

  Schedule s_;
  HazardTracker hazards_;
  std::array<Ring, kNumRings> rings_;
  std::vector<std::int64_t> position_;  ///< first ring word of each load, -1 before it is placed
  std::vector<int> first_use_;
  std::vector<std::size_t> order_;
  std::array<int, isa::kNumUnits> counts_{};
  Assembled out_;
  std::string message_;
};

}  // namespace

Result<Assembled> assemble(const Plan& plan, Schedule schedule) {
  return Assembler(plan, std::move(schedule)).run();
}

}  // namespace bat
