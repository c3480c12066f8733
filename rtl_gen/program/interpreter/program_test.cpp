// SPDX-License-Identifier: Apache-2.0
// Compiled programs on the interpreter against the golden model: logits and every tensor check, in
// program order and in random legal interleavings, jobs back to back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "models/bmt/random_model.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "rtl_gen/program/interpreter/interpreter.hpp"

namespace bat {
namespace {

using bmt::TensorId;
using Key = std::tuple<TensorId, int, int>;

class GoldenTensors : public bmt::Tap {
 public:
  void tensor(TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override {
    tensors[{id, layer, head}] = {rows, cols, {values.begin(), values.end()}};
  }
  std::map<Key, GoldenTensor> tensors;
};

class FlatMemory : public MemoryPort {
 public:
  explicit FlatMemory(std::size_t size) : bytes(size, 0xA5) {}
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override {
    if (address + out.size() > bytes.size()) return false;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
    return true;
  }
  bool write(std::uint64_t address, std::span<const std::uint8_t> in) override {
    if (address + in.size() > bytes.size()) return false;
    std::copy(in.begin(), in.end(), bytes.begin() + static_cast<std::ptrdiff_t>(address));
    return true;
  }
  std::vector<std::uint8_t> bytes;
};

struct Run {
  Program program;
  bmt::Sample sample;
  std::vector<std::int32_t> logits;
  GoldenTensors golden;
};

/// Compares every listed tensor at completion and remembers which tensors were seen.
class Comparer : public CompletionObserver {
 public:
  Comparer(const Plan& plan, const std::vector<Run>& runs) : plan_(plan), runs_(runs) {}
  std::optional<std::string> completed(int job, int index, const ShadowMemory& memory) override {
    const Run& run = runs_[static_cast<std::size_t>(job)];
    for (const TensorCheck& check : run.program.checks[static_cast<std::size_t>(index)]) {
      const auto found = run.golden.tensors.find({check.tensor, check.layer, check.head});
      if (found == run.golden.tensors.end()) return to_string(check) + ": no golden tensor";
      if (auto message = compare(check, plan_, memory, found->second)) return message;
      seen.insert({check.tensor, check.layer, check.head});
    }
    return std::nullopt;
  }
  std::set<Key> seen;

 private:
  const Plan& plan_;
  const std::vector<Run>& runs_;
};

constexpr std::uint64_t kModelBase = 4096;

/// A model in memory with one job a length.
class Bench {
 public:
  Bench(const Config& config, const bmt::Model& model, const std::vector<int>& lengths,
        std::uint64_t seed)
      : config_(config), memory_(0) {
    Result<Plan> planned = plan(config);
    if (!planned) throw std::runtime_error(planned.error().message);
    plan_ = planned.value();
    Result<ModelImage> image = build_image(config, plan_, model);
    if (!image) throw std::runtime_error(image.error().message);
    place(kModelBase, image.value().bytes);
    const bmt::GoldenModel golden(model);
    for (const int tokens : lengths) add(image.value(), golden, tokens, seed++);
  }

  void expect_golden(const ExecutionOrder& order) {
    Interpreter interpreter(config_, plan_);
    Comparer comparer(plan_, runs_);
    for (const Job& job : jobs_) {
      std::fill_n(memory_.bytes.begin() + static_cast<std::ptrdiff_t>(job.output), 64, 0xEE);
    }
    const Status status = interpreter.run(jobs_, kModelBase, memory_, order, &comparer);
    ASSERT_TRUE(status.ok()) << status.error().message;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const std::span<const std::uint8_t> all(memory_.bytes);
      EXPECT_EQ(unpack_output(runs_[i].program.output, 0, all.subspan(jobs_[i].output)),
                runs_[i].logits);
      for (const auto& [key, tensor] : runs_[i].golden.tensors) {
        const TensorId id = std::get<0>(key);
        // Threshold attention has no scores in memory: its bits leave the array.
        if (id == TensorId::kScores && !softmax_) continue;
        EXPECT_TRUE(comparer.seen.contains(key)) << bmt::name(id) << " was never checked";
      }
    }
  }

  void in_every_order(int shuffles) {
    expect_golden({});
    for (int seed = 1; seed <= shuffles && !::testing::Test::HasFailure(); ++seed) {
      expect_golden({true, static_cast<std::uint64_t>(seed)});
    }
  }

