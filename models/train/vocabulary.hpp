// SPDX-License-Identifier: Apache-2.0
// WordPiece vocabularies of training runs: subsets, and what one has of another.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::train {

/// The pieces of a vocabulary, one a line.
std::vector<std::string> pieces_of(std::string_view vocab);

/// The `most` pieces that are needed most, in their old order: [PAD], [UNK], [CLS], [SEP], [MASK]
/// and all pieces of one character, then by `counts` (one a piece). At least the needed ones.
std::string subset(std::string_view vocab, std::span<const std::int64_t> counts, int most);

/// For each piece of `wanted` its line in `have`. Error: a piece that is not there.
Result<std::vector<std::int64_t>> lines_in(std::string_view wanted, std::string_view have);

/// Line of "[MASK]"; -1 if there is none.
std::int64_t mask_line(std::string_view vocab);

}  // namespace bat::train
