// SPDX-License-Identifier: Apache-2.0
#include "sim/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "rtl_gen/program/word_mask.hpp"
#include "sim/axi/random.hpp"
#include "sim/bench.hpp"

namespace bat::sim {
namespace {

/// Draws sizes with a liking for the edges: the limit, one, odd numbers.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  int uniform(int low, int high) {
    if (high <= low) return low;
    return low + static_cast<int>(random_.below(static_cast<std::uint32_t>(high - low + 1)));
  }
  int size(int limit) {
    switch (random_.below(6)) {
      case 0:
        return limit;
      case 1:
        return uniform(1, std::min(limit, 8));
      case 2:
        return std::max(1, limit - uniform(0, 3));
      default:
        return uniform(1, limit);
    }
  }
  bool flag() { return random_.percent(50); }
  /// One of two built-in variants.
  bool pick(bool first, bool second) { return first && (!second || flag()); }
  std::uint64_t next() { return random_.next(); }

 private:
  Random random_;
};

bmt::RandomModelSpec draw_spec(const Config& config, Draw& draw) {
  const auto& limits = config.limits;
  bmt::RandomModelSpec spec;
  spec.input = draw.pick(config.features.tokens, config.features.feature_rows)
                   ? bmt::InputKind::kTokens
                   : bmt::InputKind::kFeatures;
  spec.attention = draw.pick(config.features.softmax, config.features.threshold)
                       ? bmt::Attention::kSoftmax
                       : bmt::Attention::kThreshold;
  spec.act_bits = 1;
  while (spec.act_bits < config.features.act_bits && draw.flag()) spec.act_bits *= 2;
  spec.branches = config.features.branches == 2 && draw.flag() ? 2 : 1;
  // More layers only repeat: three reach every hand-over from layer to layer.
  spec.layers = draw.uniform(1, 3);
  if (const int resident = config.buffers.resident_layers; resident > 0) {
    spec.layers = std::min(spec.layers, resident);
  }
  spec.hidden = draw.size(limits.hidden);
  spec.heads = draw.size(limits.heads);
  spec.head_dim = draw.size(limits.head_dim);
  spec.ffn = draw.size(limits.ffn);
  spec.classes = draw.size(limits.classes);
  spec.max_tokens = draw.size(std::min(limits.tokens, limits.positions));
  spec.features = draw.size(limits.features);
  spec.pooler = draw.flag();
  spec.vocab = draw.uniform(2, 60);
  spec.segments = spec.input == bmt::InputKind::kTokens ? draw.uniform(1, 2) : 1;
  spec.embed_shift = draw.uniform(0, 7);
  return spec;
}

/// Words of a mask bit that rows of `words` need; 0: no mask reaches that far.
int least_grain(int words, isa::Out out) {
  for (const int grain : {1, 2, 4}) {
    if (words <= grain * mask_bits(out)) return grain;
  }
  return 0;
}

/// Blocks of whole operand words, groups of whole destination words: what the compiler can skip.
void draw_pruning(const Config& config, Draw& draw, bmt::RandomModelSpec& spec) {
  const int depth = config.array.depth;
  const auto words = [&](int bits) { return (bits + depth - 1) / depth; };
  if (draw.flag() && config.limits.head_dim >= depth) {
    spec.head_dim = std::max(1, spec.head_dim / depth) * depth;
  }
  const int d = spec.head_dim;
  const int grain = std::max(least_grain(words(spec.hidden), isa::Out::kBit),
                             least_grain(words(spec.ffn), isa::Out::kRes));
  if (least_grain(words(spec.hidden), isa::Out::kBit) == 0 ||
      least_grain(words(spec.ffn), isa::Out::kRes) == 0) {
    return;
  }
  spec.pruning.block =
      draw.flag() ? depth * grain * draw.uniform(1, 3) : std::lcm(depth * grain, d);
  spec.pruning.group = draw.flag() ? depth * draw.uniform(1, 2) : std::lcm(depth, d);
  spec.pruned_matrices = bmt::kPrunedF1 | bmt::kPrunedF2;
  if (d % depth == 0 || spec.pruning.group % d == 0) {
    spec.pruned_matrices |= bmt::kPrunedQ | bmt::kPrunedK | bmt::kPrunedV;
  }
  const bool one_word_a_bit = least_grain(spec.heads * words(d), isa::Out::kRes) == 1;
  if (one_word_a_bit && (d % depth == 0 || spec.pruning.block % d == 0)) {
    spec.pruned_matrices |= bmt::kPrunedO;
  }
  for (const unsigned bit : {1U, 2U, 4U, 8U, 16U, 32U}) {
    if (draw.uniform(0, 3) == 0) spec.pruned_matrices &= ~bit;
  }
  spec.pruned_percent = draw.flag() ? -1 : 50;
}

