// SPDX-License-Identifier: Apache-2.0
// Random models, inputs and stalls through the RTL, every intermediate tensor compared: what
// `batkit verify` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/bmt/random_model.hpp"
#include "sim/bench.hpp"

namespace bat::sim {

/// One random case: a model within the limits of the configuration, several samples of different
/// lengths as jobs that follow each other, one stall mode.
struct VerifyCase {
  bmt::RandomModelSpec spec;
  std::uint64_t seed = 0;
  StallMode stall = StallMode::kNone;
  MemoryOptions memory;
  std::vector<int> lengths;  ///< tokens of each sample
  int sentences = 1;         ///< of a job at most
  int reload_every = 0;      ///< jobs between loads of resident parameters; 0: one load

  std::string text() const;
};

/// The case that (config, seed) stands for; the same on every machine. `stall` overrides the mode
/// that follows from the seed.
VerifyCase make_case(const Config& config, std::uint64_t seed,
                     std::optional<StallMode> stall = std::nullopt);

struct VerifyOptions {
  std::size_t cases = 20;
  std::uint64_t seed = 1;  ///< of the first case; the others follow
  std::optional<StallMode> stall;
  Backend backend = Backend::kRtl;  ///< kRtl or kInterpreter
  bool structures = false;          ///< RTL: popcounts as synthesized, not as $countones
  std::filesystem::path trace;      ///< FST of the last case run; empty for none
  std::filesystem::path cache;
  std::string config_argument;   ///< configuration in replay commands; empty: its name
  std::size_t max_failures = 4;  ///< stop after so many failing cases
  std::function<void(std::size_t done, std::size_t total)> progress;
};

struct CaseFailure {
  VerifyCase which;
  std::vector<Mismatch> mismatches;
  std::vector<std::string> violations;
  std::string error;  ///< hang, device error; empty if there was none
  std::string replay;

  std::string text() const;
};

struct VerifyResult {
  std::string config;
  std::size_t cases = 0;  ///< run
  std::size_t samples = 0;
  std::uint64_t compared_bits = 0;
  std::uint64_t cycles = 0;
  std::vector<CaseFailure> failures;

  bool passed() const { return failures.empty(); }
  /// Keys: config, cases, samples, passed, failed, compared_bits, cycles, failures[] with seed,
  /// replay, text.
  nlohmann::ordered_json json() const;
};

/// Runs one case on a bench made for it (RTL with tensors, or interpreter) and adds to `tally`.
/// Nothing if it passed.
std::optional<CaseFailure> run_case(const Bench& bench, const VerifyCase& which,
                                    const VerifyOptions& options, VerifyResult& tally);

/// Errors: bad configuration, missing tool, failed build. A failing case is in the result.
Result<VerifyResult> verify(const Config& config, const VerifyOptions& options);

}  // namespace bat::sim
