// SPDX-License-Identifier: Apache-2.0
// Words in the rings as completed instructions leave them: tells which ring is full or empty when
// nothing moves.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat::sim {

class RingLedger {
 public:
  explicit RingLedger(const Plan& plan) : plan_(plan) {}

  /// Counts what `instruction` loaded or freed; call at its completion.
  void complete(const isa::Instruction& instruction);
  /// Words loaded and not yet freed.
  std::int64_t held(isa::Ring ring) const { return held_[static_cast<std::size_t>(ring)]; }
  /// "W 12 of 64, T 0 of 8, P 0 of 16, L 32 of 32 words held"
  std::string text() const;

 private:
  void free_of_qmm(const isa::Instruction& instruction);

  Plan plan_;
  std::array<std::int64_t, 4> held_{};
};

}  // namespace bat::sim
