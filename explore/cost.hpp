// SPDX-License-Identifier: Apache-2.0
// What a point costs: cycles from the cycle model, area from the area model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/estimate/estimate.hpp"

namespace bat::explore {

/// Predicted area of one accelerator; what a target does not have is 0.
struct Area {
  double lut = 0;
  double ff = 0;
  double dsp = 0;
  double bram36 = 0;
  double kge = 0;
  double memory_kbit = 0;
  double registers = 0;  ///< flip-flops behind `kge`, for the energy
};

/// Area of a configuration on a target of `batkit synth`. Called from several threads.
using AreaFunction =
    std::function<Result<Area>(const Config& config, const Plan& plan, const std::string& target)>;

/// The area model of the synthesis room.
AreaFunction area_model();

/// Cycles of one sentence of `tokens` tokens, first after a reset: compiles the model and executes
/// its program in the cycle model. Errors: the model does not fit.
Result<std::int64_t> exact_cycles(const Config& config, const Plan& plan, const bmt::Model& model,
                                  int tokens, const MemoryModel& memory);

}  // namespace bat::explore
