// SPDX-License-Identifier: Apache-2.0
// Text of a module: lowRISC style, 100 columns, one port a line, comments kept.
#pragma once

#include <string>

#include "rtl_gen/emit/module.hpp"

namespace bat::emit {

/// Where a generated file comes from; stands at its top.
struct FileHeader {
  std::string generator_version;
  std::string config_name;
  std::string config_hash;  ///< hexadecimal SHA-256
};

/// Checks `module` (see check()) and gives its text, or all broken rules.
Result<std::string> write(const Module& module, const FileHeader& header,
                          const Constants& package_constants = {});

/// The `//` lines that stand at the top of a generated file (also used for C++).
std::string header_comment(const FileHeader& header);

}  // namespace bat::emit
