// SPDX-License-Identifier: Apache-2.0
// Planted faults: one wrong expression each in the generated SystemVerilog.
#pragma once

#include <span>
#include <vector>

#include "models/io/result.hpp"
#include "sim/verilated_library.hpp"

namespace bat::mutation {

struct Mutant {
  const char* name;       ///< what is wrong
  const char* file;       ///< source file without folder
  const char* right;      ///< must occur exactly once, white space aside
  const char* mutated;    ///< replacement; @ stands for "this mutant is active" (one bit)
  bool resident = false;  ///< shows only where the parameters of all layers stay on chip
};

std::span<const Mutant> mutants();

/// File, in the current folder of the simulating process, that holds the number of the active
/// mutant in hexadecimal: 0 for none, 1 for the first.
inline constexpr const char* kSelector = "mutant.hex";

/// All mutants in one design; each is off until the selector names it. Errors name a mutant whose
/// text is no longer there or not unique.
Result<std::vector<sim::RtlFile>> with_mutants(std::vector<sim::RtlFile> files);

}  // namespace bat::mutation
