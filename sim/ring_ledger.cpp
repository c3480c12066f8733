// SPDX-License-Identifier: Apache-2.0
#include "sim/ring_ledger.hpp"

#include <fmt/format.h>

namespace bat::sim {
namespace {

constexpr std::size_t index_of(isa::Ring ring) { return static_cast<std::size_t>(ring); }

}  // namespace

void RingLedger::free_of_qmm(const isa::Instruction& instruction) {
  const auto field = [&](const isa::Field& f) {
    return static_cast<std::int64_t>(instruction.get(f));
  };
  const std::int64_t tiles = field(isa::kQmmNct);
  if (field(isa::kQmmWFree) != 0 &&
      instruction.get(isa::kQmmBSrc) == static_cast<std::uint64_t>(isa::SrcB::kW)) {
    held_[index_of(isa::Ring::kW)] -=
        tiles * field(isa::kQmmBr) * field(isa::kQmmPb) * field(isa::kQmmKw);
  }
  if (field(isa::kQmmTFree) == 0) return;
  const bool one = field(isa::kQmmBcast) != 0;
  const std::int64_t before = field(isa::kQmmTOff);  // words before its own go with them
  const auto out = static_cast<isa::Out>(instruction.get(isa::kQmmOut));
  if (out == isa::Out::kBit) {
    held_[index_of(isa::Ring::kT)] -= before + (one ? 1 : tiles * plan_.t_tile_words);
  } else if (out != isa::Out::kScore) {
    held_[index_of(isa::Ring::kP)] -= before + (one ? 1 : tiles * plan_.p_tile_words);
  }
}

void RingLedger::complete(const isa::Instruction& instruction) {
  switch (instruction.op()) {
    case isa::Op::kLoad:
      if (instruction.get(isa::kLoadRestart) != 0) held_[instruction.get(isa::kLoadDest)] = 0;
      held_[instruction.get(isa::kLoadDest)] +=
          static_cast<std::int64_t>(instruction.get(isa::kLoadWords));
      break;
    case isa::Op::kQmm:
      free_of_qmm(instruction);
      break;
    case isa::Op::kLn:
      if (instruction.get(isa::kLnLFree) != 0) {
        held_[index_of(isa::Ring::kL)] -= static_cast<std::int64_t>(instruction.get(isa::kLnDw));
      }
      break;
    default:
      break;
  }
}

std::string RingLedger::text() const {
  return fmt::format("W {} of {}, T {} of {}, P {} of {}, L {} of {} words held", held_[0],
                     plan_.w_ring_words, held_[1], plan_.t_ring_words, held_[2], plan_.p_ring_words,
                     held_[3], plan_.l_ring_words);
}

}  // namespace bat::sim
