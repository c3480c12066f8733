// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "models/bmt/golden.hpp"

namespace bat::bmt {

const char* name(TensorId id) {
  static constexpr std::array<const char*, 18> kNames = {
      "embedding", "embedding_norm", "input_codes", "q",         "k",      "v",
      "scores",    "probabilities",  "context",     "residual1", "ln1",    "ln1_codes",
      "ffn1",      "residual2",      "ln2",         "ln2_codes", "pooler", "logits"};
  return kNames[static_cast<std::size_t>(id)];
}

int argmax(std::span<const std::int32_t> logits) {
  if (logits.empty()) return -1;
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace bat::bmt
