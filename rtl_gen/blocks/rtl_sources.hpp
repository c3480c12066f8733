// SPDX-License-Identifier: Apache-2.0
// The hand-written SystemVerilog (folder rtl), embedded at build time: the generator needs no
// files.
#pragma once

#include <span>
#include <string_view>

namespace bat::blocks {

struct RtlSource {
  std::string_view name;  ///< module or package: file name without ".sv"
  std::string_view text;
};

/// Sorted by name.
std::span<const RtlSource> rtl_sources();

/// Text of a module or package; empty if there is none.
std::string_view rtl_source(std::string_view name);

}  // namespace bat::blocks
