// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
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
  Assembler(const Plan& plan, Schedule schedule, Parameters parameters)
      : s_(std::move(schedule)),
        parameters_(parameters),
        hazards_(plan),
        position_(s_.loads.size(), -1) {
    rings_[index_of(isa::Ring::kW)].depth = plan.w_ring_words;
    rings_[index_of(isa::Ring::kT)].depth = plan.t_ring_words;
    rings_[index_of(isa::Ring::kP)].depth = plan.p_ring_words;
    rings_[index_of(isa::Ring::kL)].depth = plan.l_ring_words;
    for (const isa::Ring ring : {isa::Ring::kT, isa::Ring::kP, isa::Ring::kL}) {
      rings_[index_of(ring)].resident = plan.resident;
    }
  }

  Result<Assembled> run() {
    queue_loads();
    for (Op& op : s_.ops) {
      place_loads();
      place_needed(op);
      Dependences deps = hazards_.add(op, count(op.instruction));
      for (const RingUse& use : op.rings) {
        if (!use_ring(op, use, deps)) return Error{std::move(message_)};
      }
      emit(op.instruction, deps, std::move(op.checks));
      for (const RingUse& use : op.rings) free_words(use);
    }
    if (!all_freed()) return Error{std::move(message_)};
    return std::move(out_);
  }

 private:
  struct Ring {
    int depth = 0;
    bool resident = false;  ///< words keep their place, nothing is freed
    int restart = -1;       ///< LOAD that gave up what was there before; a user must have waited
    bool waited = false;
    std::int64_t loaded = 0;
    std::int64_t freed = 0;
    std::map<std::int64_t, std::int64_t> finished;  ///< words [first, second) that wait to be freed
    std::vector<int> queue;                         ///< loads in the order of first use
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
    for (Ring& ring : rings_) {
      if (ring.resident) place_resident(ring);
    }
    order_.assign(s_.loads.size(), 0);
    for (std::size_t i = 0; i < first_use_.size(); ++i) order_[index(first_use_[i])] = i;
  }

  /// Words have the places that the image gives them; they are loaded in that order.
  void place_resident(Ring& ring) {
    const auto first = [&](int load) { return s_.loads[index(load)].first; };
    std::sort(ring.queue.begin(), ring.queue.end(),
              [&](int a, int b) { return first(a) < first(b); });
    if (parameters_ == Parameters::kLoad) return;
    for (const int load : ring.queue) position_[index(load)] = first(load);
    ring.queue.clear();
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

  /// Loads that stay on chip come a little ahead of their use: in the order of the image, which is
  /// not quite that of their use.
  void place_needed(const Op& op) {
    for (const RingUse& use : op.rings) {
      Ring& ring = ring_of(use);
      while (ring.resident && position_[index(use.load)] < 0) emit_load(ring);
    }
  }

  static int head(const Ring& ring) { return ring.queue[ring.next]; }

  /// Words that stay on chip have room, but are loaded only some way (about two layers of twelve)
  /// ahead of their use, so that neither they nor the queue of LOADs hold up the weights.
  bool has_room(const Ring& ring) const {
    if (ring.next == ring.queue.size()) return false;
    const Span& span = s_.loads[index(head(ring))];
    const int depth = ring.resident ? ring.depth * 3 / 16 : ring.depth;
    return ring.loaded + span.words - ring.freed <= depth;
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
    Dependences deps;
    if (ring.resident && ring.next == 0) {
      i.set(isa::kLoadRestart, 1);
      deps.require(isa::Unit::kQmm, Dependences::kBefore);
      deps.require(isa::Unit::kRow, Dependences::kBefore);
      ring.restart = count(i);
    }
    emit(i, deps, {});
    position_[index(load)] = ring.loaded;
    ring.loaded += span.words;
    ++ring.next;
  }

  bool use_ring(Op& op, const RingUse& use, Dependences& deps) {
    const Span& span = s_.loads[index(use.load)];
    Ring& ring = ring_of(use);
    if (position_[index(use.load)] < 0) {
      message_ = fmt::format(
          "program: the {} ring has {} words, {} of them in use when {} more are needed by {}; a "
          "ring of {} words is enough here",
          isa::to_string(span.ring), ring.depth, ring.loaded - ring.freed, span.words,
          isa::to_string(op.instruction), ring.loaded - ring.freed + span.words);
      return false;
    }
    if (ring.resident) {
      if (ring.restart >= 0 && !ring.waited) deps.require(isa::Unit::kDma, ring.restart);
      ring.waited = true;
      set_ring_fields(op.instruction, span.ring, begin_of(use), false);
      return true;
    }
    const std::int64_t offset = begin_of(use) - ring.freed;
    const bool in_order = span.ring == isa::Ring::kW || span.ring == isa::Ring::kL;
    if (offset < 0 || (in_order && use.last && offset != 0)) {
      message_ = fmt::format("program: {} frees words of the {} ring out of order",
                             isa::to_string(op.instruction), isa::to_string(span.ring));
      return false;
    }
    if (use.last && use.words > 0) {
      ring_of(use).finished.emplace(begin_of(use), begin_of(use) + use.words);
    }
    set_ring_fields(op.instruction, span.ring, offset, freed_by(use) > 0);
    return true;
  }

  std::int64_t begin_of(const RingUse& use) const {
    return position_[index(use.load)] + use.offset;
  }

  /// Words that the last user of `use` frees: up to the end of its own, once nobody uses those
  /// before them. Otherwise a later operation frees them with its own.
  std::int64_t freed_by(const RingUse& use) {
    const Ring& ring = ring_of(use);
    const std::int64_t end = begin_of(use) + use.words;
    if (!use.last) return 0;
    std::int64_t reach = ring.freed;
    for (auto it = ring.finished.find(reach); it != ring.finished.end() && reach < end;
         it = ring.finished.find(reach)) {
      reach = it->second;
    }
    return reach == end ? end - ring.freed : 0;
  }

  void free_words(const RingUse& use) {
    Ring& ring = ring_of(use);
    if (ring.resident) {
      ring.freed = std::max(ring.freed, begin_of(use) + use.words);  // for the pace of loads only
      return;
    }
    ring.freed += freed_by(use);
    ring.finished.erase(ring.finished.begin(), ring.finished.lower_bound(ring.freed));
  }

  /// The next program counts from empty rings.
  bool all_freed() {
    for (const Ring& ring : rings_) {
      if (ring.resident || ring.freed == ring.loaded) continue;
      message_ =
          fmt::format("program: {} words of a ring are never freed", ring.loaded - ring.freed);
      return false;
    }
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
  Parameters parameters_;
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

Result<Assembled> assemble(const Plan& plan, Schedule schedule, Parameters parameters) {
  return Assembler(plan, std::move(schedule), parameters).run();
}

}  // namespace bat
