// SPDX-License-Identifier: Apache-2.0
// A text of an RTLIL module that is the same for modules that are alike but for the order and the
// names of what the front end named itself.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bat::synth {

/// Words of a line, split at spaces.
std::vector<std::string_view> words(std::string_view line);

/// `lines` are those between the `module` line and `end`. Source positions and parameter values are
/// left out; a cell type for which `type_of` gives a text is replaced by it.
///
/// Private names (those that start with `$`) are replaced by signatures that depend on all that
/// they connect to, refined until no more names are told apart (colour refinement). Equal texts
/// therefore mean equal structure, up to symmetries that refinement cannot see; with the public
/// names of a real design as anchors there are none.
std::string canonical_text(std::span<const std::string_view> lines,
                           const std::function<std::string(std::string_view)>& type_of);

}  // namespace bat::synth
