// SPDX-License-Identifier: Apache-2.0
// Reference of the QMM engine: executes one instruction at a time straight from
// docs/architecture.md sections 2, 3 and 5 and says what the hardware must write and hand to the
// drain.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "shape.hpp"  // of the bench, see bench_top.cpp

namespace bat::engine {

using Rng = std::mt19937_64;

/// One operand word, TK <= 128 bits; unused bits are 0.
struct Word {
  std::array<std::uint64_t, 2> part{};

  bool get(int i) const { return (part[static_cast<std::size_t>(i / 64)] >> (i % 64)) & 1; }
  void set(int i, bool v) {
    std::uint64_t& p = part[static_cast<std::size_t>(i / 64)];
    p = (p & ~(std::uint64_t{1} << (i % 64))) | (std::uint64_t{v} << (i % 64));
  }
  bool operator==(const Word&) const = default;
};

Word random_word(Rng& rng);
/// Lanes of TK in which both agree.
int matches(const Word& a, const Word& b);
/// AND form: 2 popcount(a AND b) - popcount(a).
int and_sum(const Word& a, const Word& b);
/// `value` modulo 2^AccW.
std::uint64_t wrap(std::int64_t value);

/// Fields of a QMM instruction by their names in the architecture.
struct Qmm {
  int a_src = 0, a_base = 0, a_ps = 0, pa = 1;
  int b_src = 0, b_base = 0, pb = 1, br = 1, kw = 1, nct = 1, w_free = 0;
  int out = 0, shift = 0, ob = 1, rvalid = 1, cvalid = 1, run = 1;
  int t_off = 0, t_free = 0, bcast = 0, z_use = 0, z_cnt = 0, z_first = 0, z_base = 0;
  int z_step = 1;  ///< of the AND form, written where there is no mask
  int d_mem = 0, d_base = 0, d_seg = 0, d_ps = 0, d_tg = 0, fill = 0;  // BIT, CODE
  int res_base = 0, rt = 0, stat_first = 0, skip0 = 0;                 // RES
  int slot = 0, s_base = 0;                                            // SCORE
  int l_base = 0;                                                      // LOGIT
  int grain = 0;           ///< words of a mask bit; 0: no mask
  std::uint64_t mask = 0;  ///< over operand A words, for shapes with masks

  bool bit() const { return out == 0; }
  bool writes_tiles() const { return out <= 1; }
  bool uses_p() const { return out == 1 || out == 2 || out == 4; }
  /// Places of the kw operand A words.
  std::vector<int> places() const;
  std::array<std::uint32_t, 8> encode() const;
};

/// Operand words in both directions: index, then row or column.
using Memory = std::vector<std::vector<Word>>;

struct TileWrite {
  int mem = 0, addr = 0, grp = 0, tg = 0;
  bool fill = false;
  std::vector<bool> act_bits;  ///< row-major, columns that do not count are 0
};

struct WideTile {
  int out = 0, shift = 0, ob = 0, cvalid = 0, p_addr = 0, bcast = 0, res_addr = 0, rt = 0;
  int stat_first = 0, skip0 = 0, slot = 0, s_addr = 0, s_first = 0, l_base = 0, p_free = 0;
  int branches = 1;
  std::vector<std::uint64_t> acc;        ///< [branch][row][column], modulo 2^AccW
  std::vector<std::uint64_t> zz;         ///< [column]
  std::vector<std::vector<bool>> codes;  ///< [plane][row * TC + column], chosen at random
};

/// What one instruction does.
struct Effect {
  std::vector<TileWrite> writes;
  std::vector<WideTile> wide;
  int w_end = 0, t_end = 0;  ///< ring words (absolute) that must have been written
};

class Model {
 public:
  explicit Model(Rng& rng);

  Effect execute(const Qmm& q);

  /// Ring contents by absolute index; grown at random as instructions ask for more.
  const std::vector<Word>& weight(int index);
  const std::vector<int>& thresholds(int index);

  Memory act, xb;                             ///< [row][word]
  Memory k, v;                                ///< [column][word]
  std::vector<std::vector<std::uint64_t>> z;  ///< [column][word]
  int w_tail() const { return w_tail_; }
  int t_tail() const { return t_tail_; }

 private:
  struct Walk;
  std::int64_t sum(const Qmm& q, int tile, int branch, int row, int col);
  std::int64_t threshold(const Qmm& q, int tile, int col);
  std::int64_t zeros(const Qmm& q, int tile, int col) const;
  std::int64_t excess(const Qmm& q, int tile, int col, int branch) const;
  std::int64_t zz(const Qmm& q, int tile, int col) const;
  void write_plane(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits,
                   Effect& effect);
  void count_keys(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits);
  void write_v(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits, int addr);
  WideTile describe(const Qmm& q, const Walk& at) const;

  Rng& rng_;
  std::vector<std::vector<Word>> weights_;
  std::vector<std::vector<int>> thresholds_;
  int w_tail_ = 0, t_tail_ = 0, p_tail_ = 0;
};

inline constexpr int kActWords = 64;
inline constexpr int kParBits = kLanes * 64 * kBranches;
inline constexpr int kTileWords = kCols * 16 > kParBits ? kCols * 16 / kParBits : 1;  // TP
inline constexpr int kBeats = kCols / kLanes;

}  // namespace bat::engine