  std::vector<Run>& runs() { return runs_; }
  FlatMemory& memory() { return memory_; }
  const std::vector<Job>& jobs() const { return jobs_; }
  const Plan& plan_value() const { return plan_; }

 private:
  std::uint64_t place(std::uint64_t address, std::span<const std::uint8_t> bytes) {
    memory_.bytes.resize(std::max<std::size_t>(memory_.bytes.size(), address + bytes.size()), 0xA5);
    std::copy(bytes.begin(), bytes.end(),
              memory_.bytes.begin() + static_cast<std::ptrdiff_t>(address));
    return address;
  }
  std::uint64_t append(std::span<const std::uint8_t> bytes) {
    return place((memory_.bytes.size() + 127) / 128 * 128, bytes);
  }

  void add(const ModelImage& image, const bmt::GoldenModel& golden, int tokens,
           std::uint64_t seed) {
    softmax_ = image.attention == bmt::Attention::kSoftmax;
    // Where parameters stay on chip every third program loads them again.
    const bool keep = plan_.resident && runs_.size() % 3 != 0;
    Result<Program> program = compile_program(config_, plan_, image, std::span(&tokens, 1),
                                              keep ? Parameters::kKeep : Parameters::kLoad);
    if (!program) throw std::runtime_error(program.error().message);
    Run run{std::move(program).value(), bmt::random_sample(golden.model(), tokens, seed), {}, {}};
    run.logits = golden.logits(run.sample, &run.golden).value();
    Job job;
    job.program = append(run.program.bytes());
    job.input = append(pack_input(run.program.input, std::span(&run.sample, 1)).value());
    job.output = append(std::vector<std::uint8_t>(run.program.output.bytes));
    jobs_.push_back(job);
    runs_.push_back(std::move(run));
  }

