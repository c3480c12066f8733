// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/rtl_sources.hpp"

namespace bat::blocks {

std::string_view rtl_source(std::string_view name) {
  for (const RtlSource& source : rtl_sources()) {
    if (source.name == name) return source.text;
  }
  return {};
}

}  // namespace bat::blocks
