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
  const int tokens = options.tokens == 0 ? most : options.tokens;
  if (tokens < 1 || tokens > most) {
    return Error{fmt::format("--tokens {}: must be 1 .. {} on {}; nearest legal value is {}", tokens,
                             most, config.name, std::clamp(tokens, 1, most))};
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
  spec.attention =
      config.features.threshold ? bmt::Attention::kThreshold : bmt::Attention::kSoftmax;
  spec.pooler = spec.input == bmt::InputKind::kTokens;
  spec.adversarial = false;

  Workload workload{bmt::random_model(spec, options.seed), {}};
  workload.model.name = fmt::format("{}-{}", kRandomModel, options.seed);
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    workload.samples.push_back(bmt::random_sample(workload.model, tokens, options.seed + i));
  }
  return workload;
}

}  // namespace bat::cli
