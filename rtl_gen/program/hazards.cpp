// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/hazards.hpp"

#include <algorithm>

namespace bat {
namespace {

isa::Out out_of(const Op& op) { return static_cast<isa::Out>(op.instruction.get(isa::kQmmOut)); }

}  // namespace

void Dependences::require(isa::Unit unit, int index) {
  int& last = last_[static_cast<std::size_t>(unit)];
  last = std::max(last, index);
}

HazardTracker::HazardTracker(const Plan& plan) {
  constexpr std::int32_t none = Dependences::kNone;
  constexpr std::int32_t before = Dependences::kBefore;
  const auto init = [&](Store store, int count, std::initializer_list<Agent> writers,
                        std::initializer_list<Agent> readers) {
    Word word;
    word.write.fill(none);
    word.read.fill(none);
    for (const Agent a : writers) word.write[a] = before;
    for (const Agent a : readers) word.read[a] = before;
    words(store).assign(static_cast<std::size_t>(count), word);
  };
  init(Store::kAct, plan.act_words, {kIssue, kDrain, kSmx}, {kIssue});
  init(Store::kXb, plan.xb_words, {kRow}, {kIssue});
  // Every program ends its use of these with a LayerNorm that has waited for the products before
  // it: waiting for ROW is enough, and the next embedding overlaps pooler and classifier.
  init(Store::kRes, 2 * plan.res_bank_words, {kRow}, {kRow});
  init(Store::kStat, plan.row_tiles, {kRow}, {kRow});
  for (int w = plan.xb_codes; w < plan.xb_words; ++w) {
    words(Store::kXb)[static_cast<std::size_t>(w)].read.fill(none);
  }
  init(Store::kScore, plan.score_slots * plan.score_words, {kDrain}, {kSmx});
  init(Store::kK, plan.k_words, {kIssue, kDrain}, {kIssue});
  init(Store::kV, plan.v_words, {kIssue, kDrain}, {kIssue});
  init(Store::kZ, plan.z_words, {kIssue, kDrain}, {kIssue, kDrain});
  init(Store::kLogit, plan.logit_words, {kDrain}, {kSto});
}

isa::Unit HazardTracker::unit(Agent agent) {
  switch (agent) {
    case kIssue:
    case kDrain:
      return isa::Unit::kQmm;
    case kRow:
      return isa::Unit::kRow;
    case kSmx:
      return isa::Unit::kSmx;
    default:
      return isa::Unit::kSto;
  }
}

HazardTracker::Agent HazardTracker::writer(const Op& op) {
  switch (isa::unit_of(op.instruction.op())) {
    case isa::Unit::kQmm:
      return out_of(op) == isa::Out::kBit ? kIssue : kDrain;
    case isa::Unit::kRow:
      return kRow;
    case isa::Unit::kSmx:
      return kSmx;
    default:
      return kSto;
  }
}

HazardTracker::Agent HazardTracker::reader(const Op& op, Store store) {
  const Agent agent = writer(op);
  // Operands are read as tiles issue, whatever leaves the array; the drain reads only RES and Z.
  return agent == kDrain && store != Store::kRes && store != Store::kZ ? kIssue : agent;
}

bool HazardTracker::ordered(Store store, Agent first, bool first_writes, Agent second,
                            bool second_writes) {
  switch (unit(second)) {
    case isa::Unit::kRow:
      return false;  // pipelines overlap
    case isa::Unit::kQmm:
      if (first_writes && second_writes) return first == second || second == kDrain;
      if (store == Store::kZ) return false;  // read by preload and drain, off the issue order
      // Reads at issue come before later writes; the drain works tile after tile.
      return first_writes ? first == kDrain && second == kDrain : true;
    default:
      return true;  // one instruction at a time
  }
}

void HazardTracker::depend(Dependences& deps, Store store, Agent agent, bool writes,
                           const Word& word) const {
  for (int a = 0; a < kAgents; ++a) {
    const auto other = static_cast<Agent>(a);
    const bool same = unit(other) == unit(agent);
    if (!same || !ordered(store, other, true, agent, writes)) {
      deps.require(unit(other), word.write[static_cast<std::size_t>(a)]);
    }
    if (writes && (!same || !ordered(store, other, false, agent, true))) {
      deps.require(unit(other), word.read[static_cast<std::size_t>(a)]);
    }
  }
}

Dependences HazardTracker::add(const Op& op, int index) {
  Dependences deps;
  const auto each = [&](const std::vector<Access>& list, auto action) {
    for (const Access& access : list) {
      for (int w = access.begin; w < access.end; ++w) {
        action(access.store, words(access.store)[static_cast<std::size_t>(w)]);
      }
    }
  };
  const Agent write = writer(op);
  each(op.reads, [&](Store s, Word& w) { depend(deps, s, reader(op, s), false, w); });
  each(op.writes, [&](Store s, Word& w) { depend(deps, s, write, true, w); });
  each(op.reads, [&](Store s, Word& w) { w.read[reader(op, s)] = index; });
  each(op.writes, [&](Store, Word& w) { w.write[write] = index; });
  return deps;
}

}  // namespace bat
