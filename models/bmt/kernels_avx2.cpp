// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2; called only where the processor has it.
#include <immintrin.h>

#include "models/bmt/kernel_tile.hpp"
#include "models/bmt/kernels_x86.hpp"

namespace bat::bmt {
namespace {

/// Four columns a vector. Counts are bytes first: 31 words of at most 8 ones a byte stay below 256.
struct Avx2 {
  using Word = __m256i;
  using Part = __m256i;
  using Sum = __m256i;
  static constexpr std::size_t kColumns = 4;
  static constexpr std::size_t kChunk = 31;

  static Sum zero_sum() { return _mm256_setzero_si256(); }
  static Part zero_part() { return _mm256_setzero_si256(); }
  static Word load(const std::uint64_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Word broadcast(std::uint64_t v) { return _mm256_set1_epi64x(static_cast<long long>(v)); }
  static Part count(Part part, Word a, Word b) {
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i x = _mm256_xor_si256(a, b);
    const __m256i low = _mm256_shuffle_epi8(ones, _mm256_and_si256(x, nibble));
    const __m256i high =
        _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi64(x, 4), nibble));
    return _mm256_add_epi8(part, _mm256_add_epi8(low, high));
  }
  static Sum add(Sum sum, Part part) {
    return _mm256_add_epi64(sum, _mm256_sad_epu8(part, _mm256_setzero_si256()));
  }
  static void accumulate(std::int32_t* out, Sum sum, std::int32_t scale) {
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    const __m128i counts = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(sum, even));
    const __m128i scaled = _mm_mullo_epi32(counts, _mm_set1_epi32(scale));
    auto* p = reinterpret_cast<__m128i*>(out);
    _mm_storeu_si128(p, _mm_add_epi32(_mm_loadu_si128(p), scaled));
  }
};

}  // namespace

void xor_popcount_avx2(const KernelArgs& args) { product<Avx2, 4, 1>(args); }

}  // namespace bat::bmt
