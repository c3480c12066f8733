// SPDX-License-Identifier: Apache-2.0
#include "engine_model.hpp"

#include <bit>

#include "rtl_gen/program/isa.hpp"

namespace bat::engine {
namespace {

constexpr std::size_t index(int value) { return static_cast<std::size_t>(value); }

/// What the preload and the steps leave in a sum of the AND form (architecture section 2).
std::int64_t and_excess(int kw, int depth, int pa, int pb) {
  const std::int64_t a = pa == 1 ? 1 : std::int64_t{1} << pa;
  const std::int64_t b = pb == 1 ? 1 : std::int64_t{1} << pb;
  const std::int64_t planes = ((std::int64_t{1} << pa) - 1) * ((std::int64_t{1} << pb) - 1);
  return 2 * std::int64_t{depth} * kw * (a * b - planes) + (std::int64_t{1} << (pa + pb - 2)) - 1;
}

}  // namespace

Word random_word(Rng& rng) {
  Word word;
  word.part = {rng(), rng()};
  for (int i = kDepth; i < 128; ++i) word.set(i, false);
  return word;
}

int matches(const Word& a, const Word& b) {
  int same = 0;
  for (std::size_t p = 0; p < 2; ++p) same += std::popcount(~(a.part[p] ^ b.part[p]));
  return same - (128 - kDepth);  // unused bits are equal
}

int and_sum(const Word& a, const Word& b) {
  int sum = 0;
  for (std::size_t p = 0; p < 2; ++p) {
    sum += 2 * std::popcount(a.part[p] & b.part[p]) - std::popcount(a.part[p]);
  }
  return sum;
}

std::uint64_t wrap(std::int64_t value) {
  return static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << kAccBits) - 1);
}

std::array<std::uint32_t, 8> Qmm::encode() const {
  std::array<std::uint32_t, 8> words{};
  const auto put = [&](const isa::Field& field, std::int64_t value) {
    for (int i = 0; i < field.width; ++i) {
      const int at = field.lsb + i;
      words[index(at / 32)] |= static_cast<std::uint32_t>((value >> i) & 1) << (at % 32);
    }
  };
  put(isa::kQmmGrain, grain == 4 ? 3 : grain), put(isa::kQmmMask, static_cast<std::int64_t>(mask));
  if (kAndLanes && grain == 0) put(isa::kQmmZStep, z_step);
  put(isa::kOp, static_cast<int>(isa::Op::kQmm));
  put(isa::kQmmASrc, a_src), put(isa::kQmmABase, a_base), put(isa::kQmmAPs, a_ps);
  put(isa::kQmmPa, pa), put(isa::kQmmBSrc, b_src), put(isa::kQmmBBase, b_base);
  put(isa::kQmmPb, pb), put(isa::kQmmBr, br), put(isa::kQmmKw, kw), put(isa::kQmmNct, nct);
  put(isa::kQmmWFree, w_free), put(isa::kQmmOut, out), put(isa::kQmmShift, shift);
  put(isa::kQmmOb, ob), put(isa::kQmmRvalid, rvalid), put(isa::kQmmCvalid, cvalid);
  put(isa::kQmmRun, run), put(isa::kQmmTOff, t_off), put(isa::kQmmTFree, t_free);
  put(isa::kQmmBcast, bcast), put(isa::kQmmZUse, z_use), put(isa::kQmmZCnt, z_cnt);
  put(isa::kQmmZFirst, z_first), put(isa::kQmmZBase, z_base);
  if (writes_tiles()) {
    put(isa::kQmmDMem, d_mem), put(isa::kQmmDBase, d_base), put(isa::kQmmDSeg, d_seg);
    put(isa::kQmmDPs, d_ps), put(isa::kQmmDTg, d_tg), put(isa::kQmmFill, fill);
  } else if (out == static_cast<int>(isa::Out::kRes)) {
    put(isa::kQmmResBase, res_base), put(isa::kQmmRt, rt);
    put(isa::kQmmStatFirst, stat_first), put(isa::kQmmSkip0, skip0);
    put(isa::kQmmMaskHigh, static_cast<std::int64_t>(mask >> isa::kQmmMask.width));
  } else if (out == static_cast<int>(isa::Out::kScore)) {
    put(isa::kQmmSlot, slot), put(isa::kQmmSBase, s_base);
  } else {
    put(isa::kQmmLBase, l_base);
  }
  return words;
}

std::vector<int> Qmm::places() const {
  std::vector<int> list;
  for (int at = 0; static_cast<int>(list.size()) < kw; ++at) {
    if (grain == 0 || (mask >> (at / grain) & 1) != 0) list.push_back(at);
  }
  return list;
}

/// Tile writer address of the present tile.
struct Model::Walk {
  int tile = 0;
  int segment = 0;
  bool seg_first = true;
  int seg = 0;
  int addr = 0;
  int grp = 0;
  bool last = false;
  bool seg_last = false;
};

