// SPDX-License-Identifier: Apache-2.0
// Rules that an emitted module must keep; checked before it is written.
#pragma once

#include <string_view>

#include "rtl_gen/emit/module.hpp"

namespace bat::emit {

/// True for reserved words of IEEE 1800 that a name must not be.
bool is_keyword(std::string_view name);

/// Names are legal, no keywords, unique and declared before use; every reference has the width of
/// its declaration; both sides of each assignment are equally wide; every instance connects each
/// port of its module exactly once with the right width and sets only parameters that exist.
/// `package_constants`: from read_package(), for port widths that use them.
/// The error lists every broken rule, one a line.
Status check(const Module& module, const Constants& package_constants = {});

}  // namespace bat::emit
