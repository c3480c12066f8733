// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx512f -mavx512vpopcntdq; called only where the processor has both.
#include <immintrin.h>

#include "models/bmt/kernel_tile.hpp"
#include "models/bmt/kernels_x86.hpp"

namespace bat::bmt {
namespace {

/// A whole panel of eight columns a vector, 64-bit counts.
struct Avx512 {
  using Word = __m512i;
  using Part = __m512i;
  using Sum = __m512i;
  static constexpr std::size_t kColumns = 8;
  static constexpr std::size_t kChunk = SIZE_MAX;

  static Sum zero_sum() { return _mm512_setzero_si512(); }
  static Part zero_part() { return _mm512_setzero_si512(); }
  static Word load(const std::uint64_t* p) { return _mm512_loadu_si512(p); }
  static Word broadcast(std::uint64_t v) { return _mm512_set1_epi64(static_cast<long long>(v)); }
  static Part count(Part part, Word a, Word b) {
    return _mm512_add_epi64(part, _mm512_popcnt_epi64(_mm512_xor_si512(a, b)));
  }
  static Sum add(Sum, Part part) { return part; }  // one chunk holds any row
  static void accumulate(std::int32_t* out, Sum sum, std::int32_t scale) {
    const __m256i scaled =
        _mm256_mullo_epi32(_mm512_maskz_cvtepi64_epi32(0xff, sum), _mm256_set1_epi32(scale));
    auto* p = reinterpret_cast<__m256i*>(out);
    _mm256_storeu_si256(p, _mm256_add_epi32(_mm256_loadu_si256(p), scaled));
  }
};

}  // namespace

void xor_popcount_avx512(const KernelArgs& args) { product<Avx512, 4, 4>(args); }

}  // namespace bat::bmt