/// Choices that came later; drawn apart, so that all others stay what a seed always meant.
void draw_sparsity(const Config& config, std::uint64_t seed, bmt::RandomModelSpec& spec) {
  constexpr std::uint64_t kStream = 0x5350415253ULL;
  Draw draw(seed ^ kStream);
  for (int i = 0; i < spec.layers && spec.layers > 1; ++i) {
    spec.layer_heads.push_back(draw.flag() ? spec.heads : draw.uniform(1, spec.heads));
  }
  if (config.features.pruning && draw.uniform(0, 3) > 0) draw_pruning(config, draw, spec);
}

/// Half of the cases of a resident configuration load the parameters more than once.
void draw_reloads(std::uint64_t seed, VerifyCase& c) {
  constexpr std::uint64_t kStream = 0x52454c4f4144ULL;
  Draw draw(seed ^ kStream);
  c.reload_every = draw.flag() ? draw.uniform(1, 2) : 0;
}

std::string replay_command(const Config& config, const VerifyCase& c,
                           const VerifyOptions& options) {
  const bool named = options.config_argument.empty();
  return fmt::format("batkit verify {} --cases 1 --seed {} --stall {}{}{}",
                     named ? config.name : options.config_argument, c.seed,
                     kStallModeNames[static_cast<std::size_t>(c.stall)],
                     options.backend == Backend::kInterpreter ? " --backend interpreter" : "",
                     options.structures ? " --structures" : "");
}

RunOptions run_options(const VerifyCase& c, const VerifyOptions& options) {
  RunOptions run;
  run.backend = options.backend == Backend::kInterpreter ? Backend::kInterpreter : Backend::kRtl;
  run.check = CheckLevel::kTensors;
  run.stall = c.stall;
  run.memory = c.memory;
  run.sentences = c.sentences;
  run.reload_every = c.reload_every;
  run.seed = c.seed;
  run.trace = options.trace;
  run.structures = options.structures;
  run.cache = options.cache;
  run.stuck_cycles = 100000;  // far above any pause of a small random model
  return run;
}

}  // namespace

std::string VerifyCase::text() const {
  std::string list;
  for (const int n : lengths) list += fmt::format("{}{}", list.empty() ? "" : ",", n);
  return fmt::format(
      "seed {}, stall {}, latency {}, bandwidth {} %: {}, {}, {} layers, hidden {}, heads {} x {}, "
      "ffn {}, classes {}, act_bits {}, branches {}{}{}, lengths {}, {} a job{}",
      seed, kStallModeNames[static_cast<std::size_t>(stall)], memory.latency, memory.bandwidth,
      spec.input == bmt::InputKind::kTokens ? "tokens" : fmt::format("{} features", spec.features),
      spec.attention == bmt::Attention::kSoftmax ? "softmax" : "threshold", spec.layers,
      spec.hidden, spec.heads, spec.head_dim, spec.ffn, spec.classes, spec.act_bits, spec.branches,
      spec.pooler ? ", pooler" : "",
      spec.pruning.used() ? fmt::format(", blocks {} x {}", spec.pruning.block, spec.pruning.group)
                          : "",
      list, sentences,
      reload_every > 0 ? fmt::format(", parameters loaded every {} jobs", reload_every) : "");
}