Model::Model(Rng& rng)
    : act(kRows, std::vector<Word>(kActWords)),
      xb(act),
      k(kCols, std::vector<Word>(kOperandWords)),
      v(k),
      z(kCols, std::vector<std::uint64_t>(kZeroWords)),
      rng_(rng) {
  for (auto& row : xb) {
    for (Word& word : row) word = random_word(rng_);
  }
}

const std::vector<Word>& Model::weight(int i) {
  while (static_cast<int>(weights_.size()) <= i) {
    std::vector<Word> word;
    for (int c = 0; c < kCols; ++c) word.push_back(random_word(rng_));
    weights_.push_back(word);
  }
  return weights_[index(i)];
}

const std::vector<int>& Model::thresholds(int i) {
  while (static_cast<int>(thresholds_.size()) <= i) {
    std::vector<int> word;
    for (int p = 0; p < kParBits / 16; ++p) {
      // Mostly near what sums reach, sometimes the extremes.
      const int small = static_cast<int>(rng_() % index(4 * kDepth)) - kDepth;
      const int any = static_cast<int>(rng_() % 65536) - 32768;
      word.push_back(rng_() % 8 == 0 ? any : small);
    }
    thresholds_.push_back(word);
  }
  return thresholds_[index(i)];
}

std::int64_t Model::sum(const Qmm& q, int tile, int branch, int row, int col) {
  const Memory& a = q.a_src == 0 ? act : xb;
  const std::vector<int> words = q.places();
  std::int64_t total = 0;
  for (int i = 0; i < q.pa; ++i) {
    for (int j = 0; j < q.pb; ++j) {
      for (int w = 0; w < q.kw; ++w) {
        const Word& x = a[index(row)][index(q.a_base + i * q.a_ps + words[index(w)])];
        const int at = q.b_base + ((tile * q.br + branch) * q.pb + j) * q.kw + w;
        const Word& y = q.b_src == 0   ? weight(w_tail_ + at)[index(col)]
                        : q.b_src == 1 ? k[index(col)][index(at)]
                                       : v[index(col)][index(at)];
        const std::int64_t step = kAndLanes ? and_sum(x, y) : matches(x, y);
        total += step * (std::int64_t{1} << (i + j));
      }
    }
  }
  return total;
}

std::int64_t Model::threshold(const Qmm& q, int tile, int col) {
  if (q.bcast != 0) return thresholds(t_tail_ + q.t_off)[0];
  const int per_word = kParBits / 16;
  const int word = t_tail_ + q.t_off + tile * kTileWords + col / per_word;
  return thresholds(word)[index(col % per_word)];
}

std::int64_t Model::zeros(const Qmm& q, int tile, int col) const {
  if (q.z_use == 0) return 0;
  const int step = kAndLanes ? q.z_step : 1;
  return static_cast<std::int64_t>(z[index(col)][index(q.z_base + tile * step)]);
}

/// AND form: what a sum shows beyond U.
std::int64_t Model::excess(const Qmm& q, int tile, int col, int branch) const {
  if (!kAndLanes) return 0;
  // Zero counts belong to sums of one branch.
  const std::int64_t counted =
      kMaxBits == 1 && branch == 0 ? zeros(q, tile, col) << (q.pa + q.pb - 2) : 0;
  return and_excess(q.kw, kDepth, q.pa, q.pb) + counted;
}

/// What the drain takes from a sum.
std::int64_t Model::zz(const Qmm& q, int tile, int col) const {
  const std::int64_t counted = ((std::int64_t{1} << q.pa) - 1) * zeros(q, tile, col);
  if (!kAndLanes) return counted;
  if (kMaxBits == 1) return 0;
  return (q.b_src != 0 ? and_excess(q.kw, kDepth, q.pa, q.pa) : 0) - counted;
}

/// Zeros of keys, a count a token and head (segment).
void Model::count_keys(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits) {
  for (int r = 0; r < kRows; ++r) {
    std::uint64_t& count = z[index(q.d_tg * kRows + r)][index(q.z_base + at.segment)];
    if (q.z_first != 0 && plane == 0 && at.seg_first) count = 0;
    for (int c = 0; c < (at.seg_last ? q.cvalid : kCols); ++c) {
      count += bits[index(r * kCols + c)] ? 0 : std::uint64_t{1} << plane;
    }
    count &= 0xffff;
  }
}

void Model::write_v(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits,
                    int addr) {
  for (int c = 0; c < kCols; ++c) {
    Word& word = v[index(c)][index(addr)];
    int zeros = 0;
    for (int r = 0; r < kRows; ++r) {
      const bool bit = r >= q.rvalid || bits[index(r * kCols + c)];
      zeros += !bit;
      word.set(q.d_tg * kRows + r, bit);
    }
    if (q.fill != 0) {
      for (int i = (q.d_tg + 1) * kRows; i < kDepth; ++i) word.set(i, true);
    }
    if (!kAndLanes && q.z_cnt != 0) {
      std::uint64_t& count = z[index(c)][index(q.z_base + at.tile)];
      if (q.z_first != 0 && plane == 0) count = 0;
      count = (count + (static_cast<std::uint64_t>(zeros) << plane)) & 0xffff;
    }
  }
}

