// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/kernels.hpp"

#include <bit>
#include <cstddef>

#include "models/bmt/kernel_tile.hpp"
#ifdef BAT_X86_KERNELS
#include "models/bmt/kernels_x86.hpp"
#endif

namespace bat::bmt {
namespace {

struct Portable {
  using Word = std::uint64_t;
  using Part = std::int64_t;
  using Sum = std::int64_t;
  static constexpr std::size_t kColumns = 1;
  static constexpr std::size_t kChunk = SIZE_MAX;

  static Sum zero_sum() { return 0; }
  static Part zero_part() { return 0; }
  static Word load(const std::uint64_t* p) { return *p; }
  static Word broadcast(std::uint64_t v) { return v; }
  static Part count(Part part, Word a, Word b) { return part + std::popcount(a ^ b); }
  static Sum add(Sum, Part part) { return part; }
  static void accumulate(std::int32_t* out, Sum sum, std::int32_t scale) {
    *out += static_cast<std::int32_t>(sum) * scale;
  }
};

}  // namespace

PackedColumns pack_columns(BitRows rows) {
  PackedColumns packed;
  packed.columns = rows.rows;
  packed.row_words = rows.row_words;
  const auto words = static_cast<std::size_t>(rows.row_words);
  const auto columns = static_cast<std::size_t>(rows.rows);
  packed.words.assign((columns + kPanel - 1) / kPanel * kPanel * words, 0);
  for (std::size_t n = 0; n < columns; ++n) {
    std::uint64_t* to = packed.words.data() + n / kPanel * kPanel * words + n % kPanel;
    for (std::size_t w = 0; w < words; ++w) to[w * kPanel] = rows.words[n * words + w];
  }
  return packed;
}

const char* name(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "unknown";
}

bool supported(Isa isa) {
#ifdef BAT_X86_KERNELS
  if (isa == Isa::kAvx2) return __builtin_cpu_supports("avx2") != 0;
  if (isa == Isa::kAvx512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vpopcntdq") != 0;
  }
#endif
  return isa == Isa::kPortable;
}

Isa best_isa() {
  static const Isa best = supported(Isa::kAvx512) ? Isa::kAvx512
                          : supported(Isa::kAvx2) ? Isa::kAvx2
                                                  : Isa::kPortable;
  return best;
}

void xor_popcount(BitRows a, const PackedColumns& b, std::int32_t scale,
                  std::span<std::int32_t> out, Isa isa) {
  const KernelArgs args{a.words,
                        static_cast<std::size_t>(a.rows),
                        b.words.data(),
                        static_cast<std::size_t>(b.columns),
                        static_cast<std::size_t>(a.row_words),
                        scale,
                        out.data()};
#ifdef BAT_X86_KERNELS
  if (isa == Isa::kAvx512) return xor_popcount_avx512(args);
  if (isa == Isa::kAvx2) return xor_popcount_avx2(args);
#endif
  if (isa == Isa::kPortable) product<Portable, 4, 1>(args);
}

}  // namespace bat::bmt
