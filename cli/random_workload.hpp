// SPDX-License-Identifier: Apache-2.0
// The model name "random": a seeded random model as large as a configuration allows, for
// configurations without a trained model and for measurements at full scale.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model_lookup.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat::cli {

inline constexpr const char* kRandomModel = "random";
/// The data set of random samples, for any model.
inline constexpr const char* kRandomInput = "random";

struct RandomWorkloadOptions {
  int layers = 2;
  std::vector<int>
      tokens;            ///< of the samples in turn; empty: the most that the configuration allows
  bool softmax = false;  ///< softmax attention where both are built in
  int pruned = 0;        ///< percent of the weight blocks that go, in each matrix of the encoder
  std::uint64_t seed = 1;
};

/// The largest model of `config` with `layers` layers (threshold attention where it is built in)
/// and `count` (at least one) samples.
Result<Workload> random_workload(const Config& config, const RandomWorkloadOptions& options,
                                 std::size_t count);

/// A trained model (file or zoo name) with `count` (at least one) random samples of
/// `options.tokens` tokens in turn; empty: the most that model and configuration hold.
Result<Workload> random_samples(const Config& config, const std::string& model,
                                const RandomWorkloadOptions& options, std::size_t count);

}  // namespace bat::cli
