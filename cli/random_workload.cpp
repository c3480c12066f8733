// SPDX-License-Identifier: Apache-2.0
#include "cli/random_workload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/bmt/model_file.hpp"
#include "models/bmt/random_model.hpp"

namespace bat::cli {
namespace {

/// Lengths of the samples in turn, each 1 .. `most`.
Result<std::vector<int>> lengths_of(const Config& config, const RandomWorkloadOptions& options,
                                    int most) {
  for (const int tokens : options.tokens) {
    if (tokens >= 1 && tokens <= most) continue;
    return Error{fmt::format("--tokens {}: must be 1 .. {} on {}; nearest legal value is {}",
                             tokens, most, config.name, std::clamp(tokens, 1, most))};
  }
  return options.tokens.empty() ? std::vector{most} : options.tokens;
}

void add_samples(Workload& workload, const std::vector<int>& lengths, std::uint64_t seed,
                 std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    workload.samples.push_back(
        bmt::random_sample(workload.model, lengths[i % lengths.size()], seed + i));
  }
}

}  // namespace

Result<Workload> random_workload(const Config& config, const RandomWorkloadOptions& options,
                                 std::size_t count) {
  const auto& limits = config.limits;
  const auto lengths = lengths_of(config, options, std::min(limits.tokens, limits.positions));
  if (!lengths.ok()) return lengths.error();
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
  add_samples(workload, lengths.value(), options.seed, count);
  return workload;
}

Result<Workload> random_samples(const Config& config, const std::string& model,
                                const RandomWorkloadOptions& options, std::size_t count) {
  const auto path = find_model(model);
  if (!path.ok()) return path.error();
  auto loaded = bmt::load_model(path.value());
  if (!loaded.ok()) return loaded.error();
  Workload workload{std::move(loaded).value(), {}};
  const auto lengths =
      lengths_of(config, options, std::min(config.limits.tokens, workload.model.max_tokens));
  if (!lengths.ok()) return lengths.error();
  add_samples(workload, lengths.value(), options.seed, count);
  return workload;
}

}  // namespace bat::cli
