// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/ring_use.hpp"

namespace bat {
namespace {

int field(const isa::Instruction& i, const isa::Field& f) { return static_cast<int>(i.get(f)); }

std::optional<RingWords> weights_of(const isa::Instruction& i) {
  if (field(i, isa::kQmmBSrc) != static_cast<int>(isa::SrcB::kW)) return std::nullopt;
  const int words = field(i, isa::kQmmNct) * field(i, isa::kQmmBr) * field(i, isa::kQmmPb) *
                    field(i, isa::kQmmKw);
  return RingWords{isa::Ring::kW, field(i, isa::kQmmBBase), words, field(i, isa::kQmmWFree) != 0};
}

std::optional<RingWords> params_of(const Plan& plan, const isa::Instruction& i) {
  const auto out = static_cast<isa::Out>(field(i, isa::kQmmOut));
  if (out == isa::Out::kScore) return std::nullopt;
  const bool bit = out == isa::Out::kBit;
  const int tile = bit ? plan.t_tile_words : plan.p_tile_words;
  const int words = field(i, isa::kQmmBcast) != 0 ? 1 : field(i, isa::kQmmNct) * tile;
  return RingWords{bit ? isa::Ring::kT : isa::Ring::kP, field(i, isa::kQmmTOff), words,
                   field(i, isa::kQmmTFree) != 0};
}

}  // namespace

RingUses ring_uses(const Plan& plan, const isa::Instruction& instruction) {
  switch (instruction.op()) {
    case isa::Op::kQmm:
      return {weights_of(instruction), params_of(plan, instruction)};
    case isa::Op::kLn:
      return {std::nullopt,
              RingWords{isa::Ring::kL, field(instruction, isa::kLnLOff),
                        field(instruction, isa::kLnDw), field(instruction, isa::kLnLFree) != 0}};
    default:
      return {};
  }
}

}  // namespace bat
