// SPDX-License-Identifier: Apache-2.0
// How a weight memory guards its words against flipped bits.
#pragma once

#include <cstddef>
#include <string_view>

namespace bat::bmt {

enum class Protection {
  kNone,
  kParity,    ///< a parity bit a word: an odd number of flips in a word is found
  kMajority,  ///< three copies, each bit read as two of them say
};

inline constexpr std::string_view kProtectionNames[] = {"none", "parity", "majority"};

constexpr std::string_view to_string(Protection protection) {
  return kProtectionNames[static_cast<std::size_t>(protection)];
}

}  // namespace bat::bmt
