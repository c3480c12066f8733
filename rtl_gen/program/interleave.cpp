// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/interleave.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace bat::schedule {
namespace {

using Time = std::int64_t;

/// From the last step of a tile to its use, by the engine or by another unit (docs/architecture.md,
/// section 10, and a few cycles for completion and start).
constexpr Time kTileDelay = 12;
/// Of softmax: from the first pass to the second; added to both passes where they follow each
/// other.
constexpr Time kDivision = 29;
constexpr Time kBetweenPasses = 10;

int field(const Op& op, const isa::Field& f) { return static_cast<int>(op.instruction.get(f)); }

bool is_product(const Op& op) { return op.instruction.op() == isa::Op::kQmm; }

class Merger {
 public:
  Merger(const Plan& plan, std::vector<HeadWork> heads, std::vector<Beside> beside)
      : plan_(plan),
        heads_(std::move(heads)),
        beside_(std::move(beside)),
        slot_free_(static_cast<std::size_t>(plan.score_slots)) {}

  std::vector<Op> run() {
    while (contexts_ < heads_.size() || next_ < beside_.size()) {
      if (context_ready()) {
        advance_context();
      } else if (!advance_scores(now_ + patience()) && !advance_beside()) {
        wait();
      }
    }
    return std::move(out_);
  }

 private:
  // --- Contexts.
  bool context_may_begin() const {
    return contexts_ < softmaxed_.size() && next_ >= heads_[contexts_].context_after;
  }
  bool context_ready() const { return context_may_begin() && softmaxed_[contexts_] <= now_; }

  void advance_context() {
    now_ = std::max(now_, softmaxed_[contexts_]);
    product(std::move(heads_[contexts_].context));
    ++contexts_;
  }

  /// Nothing can be done now: whatever can be done first.
  void wait() {
    const Time until =
        context_may_begin() ? softmaxed_[contexts_] : std::numeric_limits<Time>::max();
    if (!advance_scores(until)) advance_context();
  }

  // --- Scores.
  bool scores_may_begin() const {
    const std::size_t head = softmaxed_.size();
    return head < heads_.size() && next_ >= heads_[head].scores_after &&
           head < contexts_ + static_cast<std::size_t>(plan_.prob_slots);
  }

  /// Where softmax would run dry if another operation came first, it is worth waiting for the
  /// drain.
  Time patience() const {
    if (!scores_may_begin()) return 0;
    const auto left = static_cast<Time>(heads_[softmaxed_.size()].scores.size() - score_tile_);
    const Time other = next_ < beside_.size() ? duration(beside_[next_].op) : 0;
    const Time end = now_ + other + left * drain_beats() + kTileDelay;
    return softmax_free_ <= end ? drain_beats() : 0;
  }

  std::size_t slot(std::size_t head) const { return head % slot_free_.size(); }
  Time drain_beats() const { return plan_.cols / plan_.lanes; }

  /// The next score tile, if it need not wait beyond `until`.
  bool advance_scores(Time until) {
    if (!scores_may_begin()) return false;
    const std::size_t head = softmaxed_.size();
    Time start = std::max(now_, drained_);
    if (score_tile_ == 0) {
      start = std::max({start, slot_free_[slot(head)], operands_});
    }
    if (start > until) return false;
    now_ = start;
    HeadWork& work = heads_[head];
    product(std::move(work.scores[score_tile_]));
    if (++score_tile_ == work.scores.size()) softmax(work);
    return true;
  }

  void softmax(HeadWork& work) {
    const Time first = ceil_div(field(work.softmax, isa::kSmxN), plan_.lanes);
    const Time beats = plan_.depth / plan_.lanes;
    const Time words = plan_.kwords(field(work.softmax, isa::kSmxN));
    const Time second =
        (words - 1) * std::max<Time>(beats, field(work.softmax, isa::kSmxOb)) + beats;
    const Time begin = std::max(drained_ + kTileDelay, softmax_free_);
    const Time end = begin + first + kDivision + second + plan_.max_bits;
    slot_free_[slot(softmaxed_.size())] = end;
    softmax_free_ = begin + std::max(first + kDivision, first + second + kBetweenPasses);
    softmaxed_.push_back(end + kTileDelay);
    score_tile_ = 0;
    out_.push_back(std::move(work.softmax));
  }

  // --- The other stream.
  bool advance_beside() {
    if (next_ == beside_.size() || beside_[next_].contexts > contexts_) return false;
    Op op = std::move(beside_[next_++].op);
    is_product(op) ? product(std::move(op)) : out_.push_back(std::move(op));
    // Heads that wait for this operation find its results in memory a little later.
    if (softmaxed_.size() < heads_.size() && next_ == heads_[softmaxed_.size()].scores_after) {
      operands_ = now_ + kTileDelay;
    }
    return true;
  }

  static bool wide(const Op& op) {
    return static_cast<isa::Out>(field(op, isa::kQmmOut)) != isa::Out::kBit;
  }

  /// Cycles of the engine: steps, or the drain of all tiles but the last.
  Time duration(const Op& op) const {
    if (!is_product(op)) return 0;
    const Time steps = Time{field(op, isa::kQmmPa)} * field(op, isa::kQmmPb) *
                       field(op, isa::kQmmKw) * field(op, isa::kQmmBr);
    const Time more_tiles = field(op, isa::kQmmNct) - 1;
    return steps + more_tiles * std::max(steps, wide(op) ? drain_beats() : 0);
  }

  void product(Op op) {
    now_ += duration(op);
    if (wide(op)) drained_ = std::max(drained_, now_) + drain_beats();
    out_.push_back(std::move(op));
  }

  const Plan& plan_;
  std::vector<HeadWork> heads_;
  std::vector<Beside> beside_;
  std::vector<Op> out_;
  std::size_t next_ = 0;         ///< of the other stream
  std::size_t score_tile_ = 0;   ///< of head softmaxed_.size()
  std::size_t contexts_ = 0;     ///< done
  std::vector<Time> softmaxed_;  ///< by head: its probabilities may be read
  std::vector<Time> slot_free_;  ///< by score slot
  Time softmax_free_ = 0;
  Time operands_ = 0;  ///< the next head's queries and keys may be read
  Time drained_ = 0;
  Time now_ = 0;  ///< the engine's next step
};

}  // namespace

std::vector<Op> interleave(const Plan& plan, std::vector<HeadWork> heads,
                           std::vector<Beside> beside) {
  return Merger(plan, std::move(heads), std::move(beside)).run();
}

}  // namespace bat::schedule
