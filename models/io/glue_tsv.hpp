// SPDX-License-Identifier: Apache-2.0
// GLUE tasks as tab-separated text: never quoted, an optional byte order mark, LF or CRLF.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

enum class GlueTask { kSst2, kCola, kMrpc, kRte, kStsb };

/// "sst2", "SST-2", "cola", "mrpc", "rte", "stsb", "STS-B": letter case and '-' do not matter.
std::optional<GlueTask> glue_task(std::string_view name);

struct GlueExample {
  std::string sentence_a;
  std::string sentence_b;  ///< empty for single-sentence tasks
  int label = -1;          ///< class; -1 for STS-B. RTE: 0 entailment, 1 not_entailment
  float score = 0.0F;      ///< STS-B: 0 .. 5
};

/// Parses the text of a file. Errors read "label:line: ...".
/// Layouts: SST-2 `sentence label`; CoLA without header: source, label, mark, sentence; MRPC
/// `Quality #1 ID #2 ID #1 String #2 String`; RTE `index sentence1 sentence2 label`; STS-B 10
/// columns of which the last three are `sentence1 sentence2 score`.
Result<std::vector<GlueExample>> parse_glue(std::string_view text, GlueTask task,
                                            std::string_view label);

Result<std::vector<GlueExample>> read_glue(const std::filesystem::path& path, GlueTask task);

}  // namespace bat::io
