// SPDX-License-Identifier: Apache-2.0
// Which earlier instructions an operation must wait for (docs/architecture.md section 4).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rtl_gen/program/schedule.hpp"

namespace bat {

/// For each unit, the index (among the program's instructions of that unit) of the last
/// instruction that must have completed; `kBefore` stands for all instructions of earlier programs.
class Dependences {
 public:
  static constexpr int kNone = -2;
  static constexpr int kBefore = -1;

  void require(isa::Unit unit, int index);
  int last(isa::Unit unit) const { return last_[static_cast<std::size_t>(unit)]; }

 private:
  std::array<int, isa::kNumUnits> last_{kNone, kNone, kNone, kNone, kNone};
};

/// Remembers for each memory word who wrote and read it last. Instructions of a unit complete in
/// order, so the last one stands for all. At the start every word counts as used by earlier
/// programs, whatever their length and layout.
class HazardTracker {
 public:
  explicit HazardTracker(const Plan& plan);

  /// Dependences of `op`, the `index`-th instruction of its unit; then records its accesses.
  Dependences add(const Op& op, int index);

 private:
  /// Who touches memory. QMM has two: operand reads and bit tiles happen as tiles issue, wide tiles
  /// leave later through the drain. Instructions overlap, so the two may pass each other.
  enum Agent { kIssue, kDrain, kRow, kSmx, kSto, kAgents };

  struct Word {
    std::array<std::int32_t, kAgents> write;
    std::array<std::int32_t, kAgents> read;
  };

  static Agent writer(const Op& op);
  static Agent reader(const Op& op, Store store);
  static isa::Unit unit(Agent agent);
  /// Whether hardware keeps the order of two accesses of one unit without a wait.
  static bool ordered(Store store, Agent first, bool first_writes, Agent second,
                      bool second_writes);

  std::vector<Word>& words(Store store) { return words_[static_cast<std::size_t>(store)]; }
  void depend(Dependences& deps, Store store, Agent agent, bool writes, const Word& word) const;

  std::array<std::vector<Word>, kNumStores> words_;
};

}  // namespace bat