  Config config_;
  Plan plan_;
  FlatMemory memory_;
  std::vector<Run> runs_;
  std::vector<Job> jobs_;
  bool softmax_ = false;
};

struct Case {
  const char* name;
  const char* config;
  bmt::RandomModelSpec spec;
  std::vector<int> lengths;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

bmt::RandomModelSpec multi(bmt::InputKind input, bmt::Attention attention, int bits, int branches) {
  bmt::RandomModelSpec s;
  s.input = input;
  s.attention = attention;
  s.act_bits = bits;
  s.branches = branches;
  s.layers = 2;
  s.hidden = 70;
  s.heads = 3;
  s.head_dim = 21;
  s.ffn = 133;
  s.classes = 19;
  s.max_tokens = 37;
  s.features = 27;
  return s;
}

std::vector<Case> cases() {
  using bmt::Attention;
  using bmt::InputKind;
  std::vector<Case> list;
  const auto tokens = InputKind::kTokens;
  const auto features = InputKind::kFeatures;
  const auto softmax = Attention::kSoftmax;
  const auto threshold = Attention::kThreshold;
  list.push_back({"multi_t_s_1_1", "test-multi", multi(tokens, softmax, 1, 1), {37, 1, 20}});
  list.push_back({"multi_f_s_1_1", "test-multi", multi(features, softmax, 1, 1), {9, 33}});
  list.push_back({"multi_t_t_1_1", "test-multi", multi(tokens, threshold, 1, 1), {5, 17}});
  list.push_back({"multi_f_t_1_2", "test-multi", multi(features, threshold, 1, 2), {16, 3}});
  list.push_back({"multi_t_s_1_2", "test-multi", multi(tokens, softmax, 1, 2), {12, 13}});
  list.push_back({"multi_t_s_2_1", "test-multi", multi(tokens, softmax, 2, 1), {11, 30}});
  list.push_back({"multi_f_t_2_2", "test-multi", multi(features, threshold, 2, 2), {1, 18}});
  list.push_back({"multi_t_t_4_1", "test-multi", multi(tokens, threshold, 4, 1), {10, 8}});
  list.push_back({"multi_f_s_4_2", "test-multi", multi(features, softmax, 4, 2), {14, 25}});
  Case pooled{"multi_pooler", "test-multi", multi(tokens, softmax, 2, 2), {7, 24}};
  pooled.spec.pooler = true;
  pooled.spec.segments = 2;
  list.push_back(pooled);
  Case exact{"multi_exact", "test-multi", multi(tokens, threshold, 1, 1), {32, 8, 40}};
  exact.spec.hidden = 64;
  exact.spec.heads = 4;
  exact.spec.head_dim = 16;
  exact.spec.ffn = 128;
  exact.spec.classes = 8;
  exact.spec.max_tokens = 40;
  exact.spec.pooler = true;
  list.push_back(exact);
  for (const int bits : {1, 8}) {
    Case tiny{bits == 1 ? "tiny_1" : "tiny_8",
              "test-tiny",
              multi(features, threshold, bits, 1),
              {11, 2, 5}};
    tiny.spec.hidden = 23;
    tiny.spec.heads = 3;
    tiny.spec.head_dim = 9;
    tiny.spec.ffn = 37;
    tiny.spec.classes = 7;
    tiny.spec.max_tokens = 12;
    tiny.spec.features = 19;
    list.push_back(tiny);
    tiny.name = bits == 1 ? "tiny_1_softmax" : "tiny_8_softmax";
    tiny.spec.attention = softmax;
    tiny.spec.input = tokens;
    tiny.spec.layers = 1;
    tiny.spec.pooler = bits == 8;
    list.push_back(tiny);
  }
  Case micro{"micro", "micro", multi(features, threshold, 1, 1), {16, 1, 10}};
  micro.spec.hidden = 32;
  micro.spec.heads = 2;
  micro.spec.head_dim = 16;
  micro.spec.ffn = 64;
  micro.spec.classes = 10;
  micro.spec.max_tokens = 16;
  micro.spec.features = 16;
  list.push_back(micro);
  for (const auto attention : {softmax, threshold}) {
    Case nano{attention == softmax ? "nano_softmax" : "nano_threshold",
              "nano",
              multi(features, attention, 1, 1),
              {50, 23}};
    nano.spec.hidden = 128;
    nano.spec.heads = 4;
    nano.spec.head_dim = 32;
    nano.spec.ffn = 512;
    nano.spec.classes = 10;
    nano.spec.max_tokens = 50;
    nano.spec.features = 16;
    list.push_back(nano);
  }
  return list;
}

class ProgramTest : public ::testing::TestWithParam<Case> {};

TEST_P(ProgramTest, AgreesWithGoldenInEveryOrder) {
  const Case& c = GetParam();
  Config config = load_config(c.config).value();
  Bench bench(config, bmt::random_model(c.spec, 7), c.lengths, 100);
  bench.in_every_order(6);
}

TEST_P(ProgramTest, AgreesWithGoldenInAndForm) {
  const Case& c = GetParam();
  Config config = load_config(c.config).value();
  config.array.popcount = Popcount::kFlat;
  config.array.dsp_rows = 0;
  config.array.and_lanes = true;
  Bench bench(config, bmt::random_model(c.spec, 9), c.lengths, 300);
  bench.in_every_order(4);
}

/// A load of parameters anew waits for their last users, the first users wait for it.
TEST_P(ProgramTest, ParametersStayOnChip) {
  const Case& c = GetParam();
  Config config = load_config(c.config).value();
  config.buffers.resident_layers = c.spec.layers;
  std::vector<int> lengths = c.lengths;
  while (lengths.size() < 4) lengths.push_back(lengths[lengths.size() / 2]);
  Bench bench(config, bmt::random_model(c.spec, 8), lengths, 200);
  bench.in_every_order(4);
}

INSTANTIATE_TEST_SUITE_P(Models, ProgramTest, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return std::string(test.param.name); });

/// Arrays of every shape, rings as small as they may be.
TEST(Program, EveryArrayShape) {
  int number = 0;
  for (const int rows : {1, 2, 8, 64}) {
    for (const int cols : {2, 8, 64}) {
      for (const int depth : {8, 16, 64, 128}) {
        if (cols < rows || depth < cols || depth > 64 * rows) continue;
        Config config;
        config.array.rows = rows;
        config.array.cols = cols;
        config.array.depth = depth;
        config.array.lanes = std::min(cols, 1 << (number % 4));
        config.features.branches = 1 + number % 2;
        config.features.act_bits = 2;
        config.array.and_lanes = number / 2 % 2 == 1;
        config.limits.classes = 19;
        config.memory.axi_data_bits = 32 << (number % 6);
        config.buffers.queue_depth = number % 2 == 0 ? 2 : 16;
        bmt::RandomModelSpec spec =
            multi(number % 3 == 0 ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures,
                  number % 2 == 0 ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold,
                  1 + number / 2 % 2, config.features.branches);
        spec.layers = 1;
        spec.pooler = number % 4 == 1;
        SCOPED_TRACE(fmt::format("{}x{}x{} number {}", rows, cols, depth, number));
        Bench bench(config, bmt::random_model(spec, 3), {13, 1, 6}, 5);
        bench.in_every_order(2);
        if (HasFailure()) return;
        ++number;
      }
    }
  }
}

/// The least weight, threshold and parameter rings that the plan accepts.
Config with_smallest_rings(Config config) {
  const auto shrink = [&](int Config::Buffers::*ring) {
    for (int words = 2;; words *= 2) {
      config.buffers.*ring = words;
      if (plan(config).ok()) return;
    }
  };
  const Plan p = plan(config).value();
  config.buffers.weight_ring_words = p.w_ring_words;
  config.buffers.threshold_ring_words = p.t_ring_words;
  config.buffers.parameter_ring_words = p.p_ring_words;
  shrink(&Config::Buffers::layernorm_ring_words);
  shrink(&Config::Buffers::threshold_ring_words);
  shrink(&Config::Buffers::parameter_ring_words);
  shrink(&Config::Buffers::weight_ring_words);
  return config;
}

/// A small legal configuration and a model at or below its limits, both from one seed.
struct RandomCase {
  explicit RandomCase(std::uint64_t seed) : random(seed) {
    array();
    limits();
    model();
    rings();
  }

