// SPDX-License-Identifier: Apache-2.0
// The SystemVerilog of a configuration, in memory.
#pragma once

#include <filesystem>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "sim/verilated_library.hpp"

namespace bat::sim {

/// Generates `config` and gives its source files packages first, top last.
Result<std::vector<RtlFile>> rtl_files(const Config& config, const Plan& plan);

}  // namespace bat::sim