void Model::write_plane(const Qmm& q, const Walk& at, int plane, const std::vector<bool>& bits,
                        Effect& effect) {
  const int addr = at.addr + plane * q.d_ps;
  const bool fill = q.d_mem == 2 ? q.fill != 0 : at.seg_last;
  TileWrite write{q.d_mem, addr, at.grp, q.d_tg, fill, {}};
  const auto counts = [&](int c) { return !at.seg_last || c < q.cvalid; };
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kCols; ++c) {
      write.act_bits.push_back(counts(c) && bits[index(r * kCols + c)]);
    }
    if (q.d_mem == 2) continue;
    const bool pad = q.d_mem == 1;
    Word& word = pad ? k[index(q.d_tg * kRows + r)][index(addr)] : act[index(r)][index(addr)];
    for (int c = 0; c < kCols; ++c) {
      word.set(at.grp * kCols + c, counts(c) ? bits[index(r * kCols + c)] : pad);
    }
    if (at.seg_last) {
      for (int i = (at.grp + 1) * kCols; i < kDepth; ++i) word.set(i, pad);
    }
  }
  if (q.d_mem == 2) write_v(q, at, plane, bits, addr);
  if (kAndLanes && q.d_mem == 1 && q.z_cnt != 0) count_keys(q, at, plane, bits);
  effect.writes.push_back(write);
}

WideTile Model::describe(const Qmm& q, const Walk& at) const {
  WideTile t;
  const bool code = q.out == 1;
  t.out = q.out;
  t.shift = q.shift;
  t.ob = q.ob;
  t.cvalid = (code ? at.seg_last : at.last) ? q.cvalid : kCols;
  t.p_addr = (p_tail_ + q.t_off + (q.bcast != 0 ? 0 : at.tile * kBeats)) & 0xffff;
  t.bcast = q.bcast;
  t.res_addr = q.res_base + at.tile * kBeats;
  t.rt = q.rt;
  t.stat_first = q.stat_first != 0 && at.tile == 0;
  t.skip0 = q.skip0;
  t.slot = q.slot;
  t.s_addr = q.s_base + at.tile * kBeats;
  t.s_first = q.s_base == 0 && at.tile == 0;
  t.l_base = q.l_base + at.tile * kCols;
  const bool free = q.t_free != 0 && q.uses_p() && at.last;
  t.p_free = free ? q.t_off + (q.bcast != 0 ? 1 : q.nct * kBeats) : 0;
  t.branches = q.br;
  return t;
}

Effect Model::execute(const Qmm& q) {
  Effect effect;
  Walk at;
  at.seg = at.addr = q.d_base;
  int in_run = 0;
  for (at.tile = 0; at.tile < q.nct; ++at.tile) {
    at.last = at.tile == q.nct - 1;
    at.seg_last = at.last || in_run == q.run - 1;
    std::vector<bool> bits(kRows * kCols);
    WideTile wide = describe(q, at);
    for (int branch = 0; branch < q.br; ++branch) {
      for (int r = 0; r < kRows; ++r) {
        for (int c = 0; c < kCols; ++c) {
          const std::int64_t a = sum(q, at.tile, branch, r, c);
          wide.acc.push_back(wrap(a + excess(q, at.tile, c, branch)));
          if (!q.bit()) continue;
          const std::int64_t count = zeros(q, at.tile, c);
          const std::int64_t t = threshold(q, at.tile, c) + (kAndLanes ? -count : count);
          bits[index(r * kCols + c)] = a >= t;
        }
      }
    }
    if (q.bit()) {
      write_plane(q, at, 0, bits, effect);
    } else {
      for (int c = 0; c < kCols; ++c) {
        wide.zz.push_back(wrap(zz(q, at.tile, c)));
      }
      for (int p = 0; q.out == 1 && p < q.ob; ++p) {
        for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = rng_() % 2 != 0;
        wide.codes.push_back(bits);
        write_plane(q, at, p, bits, effect);
      }
      effect.wide.push_back(wide);
    }
    ++in_run;
    at.seg_first = at.seg_last;
    if (at.seg_last) {
      ++at.segment;
      at.seg += q.d_seg;
      at.addr = at.seg;
      at.grp = in_run = 0;
    } else if (q.d_mem != 2 && ++at.grp == kDepth / kCols) {
      at.grp = 0;
      ++at.addr;
    }
  }
  const int b_words = q.nct * q.br * q.pb * q.kw;
  const int t_words = q.bcast != 0 ? 1 : q.nct * kTileWords;
  if (q.b_src == 0) effect.w_end = w_tail_ + q.b_base + b_words;
  if (q.bit()) effect.t_end = t_tail_ + q.t_off + t_words;
  if (q.b_src == 0 && q.w_free != 0) w_tail_ += b_words;
  if (q.bit() && q.t_free != 0) t_tail_ += q.t_off + t_words;
  if (q.uses_p() && q.t_free != 0) p_tail_ += q.t_off + (q.bcast != 0 ? 1 : q.nct * kBeats);
  return effect;
}

}  // namespace bat::engine