  int pick(int low, int high) {
    return low + static_cast<int>(random() % static_cast<std::uint64_t>(high - low + 1));
  }

  void array() {
    config.array.rows = 1 << pick(0, 4);
    config.array.cols = std::max({2, config.array.rows, 1 << pick(1, 5)});
    config.array.depth = std::max({8, config.array.cols, 1 << pick(3, 7)});
    config.array.depth = std::min(config.array.depth, 64 * config.array.rows);
    config.array.lanes = std::min(config.array.cols, 1 << pick(0, 3));
    config.features.branches = pick(1, 2);
    config.features.act_bits = 1 << pick(0, 3);
    config.memory.axi_data_bits = 32 << pick(0, 5);
    config.buffers.queue_depth = 2 << pick(0, 3);
    config.array.and_lanes = pick(0, 1) == 1;
  }

  void limits() {
    config.limits.tokens = pick(1, 40);
    config.limits.positions = config.limits.tokens + pick(0, 5);
    config.limits.hidden = pick(1, 80);
    config.limits.heads = pick(1, 5);
    config.limits.head_dim = pick(1, 40);
    config.limits.ffn = pick(1, 150);
    config.limits.classes = pick(1, 30);
    config.limits.features = pick(1, 50);
  }

  void model() {
    const Config::Limits& l = config.limits;
    spec.input = pick(0, 1) == 0 ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
    spec.attention = pick(0, 1) == 0 ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
    spec.layers = pick(1, 2);
    const auto size = [&](int limit) { return pick(0, 1) == 0 ? limit : pick(1, limit); };
    spec.hidden = size(l.hidden);
    spec.heads = size(l.heads);
    spec.head_dim = size(l.head_dim);
    spec.ffn = size(l.ffn);
    spec.classes = size(l.classes);
    spec.features = size(l.features);
    spec.max_tokens = size(l.positions);
    spec.branches = pick(1, config.features.branches);
    spec.act_bits = std::min(config.features.act_bits, 1 << pick(0, 3));
    spec.pooler = pick(0, 1) == 1;
    spec.segments = spec.input == bmt::InputKind::kTokens ? pick(1, 2) : 1;
    for (int i = 0; i < 3; ++i) {
      lengths.push_back(pick(1, std::min(l.tokens, spec.max_tokens)));
    }
  }

  void rings() {
    if (pick(0, 1) == 0) config = with_smallest_rings(config);
  }

