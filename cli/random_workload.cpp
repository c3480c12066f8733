// SPDX-License-Identifier: Apache-2.0
#include "cli/random_workload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/bmt/random_model.hpp"

namespace bat::cli {

Result<Workload> random_workload(const Config& config, const RandomWorkloadOptions& options,
                                 std::size_t count) {
  const auto& limits = config.limits;
  const int most = std::min(limits.tokens, limits.positions);
  const std::vector<int> lengths = options.tokens.empty() ? std::vector{most} : options.tokens;
  for (const int tokens : lengths) {
    if (tokens >= 1 && tokens <= most) continue;
    return Error{fmt::format("--tokens {}: must be 1 .. {} on {}; nearest legal value is {}",
                             tokens, most, config.name, std::clamp(tokens, 1, most))};
  }
  bmt::RandomModelSpec spec;
  spec.input = config.features.tokens ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
  spec.layers = options.layers;
  spec.hidden = limits.hidden;
  spec.heads = std::min(limits.heads, std::max(1, limits.hidden / limits.head_dim));
  spec.head_dim = limits.head_dim;
  spec.ffn = limits.ffn;
  spec.classes = std::min(limits.classes, 2);
  spec.max_tokens = limits.positions;
  spec.features = limits.features;
  spec.act_bits = config.features.act_bits;
  spec.branches = config.features.branches;
  const bool softmax = options.softmax || !config.features.threshold;
  if (softmax && !config.features.softmax) {
    return Error{
        fmt::format("--softmax: {} has no softmax built in; set features.softmax", config.name)};
  }
  if (options.pruned > 0 && !config.features.pruning) {
    return Error{
        fmt::format("--pruned: {} has no masks built in; set features.pruning", config.name)};
  }
  if (options.pruned > 0) spec.pruning = {config.array.depth, config.array.depth};
  spec.pruned_percent = options.pruned;
  spec.attention = softmax ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
  spec.pooler = spec.input == bmt::InputKind::kTokens;
  spec.adversarial = false;

  Workload workload{bmt::random_model(spec, options.seed), {}};
  workload.model.name = fmt::format("{}-{}", kRandomModel, options.seed);
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    const int tokens = lengths[i % lengths.size()];
    workload.samples.push_back(bmt::random_sample(workload.model, tokens, options.seed + i));
  }
  return workload;
}

}  // namespace bat::cli
