// SPDX-License-Identifier: Apache-2.0
// Style and program of the HTML page (folder synth/page), embedded at build time.
#pragma once

#include <string_view>

namespace bat::synth {

std::string_view page_style();
std::string_view page_program();

}  // namespace bat::synth
