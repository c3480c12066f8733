// SPDX-License-Identifier: Apache-2.0
// Instructions as text, for listings and error messages.
#pragma once

#include <string>
#include <string_view>

#include "rtl_gen/program/isa.hpp"

namespace bat::isa {

std::string_view to_string(Op op);
std::string_view to_string(Unit unit);
std::string_view to_string(Ring ring);

/// Mnemonic, fields that belong to the operation, waits that are set: "QMM a_src=xb ... wait
/// row:0".
std::string to_string(const Instruction& instruction);

}  // namespace bat::isa