VerifyCase make_case(const Config& config, std::uint64_t seed, std::optional<StallMode> stall) {
  Draw draw(seed);
  VerifyCase c;
  c.seed = seed;
  c.spec = draw_spec(config, draw);
  draw_sparsity(config, seed, c.spec);
  c.stall = static_cast<StallMode>(draw.uniform(0, 2));
  c.memory.latency = draw.uniform(1, 60);
  c.memory.bandwidth = draw.flag() ? 100 : draw.uniform(10, 100);
  c.memory.max_outstanding = draw.uniform(1, 16);
  const int samples = draw.uniform(2, 4);
  c.sentences = draw.uniform(1, config.limits.sentences);
  const int longest = std::max(1, c.spec.max_tokens / c.sentences);
  for (int i = 0; i < samples; ++i) c.lengths.push_back(draw.size(longest));
  if (stall) c.stall = *stall;
  if (config.buffers.resident_layers > 0) draw_reloads(seed, c);
  return c;
}

std::string CaseFailure::text() const {
  std::string text = "FAILED " + which.text() + '\n';
  for (const Mismatch& mismatch : mismatches) text += mismatch.text() + '\n';
  for (const std::string& violation : violations) text += violation + '\n';
  if (!error.empty()) text += error + '\n';
  return text + "replay: " + replay;
}

nlohmann::ordered_json VerifyResult::json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CaseFailure& failure : failures) {
    list.push_back(
        {{"seed", failure.which.seed}, {"replay", failure.replay}, {"text", failure.text()}});
  }
  return {{"config", config},          {"cases", cases},
          {"samples", samples},        {"passed", cases - failures.size()},
          {"failed", failures.size()}, {"compared_bits", compared_bits},
          {"cycles", cycles},          {"failures", list}};
}

std::optional<CaseFailure> run_case(const Bench& bench, const VerifyCase& c,
                                    const VerifyOptions& options, VerifyResult& tally) {
  const bmt::Model model = bmt::random_model(c.spec, c.seed);
  std::vector<bmt::Sample> samples;
  for (std::size_t i = 0; i < c.lengths.size(); ++i) {
    samples.push_back(bmt::random_sample(model, c.lengths[i], c.seed + 1000 + i));
  }
  CaseFailure failure;
  failure.which = c;
  failure.replay = replay_command(bench.config(), c, options);
  const Result<RunResult> result =
      bench.run(model, samples, run_options(c, options), failure.replay);
  ++tally.cases;
  if (!result.ok()) {
    failure.error = result.error().message;
    return failure;
  }
  tally.samples += samples.size();
  tally.compared_bits += result.value().compared_bits;
  tally.cycles += static_cast<std::uint64_t>(result.value().cycles_per_sample *
                                             static_cast<double>(samples.size()));
  if (result.value().bit_exact && result.value().violations.empty()) return std::nullopt;
  failure.mismatches = result.value().first_mismatches;
  failure.violations = result.value().violations;
  return failure;
}

Result<VerifyResult> verify(const Config& config, const VerifyOptions& options) {
  VerifyResult result;
  result.config = config.name;
  const VerifyCase first = make_case(config, options.seed, options.stall);
  const Result<Bench> bench = Bench::create(config, run_options(first, options));
  if (!bench.ok()) return bench.error();
  for (std::size_t i = 0; i < options.cases; ++i) {
    const VerifyCase c = make_case(config, options.seed + i, options.stall);
    auto failure = run_case(bench.value(), c, options, result);
    if (failure) result.failures.push_back(std::move(*failure));
    if (options.progress) options.progress(i + 1, options.cases);
    if (result.failures.size() >= options.max_failures) break;
  }
  return result;
}

}  // namespace bat::sim
