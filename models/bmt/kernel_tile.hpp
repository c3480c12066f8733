// SPDX-License-Identifier: Apache-2.0
// Register-blocked loop shared by the kernels. Each kernel's source file is compiled for its own
// instruction set, so everything here has internal linkage: no function built for a newer processor
// can replace another file's copy. For the same reason nothing of the standard library is called.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bat::bmt {

/// Arguments of one product, as for `xor_popcount`.
struct KernelArgs {
  const std::uint64_t* a;
  std::size_t rows;
  const std::uint64_t* b;
  std::size_t columns;
  std::size_t words;
  std::int32_t scale;
  std::int32_t* out;
};

namespace {

constexpr std::size_t kPanel = 8;

/// `V` supplies the vectors: kColumns columns each, Word (bits), Part (counts of up to kChunk
/// words) and Sum (counts of a whole row). R rows by P panels of sums stay in registers.
template <class V, std::size_t R, std::size_t P>
inline void tile(const KernelArgs& k, std::size_t row, std::size_t panel) {
  constexpr std::size_t kVectors = P * kPanel / V::kColumns;
  constexpr std::size_t kPerPanel = kPanel / V::kColumns;
  const std::uint64_t* a = k.a + row * k.words;
  const std::uint64_t* b = k.b + panel * k.words * kPanel;
  typename V::Sum sum[R][kVectors];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = V::zero_sum();
  }
  for (std::size_t w = 0; w < k.words;) {
    const std::size_t end = k.words - w > V::kChunk ? w + V::kChunk : k.words;
    typename V::Part part[R][kVectors];
    for (std::size_t r = 0; r < R; ++r) {
      for (std::size_t v = 0; v < kVectors; ++v) part[r][v] = V::zero_part();
    }
    for (; w < end; ++w) {
      typename V::Word column[kVectors];
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::size_t word = (v / kPerPanel) * k.words + w;
        column[v] = V::load(b + word * kPanel + (v % kPerPanel) * V::kColumns);
      }
      for (std::size_t r = 0; r < R; ++r) {
        const typename V::Word value = V::broadcast(a[r * k.words + w]);
        for (std::size_t v = 0; v < kVectors; ++v) {
          part[r][v] = V::count(part[r][v], value, column[v]);
        }
      }
    }
    for (std::size_t r = 0; r < R; ++r) {
      for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = V::add(sum[r][v], part[r][v]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t n = panel * kPanel + v * V::kColumns;
      if (n >= k.columns) continue;
      std::int32_t* out = k.out + (row + r) * k.columns + n;
      if (n + V::kColumns <= k.columns) {
        V::accumulate(out, sum[r][v], k.scale);
        continue;
      }
      std::int32_t counts[V::kColumns] = {};
      V::accumulate(counts, sum[r][v], k.scale);
      for (std::size_t c = 0; n + c < k.columns; ++c) out[c] += counts[c];
    }
  }
}

/// All rows of `P` panels; the panels stay in the first-level cache.
template <class V, std::size_t R, std::size_t P>
inline void panels(const KernelArgs& k, std::size_t panel) {
  std::size_t row = 0;
  for (; row + R <= k.rows; row += R) tile<V, R, P>(k, row, panel);
  for (; row < k.rows; ++row) tile<V, 1, P>(k, row, panel);
}

template <class V, std::size_t R, std::size_t P>
inline void product(const KernelArgs& k) {
  const std::size_t count = (k.columns + kPanel - 1) / kPanel;
  std::size_t panel = 0;
  for (; panel + P <= count; panel += P) panels<V, R, P>(k, panel);
  for (; panel < count; ++panel) panels<V, R, 1>(k, panel);
}

}  // namespace
}  // namespace bat::bmt
