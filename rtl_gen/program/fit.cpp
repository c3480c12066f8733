// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace bat {
namespace {

struct Need {
  std::string_view key;
  std::string_view what;
  int value;
  int limit;
};

std::vector<Need> sizes(const Config& c, const bmt::Model& m) {
  int heads = 0;
  int ffn = 0;
  for (int i = 0; i < m.layer_count(); ++i) {
    heads = std::max(heads, m.heads(i));
    ffn = std::max(ffn, m.ffn(i));
  }
  std::vector<Need> needs{
      {"features.act_bits", "activation bits", m.act_bits, c.features.act_bits},
      {"features.branches", "weight branches", m.branches, c.features.branches},
      {"limits.hidden", "hidden size", m.hidden, c.limits.hidden},
      {"limits.heads", "heads", heads, c.limits.heads},
      {"limits.head_dim", "head size", m.head_dim, c.limits.head_dim},
      {"limits.ffn", "feed-forward size", ffn, c.limits.ffn},
      {"limits.classes", "classes", m.classes, c.limits.classes},
      {"limits.positions", "positions", m.max_tokens, c.limits.positions},
  };
  if (m.input == bmt::InputKind::kFeatures) {
    needs.push_back({"limits.features", "features a row", m.features.count, c.limits.features});
  }
  return needs;
}

}  // namespace

Status check_fit(const Config& config, const bmt::Model& model) {
  const auto missing = [&](std::string_view key, std::string_view what) {
    return Error{
        fmt::format("model {} does not fit configuration {}: it needs {}, {} is false; "
                    "nearest legal value is true",
                    model.name, config.name, what, key)};
  };
  const Config::Features& f = config.features;
  if (model.attention == bmt::Attention::kSoftmax && !f.softmax) {
    return missing("features.softmax", "softmax attention");
  }
  if (model.attention == bmt::Attention::kThreshold && !f.threshold) {
    return missing("features.threshold", "threshold attention");
  }
  if (model.input == bmt::InputKind::kTokens && !f.tokens) {
    return missing("features.tokens", "token input");
  }
  if (model.input == bmt::InputKind::kFeatures && !f.feature_rows) {
    return missing("features.feature_rows", "feature input");
  }
  if (model.pruning.used() && !f.pruning) {
    return missing("features.pruning", "masks of pruned weight blocks");
  }
  for (const Need& need : sizes(config, model)) {
    if (need.value <= need.limit) continue;
    return Error{fmt::format(
        "model {} does not fit configuration {}: {} is {}, {} is {}; nearest "
        "legal value is {}",
        model.name, config.name, need.what, need.value, need.key, need.limit, need.value)};
  }
  constexpr int kMaxVocabulary = 1 << 24;  // bits of an id in JOB_INPUT
  if (model.vocab_size > kMaxVocabulary) {
    return Error{fmt::format("model {}: a vocabulary of {} has more than {} pieces", model.name,
                             model.vocab_size, kMaxVocabulary)};
  }
  return Ok{};
}

}  // namespace bat
