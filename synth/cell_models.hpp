// SPDX-License-Identifier: Apache-2.0
// Verilog models of the cells in a mapped netlist, for simulation. Taken from the tools and
// libraries that are installed; nothing of them is kept here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "models/io/result.hpp"
#include "synth/counts.hpp"
#include "synth/design.hpp"

namespace bat::synth {

/// Models of the library cells that `netlist` uses.
/// xcup, ice40: the modules of Yosys's cells_sim.v, but for CARRY4 and CARRY8: those are written
/// with one scalar wire a carry, because Verilator 5.006 computes wrong sums from the vector ones,
/// whose carry vector feeds itself. LUTs are read by an index into their INIT, a tenth of the code
/// that the library's nested choices give. osu018: what Yosys derives from the functions in the
/// Liberty file.
Result<std::string> cell_models(const NetlistCounts& netlist, const Design& design, Target target,
                                const std::filesystem::path& work_dir,
                                const std::optional<std::filesystem::path>& liberty = std::nullopt);

/// Scalar models of CARRY4 and CARRY8 (cell names as given, for a proof beside the originals).
std::string carry_models(const std::string& carry4, const std::string& carry8);

/// DSP48E2 (cell name as given) as two accumulators of 24 bits, written from the table of OPMODE in
/// AMD's UG579: Y is 0, X is A:B, Z is P or C, W is 0 or P, ALUMODE adds. With other attributes or
/// selections the sums become 0, which no check takes for a sum.
std::string dsp_model(const std::string& name);

/// A LUT `name` with inputs I0 .. and output O whose contents are the parameter `parameter`.
std::string lut_model(const std::string& name, const std::string& parameter, int inputs);

/// Yosys's simulation models for a target: where the Debian package puts them, or below
/// $BAT_YOSYS_SHARE.
Result<std::filesystem::path> find_cell_library(Target target);

/// The text of `modules` cut out of Verilog text, with the macro definitions that stand outside of
/// modules. Error when one is missing.
Result<std::string> cut_modules(const std::string& verilog,
                                const std::vector<std::string>& modules);

}  // namespace bat::synth