  std::mt19937_64 random;
  Config config;
  bmt::RandomModelSpec spec;
  std::vector<int> lengths;
};

TEST(Program, RandomConfigurationsAndModels) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const RandomCase c(seed);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, canonical_text(c.config)));
    Bench bench(c.config, bmt::random_model(c.spec, seed), c.lengths, seed);
    bench.in_every_order(2);
    if (HasFailure()) return;
  }
}

TEST(Program, SmallestRingsStillRun) {
  for (const auto attention : {bmt::Attention::kSoftmax, bmt::Attention::kThreshold}) {
    for (const int bits : {1, 4}) {
      const Config config = with_smallest_rings(load_config("test-multi").value());
      bmt::RandomModelSpec spec = multi(bmt::InputKind::kFeatures, attention, bits, 2);
      spec.head_dim = 24;
      spec.heads = 5;
      spec.hidden = 72;
      spec.ffn = 136;
      spec.pooler = true;
      Bench bench(config, bmt::random_model(spec, 11), {21, 6}, 9);
      bench.in_every_order(3);
    }
  }
}

/// Every share of blocks and every kind of matrix, heads that differ by layer, on arrays where a
/// block is one operand word, several, or a head that ends inside a word.
TEST(Program, PrunedModels) {
  struct Cut {
    int depth;
    int head_dim;
    bmt::Pruning pruning;
    unsigned matrices;
  };
  const Cut cuts[] = {
      {16, 16, {16, 16}, bmt::kPrunedAll},  {8, 16, {16, 8}, bmt::kPrunedAll},
      {16, 16, {32, 16}, bmt::kPrunedAll},  {16, 24, {16, 48}, bmt::kPrunedAll & ~bmt::kPrunedO},
      {16, 16, {48, 200}, bmt::kPrunedAll}, {16, 24, {48, 72}, bmt::kPrunedO | bmt::kPrunedV},
  };
  std::uint64_t seed = 40;
  for (const Cut& cut : cuts) {
    for (const auto attention : {bmt::Attention::kSoftmax, bmt::Attention::kThreshold}) {
      for (const int bits : {1, 4}) {
        Config config = load_config("test-multi").value();
        config.features.pruning = true;
        config.array.depth = cut.depth;
        if (bits == 4) config = with_smallest_rings(config);
        if (bits == 1 && seed % 3 != 0) config.buffers.resident_layers = 2;
        bmt::RandomModelSpec spec =
            multi(bmt::InputKind::kFeatures, attention, bits, 1 + static_cast<int>(seed % 2));
        spec.head_dim = cut.head_dim;
        spec.heads = 5;
        spec.layer_heads = {3, 5};
        spec.pruning = cut.pruning;
        spec.pruned_matrices = cut.matrices;
        spec.pruned_percent = seed % 3 == 0 ? 50 : -1;
        spec.pooler = seed % 4 == 0;
        SCOPED_TRACE(fmt::format("depth {}, head {}, block {}, group {}, bits {}, seed {}",
                                 cut.depth, cut.head_dim, cut.pruning.block, cut.pruning.group,
                                 bits, seed));
        ++seed;
        Bench bench(config, bmt::random_model(spec, seed), {13, 1}, seed);
        bench.in_every_order(2);
        if (HasFailure()) return;
      }
    }
  }
}

/// Rows of more words than a mask has bits: two and four words a bit.
TEST(Program, PrunedRowsOfManyWords) {
  for (const int block : {16, 32}) {
    Config config;
    config.array.depth = 8;
    config.array.cols = 8;
    config.features.pruning = true;
    config.limits.hidden = block == 16 ? 380 : 760;
    config.limits.ffn = block == 16 ? 780 : 1560;
    config.limits.tokens = 8;
    bmt::RandomModelSpec spec;
    spec.input = bmt::InputKind::kFeatures;
    spec.hidden = config.limits.hidden - 3;
    spec.ffn = config.limits.ffn - 5;
    spec.heads = 2;
    spec.head_dim = 32;
    spec.max_tokens = 8;
    spec.pruning = {block, 400};
    Bench bench(config, bmt::random_model(spec, 3), {8}, 1);
    bench.in_every_order(0);
  }
}

std::int64_t weight_steps(const Program& program) {
  std::int64_t steps = 0;
  for (const isa::Instruction& i : program.instructions) {
    if (i.op() != isa::Op::kQmm || i.get(isa::kQmmBSrc) != 0 || i.get(isa::kQmmPb) != 1) continue;
    steps += static_cast<std::int64_t>(i.get(isa::kQmmKw) * i.get(isa::kQmmNct));
  }
  return steps;
}

