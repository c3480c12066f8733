// SPDX-License-Identifier: Apache-2.0
// Emitter of `bat_top`: the whole accelerator of one configuration.
#pragma once

#include "rtl_gen/config/config.hpp"
#include "rtl_gen/emit/module.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::blocks {

/// What bat_top instantiates besides hand-written modules.
struct EmittedInterfaces {
  emit::Interface registers;  ///< bat_regs
  emit::Interface row;        ///< qmm_row, of row 0
  emit::Interface other_row;  ///< qmm_row_narrow, of the other rows; qmm_row if AccW is the same
  emit::Interface dsp_row;    ///< qmm_row_dsp, of those of them whose accumulators are DSP blocks
};

/// Module `bat_top`. Ports: clk_i, rst_ni, irq_o, AXI4 master m_axi_*, AXI4-Lite slave s_axil_*.
/// The error lists every net or port that does not fit the interfaces.
Result<emit::Module> top(const Config& config, const Plan& plan, const EmittedInterfaces& emitted,
                         const emit::Constants& package_constants);

/// Common parameter values of all modules, by parameter name.
emit::Constants common_parameters(const Config& config, const Plan& plan);

}  // namespace bat::blocks
