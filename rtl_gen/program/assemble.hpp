// SPDX-License-Identifier: Apache-2.0
// Schedule to instructions: loads as early as their ring allows, ring offsets, waits.
#pragma once

#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "rtl_gen/program/schedule.hpp"

namespace bat {

struct Assembled {
  std::vector<isa::Instruction> instructions;
  std::vector<std::vector<TensorCheck>> checks;  ///< one list an instruction
};

/// A LOAD is placed at the first point where, for its ring, words loaded so far and by it, less
/// words freed by instructions before it, are at most the ring's depth: then the earliest
/// incomplete instruction can always run and no order of memory answers can deadlock the program.
/// Parameters that stay on chip are never freed; they are loaded a few at a time, ahead of their
/// use but not ahead of what the program begins with. Error: an operation needs a load that never
/// gets room, or frees words out of order.
Result<Assembled> assemble(const Plan& plan, Schedule schedule, Parameters parameters);

}  // namespace bat
