// SPDX-License-Identifier: Apache-2.0
// Binary matrix product against the same product in plain int8 loops. One thread; GOPS counts a
// multiply and an add: 2 * M * N * K a product.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>

#include "models/bmt/golden.hpp"
#include "models/bmt/kernels.hpp"
#include "models/bmt/random_model.hpp"

namespace bat::bmt {
namespace {

std::vector<std::uint64_t> random_words(int rows, int words) {
  std::mt19937_64 rng(1);
  std::vector<std::uint64_t> data(static_cast<std::size_t>(rows) * static_cast<std::size_t>(words));
  for (std::uint64_t& w : data) w = rng();
  return data;
}

void report(benchmark::State& state, int m, int n, int k) {
  const double operations = 2.0 * m * n * k * static_cast<double>(state.iterations());
  state.counters["GOPS"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsRate);
}

void binary(benchmark::State& state, Isa isa) {
  if (!supported(isa)) {
    state.SkipWithError("not supported by this processor");
    return;
  }
  const int m = static_cast<int>(state.range(0));
  const int n = static_cast<int>(state.range(1));
  const int k = static_cast<int>(state.range(2));
  const auto a = random_words(m, k / 64);
  const auto b = random_words(n, k / 64);
  const PackedColumns columns = pack_columns({b.data(), n, k / 64});
  std::vector<std::int32_t> out(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
  for (auto _ : state) {
    xor_popcount({a.data(), m, k / 64}, columns, 1, out, isa);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  report(state, m, n, k);
}

void plain_int8(benchmark::State& state) {
  const int m = static_cast<int>(state.range(0));
  const int n = static_cast<int>(state.range(1));
  const int k = static_cast<int>(state.range(2));
  const auto length = static_cast<std::size_t>(k);
  const std::vector<std::int8_t> a(static_cast<std::size_t>(m) * length, 1);
  const std::vector<std::int8_t> b(static_cast<std::size_t>(n) * length, -1);
  std::vector<std::int32_t> out(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
  for (auto _ : state) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int8_t* row = &a[i / static_cast<std::size_t>(n) * length];
      const std::int8_t* column = &b[i % static_cast<std::size_t>(n) * length];
      std::int32_t sum = 0;
      for (std::size_t j = 0; j < length; ++j) sum += row[j] * column[j];
      out[i] = sum;
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  report(state, m, n, k);
}

/// One layer of BERT-base at 128 tokens, everything included.
void golden_layer(benchmark::State& state) {
  RandomModelSpec spec;
  spec.hidden = 768;
  spec.heads = 12;
  spec.head_dim = 64;
  spec.ffn = 3072;
  spec.max_tokens = 128;
  spec.act_bits = static_cast<int>(state.range(0));
  const Model model = random_model(spec, 1);
  const GoldenModel golden(model);
  const Sample sample = random_sample(model, 128, 1);
  for (auto _ : state) benchmark::DoNotOptimize(golden.logits(sample).ok());
}

const std::vector<std::int64_t> kProjection = {128, 768, 768};

BENCHMARK_CAPTURE(binary, avx512, Isa::kAvx512)->Args(kProjection)->Args({128, 3072, 768});
BENCHMARK_CAPTURE(binary, avx2, Isa::kAvx2)->Args(kProjection)->Args({128, 3072, 768});
BENCHMARK_CAPTURE(binary, portable, Isa::kPortable)->Args(kProjection);
BENCHMARK(plain_int8)->Args(kProjection);
BENCHMARK(golden_layer)->Arg(1)->Arg(4)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bat::bmt

BENCHMARK_MAIN();
