// SPDX-License-Identifier: Apache-2.0
// Entry points of the kernels that need x86 vector extensions.
#pragma once

#include "models/bmt/kernel_tile.hpp"

namespace bat::bmt {

void xor_popcount_avx2(const KernelArgs& args);
void xor_popcount_avx512(const KernelArgs& args);

}  // namespace bat::bmt
