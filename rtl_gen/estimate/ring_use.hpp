// SPDX-License-Identifier: Apache-2.0
// What an instruction takes from the rings (docs/architecture.md, section 4, "Rings").
#pragma once

#include <array>
#include <optional>

#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat {

inline constexpr int kNumRings = 4;

/// Words [offset, offset + words) from the ring's tail.
struct RingWords {
  isa::Ring ring = isa::Ring::kW;
  int offset = 0;
  int words = 0;
  bool free = false;  ///< freed when the instruction is done with them, with all words before them

  int freed() const { return offset + words; }
};

/// QMM: its weights, and its thresholds or records; LN: its records.
struct RingUses {
  std::optional<RingWords> weights;
  std::optional<RingWords> params;
};

RingUses ring_uses(const Plan& plan, const isa::Instruction& instruction);

}  // namespace bat