/// Half of the blocks: half of the steps and of the weights in memory.
TEST(Program, PruningSkipsSteps) {
  Config config = load_config("base").value();
  config.features.pruning = true;
  const Plan p = plan(config).value();
  bmt::RandomModelSpec spec;
  spec.hidden = 768;
  spec.heads = 12;
  spec.head_dim = 64;
  spec.ffn = 3072;
  spec.attention = bmt::Attention::kThreshold;
  spec.max_tokens = 128;
  spec.adversarial = false;
  const auto compiled = [&] { return compile(config, p, bmt::random_model(spec, 1), 128).value(); };
  const Compiled dense = compiled();
  spec.pruning = {64, 64};
  const Compiled pruned = compiled();
  EXPECT_EQ(weight_steps(dense.program), 2 * weight_steps(pruned.program));
  EXPECT_LT(pruned.image.bytes.size(), dense.image.bytes.size() * 6 / 10);
}

/// Removing a wait must not go unseen: every kind of dependence is needed by some program.
TEST(Program, InterpreterFindsMissingWaits) {
  const Config config = load_config("test-multi").value();
  const bmt::Model model =
      bmt::random_model(multi(bmt::InputKind::kTokens, bmt::Attention::kSoftmax, 1, 1), 7);
  const isa::Field waits[] = {isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx};
  for (const isa::Field& wait : waits) {
    Bench bench(config, model, {20, 9}, 1);
    for (std::size_t j = 0; j < bench.runs().size(); ++j) {
      Program& program = bench.runs()[j].program;
      for (isa::Instruction& i : program.instructions) i.set(wait, isa::kWaitNone);
      const std::vector<std::uint8_t> bytes = program.bytes();
      bench.memory().write(bench.jobs()[j].program, bytes);
    }
    bool found = false;
    for (std::uint64_t seed = 1; seed <= 20 && !found; ++seed) {
      Interpreter interpreter(config, bench.plan_value());
      Comparer comparer(bench.plan_value(), bench.runs());
      found =
          !interpreter.run(bench.jobs(), kModelBase, bench.memory(), {true, seed}, &comparer).ok();
    }
    EXPECT_TRUE(found) << wait.name;
  }
}

TEST(Program, FaultsHaveTheCodesOfTheArchitecture) {
  const Config config = load_config("test-multi").value();
  const bmt::Model model =
      bmt::random_model(multi(bmt::InputKind::kTokens, bmt::Attention::kSoftmax, 1, 1), 7);
  const auto code_after = [&](auto damage) {
    Bench bench(config, model, {5}, 1);
    damage(bench);
    Interpreter interpreter(config, bench.plan_value());
    const Status status = interpreter.run(bench.jobs(), kModelBase, bench.memory());
    EXPECT_FALSE(status.ok());
    return interpreter.fault() ? static_cast<int>(interpreter.fault()->code) : 0;
  };
  const auto byte = [](Bench& b, std::uint64_t offset) -> std::uint8_t& {
    return b.memory().bytes[b.jobs()[0].program + offset];
  };
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 0) ^= 1; }), 1);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 4) ^= 1; }), 1);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 8) ^= 1; }), 2);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 32) = 9; }), 3);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 12) = 3, byte(b, 13) = 0; }), 6);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 12) = byte(b, 13) = 0; }), 6);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 14) = 0x10; }), 1);
  EXPECT_EQ(code_after([&](Bench& b) { byte(b, 32) = 0xFF; }), 6);  // END before the last
  EXPECT_EQ(code_after([&](Bench& b) { b.memory().bytes.resize(kModelBase + 8); }), 4);
}

