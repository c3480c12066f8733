// SPDX-License-Identifier: Apache-2.0
// Port lists of the two buses of bat_top.
#pragma once

#include "rtl_gen/emit/module.hpp"

namespace bat::blocks {

/// AXI4-Lite slave s_axil_*, 32 data bits.
void add_axi_lite_ports(emit::Module& module, int address_bits);

/// AXI4 master m_axi_* with the full signal set, one ID bit.
void add_axi_ports(emit::Module& module, int data_bits, int address_bits);

}  // namespace bat::blocks