TEST(Program, RefusesModelsThatDoNotFit) {
  const Config config = load_config("micro").value();
  const Plan p = plan(config).value();
  const auto message = [&](const bmt::RandomModelSpec& spec) {
    const Result<ModelImage> image = build_image(config, p, bmt::random_model(spec, 1));
    return image ? std::string("fits") : image.error().message;
  };
  bmt::RandomModelSpec spec;
  spec.input = bmt::InputKind::kFeatures;
  spec.attention = bmt::Attention::kThreshold;
  spec.hidden = 32, spec.heads = 2, spec.head_dim = 16, spec.ffn = 64, spec.max_tokens = 16;
  spec.features = 16;
  EXPECT_EQ(message(spec), "fits");
  bmt::RandomModelSpec other = spec;
  other.attention = bmt::Attention::kSoftmax;
  EXPECT_NE(message(other).find("features.softmax"), std::string::npos);
  other = spec;
  other.input = bmt::InputKind::kTokens;
  EXPECT_NE(message(other).find("features.tokens"), std::string::npos);
  other = spec;
  other.ffn = 65;
  EXPECT_NE(message(other).find("limits.ffn is 64; nearest legal value is 65"), std::string::npos);
  other = spec;
  other.act_bits = 2;
  EXPECT_NE(message(other).find("features.act_bits is 1"), std::string::npos);
  other = spec;
  other.pruning = {8, 8};
  EXPECT_NE(message(other).find("features.pruning is false"), std::string::npos) << message(other);
  const Result<ModelImage> image = build_image(config, p, bmt::random_model(spec, 1));
  const Result<Program> program = compile_program(config, p, image.value(), 17);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.error().message.find("nearest legal value is 16"), std::string::npos);
}

TEST(Program, RefusesMasksThatItCannotSkip) {
  Config config = load_config("test-multi").value();  // 8 columns, words of 16 bits
  config.features.pruning = true;
  const auto message = [&](bmt::Pruning cut, unsigned matrices, int head_dim) {
    bmt::RandomModelSpec spec = multi(bmt::InputKind::kTokens, bmt::Attention::kSoftmax, 1, 1);
    spec.head_dim = head_dim;
    spec.pruning = cut;
    spec.pruned_matrices = matrices;
    const Plan p = plan(config).value();
    const Result<ModelImage> image = build_image(config, p, bmt::random_model(spec, 1));
    return image ? std::string("fits") : image.error().message;
  };
  EXPECT_EQ(message({16, 16}, bmt::kPrunedAll, 16), "fits");
  EXPECT_NE(message({8, 16}, bmt::kPrunedF1, 16)
                .find("layers.0.f1: inputs 0 .. 15 are one operand word (array.depth is 16), a "
                      "block of 8 ends among them"),
            std::string::npos);
  EXPECT_NE(message({24, 16}, bmt::kPrunedF2, 16).find("inputs 16 .. 31"), std::string::npos);
  EXPECT_EQ(message({16, 8}, bmt::kPrunedO | bmt::kPrunedF2, 16), "fits");
  EXPECT_NE(message({16, 8}, bmt::kPrunedF1, 16)
                .find("layers.0.f1: outputs 0 .. 15 belong together (array.cols is 8, array.depth "
                      "16), a group of 8 ends among them"),
            std::string::npos);
  EXPECT_NE(message({16, 4}, bmt::kPrunedO, 16).find("layers.0.o: outputs 0 .. 7"),
            std::string::npos);
  // Heads of 21: their words start at 0, 16, 21, 37.
  EXPECT_NE(message({16, 16}, bmt::kPrunedO, 21).find("layers.0.o: inputs 21 .. 36"),
            std::string::npos);
  EXPECT_NE(message({16, 16}, bmt::kPrunedQ, 21).find("layers.0.q: outputs 21 .. 36"),
            std::string::npos);
  EXPECT_EQ(message({21, 24}, bmt::kPrunedO, 21), "fits");
  config.array.depth = config.array.cols = 8;
  config.limits.hidden = 1000;
  config.limits.ffn = 2000;
  bmt::RandomModelSpec spec = multi(bmt::InputKind::kTokens, bmt::Attention::kSoftmax, 1, 1);
  spec.hidden = 900;
  spec.pruning = {8, 200};
  spec.pruned_matrices = bmt::kPrunedQ;
  spec.head_dim = 8;
  const Plan p = plan(config).value();
  const Result<ModelImage> image = build_image(config, p, bmt::random_model(spec, 1));
  ASSERT_FALSE(image.ok());
  EXPECT_NE(image.error().message.find("layers.0.q: a mask tells 24 operand words apart, at most "
                                       "96 with blocks of 4 words; a row has 113"),
            std::string::npos)
      << image.error().message;
}

}  // namespace
}  // namespace bat
