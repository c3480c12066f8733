// SPDX-License-Identifier: Apache-2.0
#include "verif/rows/rows_scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "models/bmt/primitives.hpp"

namespace bat::rows {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int8_t table_value(std::uint64_t row_addr, int j) {
  return static_cast<std::int8_t>(Bench::memory_byte(row_addr + static_cast<std::uint64_t>(j)));
}

void put_bits(std::vector<std::uint32_t>& word, int lsb, int width, std::int64_t value) {
  for (int i = 0; i < width; ++i) {
    if ((value >> i) & 1) word[at((lsb + i) / 32)] |= 1U << ((lsb + i) % 32);
  }
}

}  // namespace

Scenario::Scenario(std::uint64_t seed, const Pace& pace)
    : bench_(seed), pace_(pace), d_(static_cast<int>(pick(1, kMaxD))), tiles_(kRowTiles) {
  if (coin(40)) d_ = kMaxD;
  for (RowTile& tile : tiles_) {
    tile.rvalid = coin(30) ? static_cast<int>(pick(1, kTr)) : kTr;
    tile.res.assign(kTr, std::vector<std::int32_t>(at(d_)));
    tile.sum.assign(kTr, 0);
    tile.square.assign(kTr, 0);
  }
}

std::int64_t Scenario::pick(std::int64_t low, std::int64_t high) {
  return low +
         static_cast<std::int64_t>(bench_.rng()() % static_cast<std::uint64_t>(high - low + 1));
}

int Scenario::new_tag(std::function<void()> on_done) {
  pending_[next_tag_] = std::move(on_done);
  return next_tag_++;
}

bool Scenario::run(int jobs) {
  int created = 0;
  long last_progress = 0;
  while (created < jobs || !bench_.idle()) {
    if (created < jobs && pending_.size() < 12 && create()) ++created;
    bench_.cycle(pace_);
    for (const int tag : bench_.take_done()) {
      last_progress = bench_.cycles();
      if (tag < 0) continue;
      pending_.at(tag)();
      pending_.erase(tag);
    }
    if (bench_.failed()) return false;
    if (bench_.cycles() - last_progress > 60000) {
      ADD_FAILURE() << "nothing moves after cycle " << last_progress;
      return false;
    }
  }
  bench_.check_engine_writes();
  return !bench_.failed();
}

bool Scenario::create() {
  switch (pick(0, 9)) {
    case 0:
      return add_embed();
    case 1:
    case 2:
      return add_layernorm();
    case 3:
      return kFeatures && add_features();
    case 4:
    case 5:
      return add_residual();
    case 6:
      return kSoftmax && add_scores();
    case 7:
      return kSoftmax && add_softmax();
    case 8:
      return add_code();
    default:
      return add_logits();
  }
}

Writes Scenario::residual_writes(int rt, int first, int last, bool all_rows) const {
  Writes writes;
  const RowTile& tile = tiles_[at(rt)];
  for (int row = 0; row < (all_rows ? kTr : tile.rvalid); ++row) {
    for (int j = first; j < last; ++j) {
      const int bit = j % kLanes * 16;
      writes.push_back(
          {kTapRes + rt % 2, row, res_base(rt) + j / kLanes, bit / 64, 0xFFFFULL << (bit % 64),
           static_cast<std::uint64_t>(tile.res[at(row)][at(j)] & 0xFFFF) << (bit % 64)});
    }
  }
  return writes;
}

void Scenario::write_planes(Writes& writes, int mem, int row, int base, int stride, int planes,
                            const std::vector<std::int32_t>& codes) const {
  const int words = ceil_div(static_cast<int>(codes.size()), kTk);
  for (int p = 0; p < planes; ++p) {
    for (int w = 0; w < words; ++w) {
      for (int c = 0; c < ceil_div(kTk, 64); ++c) {
        const int bits = std::min(64, kTk);
        std::uint64_t data = 0;
        for (int i = 0; i < bits; ++i) {
          const std::size_t n = at(w * kTk + c * 64 + i);
          if (n < codes.size() && ((codes[n] >> p) & 1)) data |= 1ULL << i;
        }
        writes.push_back(
            {mem, row, base + p * stride + w, c, bits == 64 ? ~0ULL : (1ULL << bits) - 1, data});
      }
    }
  }
}

bool Scenario::add_embed() {
  const int rt = static_cast<int>(pick(0, kRowTiles - 1));
  RowTile& tile = tiles_[at(rt)];
  if (tile.busy) return false;
  const bool add = kTokens && tile.known && coin(50);
  const bool ids = kTokens && coin(40);
  const bool first = coin(10);
  const bool stat = kTokens && coin(60);
  const int eshift = static_cast<int>(pick(0, 7));
  const int n0 = static_cast<int>(pick(0, 300)) * kTr;
  const int in_row = static_cast<int>(pick(0, 40000));
  const int pos_rows = static_cast<int>(pick(0, 4096));
  const int nb = ceil_div(d_, kAxiBytes);
  const auto table = static_cast<std::uint64_t>(pick(0, 1 << 20));
  RowJob job;
  job.first = first;
  job.model_base = static_cast<std::uint64_t>(pick(0, 1 << 20)) * kAxiBytes;
  job.job_input = static_cast<std::uint64_t>(pick(0, 1 << 20)) * kAxiBytes;

  if (first) tokens_known_ = false;
  if (ids) {
    for (int r = 0; r < tile.rvalid; ++r) {
      std::uint32_t word = 0;
      for (int i = 0; i < 4; ++i) {
        word |= static_cast<std::uint32_t>(Bench::memory_byte(
                    job.job_input + static_cast<std::uint64_t>(4 * (in_row + r) + i)))
                << (8 * i);
      }
      tokens_[at(r)] = word;
      tokens_known_ = true;
    }
  }
  // The words of rows that no fetch reached are undefined.
  bool ids_defined = tokens_known_;
  for (int r = 0; r < tile.rvalid; ++r) ids_defined = ids_defined && tokens_[at(r)] != 0;
  const int kind = ids_defined && coin(50) ? 1 : 0;
  if (kind == 0 && tokens_known_ && !ids_defined) return add_embed();

  for (int r = 0; r < tile.rvalid; ++r) {
    std::uint64_t index = tokens_[at(r)] & 0xFFFFFFU;
    if (kind == 0) {
      const int segment = tokens_known_ ? static_cast<int>(tokens_[at(r)] >> 31) : 0;
      index = static_cast<std::uint64_t>(n0 + r + segment * pos_rows);
    }
    const std::uint64_t addr = job.model_base + (table + index * static_cast<std::uint64_t>(nb)) *
                                                    static_cast<std::uint64_t>(kAxiBytes);
    tile.sum[at(r)] = 0;
    tile.square[at(r)] = 0;
    for (int j = 0; j < d_; ++j) {
      std::int32_t& y = tile.res[at(r)][at(j)];
      y = bmt::sat16((add ? y : 0) + table_value(addr, j) * (1 << eshift));
      tile.sum[at(r)] += y;
      tile.square[at(r)] += static_cast<std::int64_t>(y) * y;
    }
  }
  job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kEmbed));
  job.instr.set(isa::kEmbedRt, static_cast<std::uint64_t>(rt));
  job.instr.set(isa::kEmbedDw, static_cast<std::uint64_t>(ceil_div(d_, kLanes)));
  job.instr.set(isa::kEmbedLastv, static_cast<std::uint64_t>((d_ - 1) % kLanes + 1));
  job.instr.set(isa::kEmbedNb, static_cast<std::uint64_t>(nb));
  job.instr.set(isa::kEmbedKind, static_cast<std::uint64_t>(kind));
  job.instr.set(isa::kEmbedIds, ids);
  job.instr.set(isa::kEmbedAdd, add);
  job.instr.set(isa::kEmbedStat, stat);
  job.instr.set(isa::kEmbedEshift, static_cast<std::uint64_t>(eshift));
  job.instr.set(isa::kEmbedN0, static_cast<std::uint64_t>(n0));
  job.instr.set(isa::kEmbedPosRows, static_cast<std::uint64_t>(pos_rows));
  job.instr.set(isa::kEmbedTable, table);
  job.instr.set(isa::kEmbedResBase, static_cast<std::uint64_t>(res_base(rt)));
  job.instr.set(isa::kEmbedInRow, static_cast<std::uint64_t>(in_row));
  job.instr.set(isa::kEmbedRvalid, static_cast<std::uint64_t>(tile.rvalid));
  job.writes = residual_writes(rt, 0, d_, false);
  tile.busy = true;
  tile.known = true;
  tile.stat = stat;
  job.tag = new_tag([&tile] { tile.busy = false; });
  bench_.push_row(std::move(job));
  return true;
}

bool Scenario::add_layernorm() {
  const int rt = static_cast<int>(pick(0, kRowTiles - 1));
  RowTile& tile = tiles_[at(rt)];
  if (tile.busy || !tile.stat) return false;
  const int dw = ceil_div(d_, kLanes);

  // Channel parameters: a block that is still in the ring, or a new one.
  std::size_t block = l_blocks_.size();
  if (!l_blocks_.empty() && coin(50))
    block = at(pick(0, static_cast<std::int64_t>(l_blocks_.size()) - 1));
  if (block == l_blocks_.size()) {
    LBlock fresh;
    const int range = coin(50) ? 32767 : 1500;
    std::vector<std::uint32_t> word;
    for (int j = 0; j < dw * kLanes; ++j) {
      const std::array<std::int32_t, 3> channel{
          static_cast<std::int32_t>(pick(-range - 1, range)),
          static_cast<std::int32_t>(pick(-range - 1, range)),
          static_cast<std::int32_t>(pick(-range * 100, range * 100))};
      fresh.channels.push_back(channel);
      if (j % kLanes == 0) word.assign(at(kLanes * 2), 0);
      put_bits(word, j % kLanes * 64, 16, channel[0]);
      put_bits(word, j % kLanes * 64 + 16, 16, channel[1]);
      put_bits(word, j % kLanes * 64 + 32, 32, channel[2]);
      if (j % kLanes == kLanes - 1) bench_.push_l(word);
    }
    l_blocks_.push_back(fresh);
  }
  const bool free = block == 0 && coin(70);
  const LBlock params = l_blocks_[block];
  if (free) l_blocks_.erase(l_blocks_.begin());

  const int shift = static_cast<int>(coin(70) ? pick(5, 14) : pick(1, 31));
  const int planes = 1 << pick(0, 3);
  const int q_mul = kMaxBits > 1 ? static_cast<int>(pick(1, 32767)) : 1;
  const int q_shift = static_cast<int>(coin(60) ? pick(6, 20) : pick(0, 31));
  const int words = ceil_div(d_, kTk);
  const int xb_base = rt * 8 * ceil_div(kMaxD, kTk);
  RowJob job;
  for (int r = 0; r < tile.rvalid; ++r) {
    const bmt::LayerNormStats stats = bmt::layernorm_stats(tile.sum[at(r)], tile.square[at(r)], d_);
    std::vector<std::int32_t> codes(at(d_));
    for (int j = 0; j < d_; ++j) {
      std::int32_t& y = tile.res[at(r)][at(j)];
      const auto& channel = params.channels[at(j)];
      y = bmt::layernorm_scale(bmt::layernorm_normalized(stats, d_, y),
                               static_cast<std::int16_t>(channel[0]),
                               static_cast<std::int16_t>(channel[1]), shift);
      codes[at(j)] = bmt::quantize(y, q_mul, channel[2], q_shift, planes);
    }
    if (r == 0 || planes <= kMaxBits)
      write_planes(job.writes, kTapXb, r, xb_base, words, planes, codes);
  }
  const Writes residuals = residual_writes(rt, 0, d_, false);
  job.writes.insert(job.writes.end(), residuals.begin(), residuals.end());
  job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kLn));
  job.instr.set(isa::kLnRt, static_cast<std::uint64_t>(rt));
  job.instr.set(isa::kLnDw, static_cast<std::uint64_t>(dw));
  job.instr.set(isa::kLnLastv, static_cast<std::uint64_t>((d_ - 1) % kLanes + 1));
  job.instr.set(isa::kLnD, static_cast<std::uint64_t>(d_));
  job.instr.set(isa::kLnLOff, block * at(dw));
  job.instr.set(isa::kLnLFree, free);
  job.instr.set(isa::kLnShift, static_cast<std::uint64_t>(shift));
  job.instr.set(isa::kLnQMul, static_cast<std::uint64_t>(q_mul));
  job.instr.set(isa::kLnQShift, static_cast<std::uint64_t>(q_shift));
  job.instr.set(isa::kLnPlanes, static_cast<std::uint64_t>(planes));
  job.instr.set(isa::kLnXbBase, static_cast<std::uint64_t>(xb_base));
  job.instr.set(isa::kLnXbPs, static_cast<std::uint64_t>(words));
  job.instr.set(isa::kLnResBase, static_cast<std::uint64_t>(res_base(rt)));
  job.instr.set(isa::kLnRvalid, static_cast<std::uint64_t>(tile.rvalid));
  tile.busy = true;
  tile.stat = false;
  job.tag = new_tag([&tile] { tile.busy = false; });
  bench_.push_row(std::move(job));
  return true;
}

bool Scenario::add_features() {
  const int base = kRowTiles * 8 * ceil_div(kMaxD, kTk);
  const int kw = (kDepth - base) / 8;
  if (features_busy_ || kw < 1) return false;
  const int k = static_cast<int>(pick(1, kw * kTk));
  const int words = ceil_div(k, kTk);
  const int nb = ceil_div(k, kAxiBytes);
  const int rvalid = static_cast<int>(coin(50) ? kTr : pick(1, kTr));
  const int n0 = coin(50) ? 0 : static_cast<int>(pick(0, 300)) * kTr;
  const int in_row = static_cast<int>(pick(1, 4000));
  RowJob job;
  job.job_input = static_cast<std::uint64_t>(pick(0, 1 << 20)) * kAxiBytes;
  for (int r = 0; r < rvalid; ++r) {
    std::vector<std::int32_t> codes(at(k), 0);
    for (int j = 0; j < k && n0 + r > 0; ++j) {
      codes[at(j)] = Bench::memory_byte(
          job.job_input + static_cast<std::uint64_t>((in_row + r - 1) * nb * kAxiBytes + j));
    }
    write_planes(job.writes, kTapXb, r, base, words, 8, codes);
  }
  job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kFeat));
  job.instr.set(isa::kFeatKw, static_cast<std::uint64_t>(words));
  job.instr.set(isa::kFeatK, static_cast<std::uint64_t>(k));
  job.instr.set(isa::kFeatNb, static_cast<std::uint64_t>(nb));
  job.instr.set(isa::kFeatN0, static_cast<std::uint64_t>(n0));
  job.instr.set(isa::kFeatXbBase, static_cast<std::uint64_t>(base));
  job.instr.set(isa::kFeatXbPs, static_cast<std::uint64_t>(words));
  job.instr.set(isa::kFeatInRow, static_cast<std::uint64_t>(in_row));
  job.instr.set(isa::kFeatRvalid, static_cast<std::uint64_t>(rvalid));
  features_busy_ = true;
  job.tag = new_tag([this] { features_busy_ = false; });
  bench_.push_row(std::move(job));
  return true;
}

Scenario::Affine Scenario::random_affine(int result_bits) {
  Affine affine;
  affine.bcast = coin(20);
  affine.acc_bits = static_cast<int>(pick(1, std::min(kAccW - 2, 28)));
  // Mostly results of about result_bits bits, so that neither saturation nor zero dominates.
  const int scale = 16 + affine.acc_bits;
  affine.shift =
      coin(80)
          ? static_cast<int>(std::clamp<std::int64_t>(scale - result_bits + pick(-2, 2), 0, 47))
          : static_cast<int>(pick(0, 47));
  for (int c = 0; c < (affine.bcast ? 1 : kTc); ++c) {
    affine.record.push_back({pick(0, 65535), kBr == 2 ? pick(0, 65535) : 0,
                             pick(-(std::int64_t{1} << scale), std::int64_t{1} << (scale - 2))});
  }
  return affine;
}

int Scenario::push_records(const Affine& affine) {
  int first = -1;
  for (int beat = 0; beat < (affine.bcast ? 1 : kBeats); ++beat) {
    std::vector<std::uint32_t> word(at(kLanes * 2 * kBr));
    for (int l = 0; l < kLanes; ++l) {
      if (affine.bcast && l > 0) {
        put_bits(word, l * 64 * kBr, 32, pick(0, 0xFFFFFFFF));  // not looked at
        continue;
      }
      const auto& [mul0, mul1, offset] = affine.record[at(affine.bcast ? 0 : beat * kLanes + l)];
      put_bits(word, l * 64 * kBr, 16, mul0);
      if (kBr == 2) put_bits(word, l * 64 * kBr + 16, 16, mul1);
      put_bits(word, l * 64 * kBr + 16 * kBr, 48, offset);
    }
    const int index = bench_.push_p(word);
    if (first < 0) first = index;
  }
  return first;
}

std::vector<std::vector<std::int64_t>> Scenario::fill_wide(Tile& tile, const Affine& affine,
                                                           bool free) {
  tile.bcast = affine.bcast;
  tile.shift = affine.shift;
  tile.p_addr = push_records(affine);
  tile.p_free = free ? (affine.bcast ? 1 : kBeats) : 0;
  tile.zz.assign(kTc, 0);
  if (kMaxBits > 1 && coin(30)) {  // with one bit only bit tiles have zero counts
    for (std::uint64_t& zz : tile.zz)
      zz = static_cast<std::uint64_t>(pick(0, (1LL << affine.acc_bits) - 1));
  }
  tile.acc.resize(at(kTr * kBr * kTc));
  std::vector<std::vector<std::int64_t>> v(kTr, std::vector<std::int64_t>(kTc));
  for (int r = 0; r < kTr; ++r) {
    for (int c = 0; c < kTc; ++c) {
      const auto& [mul0, mul1, offset] = affine.record[at(affine.bcast ? 0 : c)];
      std::int64_t total = offset;
      for (int b = 0; b < kBr; ++b) {
        const std::int64_t acc = pick(0, (std::int64_t{1} << affine.acc_bits) - 1);
        tile.acc[at((r * kBr + b) * kTc + c)] = static_cast<std::uint64_t>(acc);
        total += (b == 0 ? mul0 : mul1) * (acc - static_cast<std::int64_t>(tile.zz[at(c)]));
      }
      v[at(r)][at(c)] = total >> affine.shift;
    }
  }
  return v;
}

// Complete matrices onto one to three row tiles, their tiles interleaved at random with each other
// and other tiles.
bool Scenario::add_residual() {
  std::vector<int> chosen;
  for (int i = 0; i < 3; ++i) {
    const int rt = static_cast<int>(pick(0, kRowTiles - 1));
    if (!tiles_[at(rt)].busy && tiles_[at(rt)].known &&
        std::find(chosen.begin(), chosen.end(), rt) == chosen.end()) {
      chosen.push_back(rt);
    }
  }
  if (chosen.empty()) return false;
  const int column_tiles = ceil_div(d_, kTc);
  std::vector<int> next(chosen.size(), 0);
  for (const int rt : chosen) tiles_[at(rt)].busy = true;
  for (std::size_t left = chosen.size() * at(column_tiles); left > 0;) {
    const std::size_t i = at(pick(0, static_cast<std::int64_t>(chosen.size()) - 1));
    for (int run = static_cast<int>(pick(1, 3)); run > 0 && next[i] < column_tiles; --run, --left) {
      const int rt = chosen[i];
      const int t = next[i]++;
      RowTile& row_tile = tiles_[at(rt)];
      Tile tile;
      tile.out = static_cast<int>(isa::Out::kRes);
      tile.cvalid = std::min(kTc, d_ - t * kTc);
      tile.rt = rt;
      tile.res_addr = res_base(rt) + t * kBeats;
      tile.stat_first = t == 0;
      tile.skip0 = coin(20);
      const auto v = fill_wide(tile, random_affine(15), true);
      for (int r = 0; r < kTr; ++r) {
        if (t == 0) row_tile.sum[at(r)] = row_tile.square[at(r)] = 0;
        for (int c = 0; c < tile.cvalid; ++c) {
          std::int32_t& y = row_tile.res[at(r)][at(t * kTc + c)];
          y = bmt::sat16(y + (tile.skip0 && r == 0 ? 0 : v[at(r)][at(c)]));
          row_tile.sum[at(r)] += y;
          row_tile.square[at(r)] += static_cast<std::int64_t>(y) * y;
        }
      }
      tile.writes = residual_writes(rt, t * kTc, t * kTc + tile.cvalid, false);
      if (t == column_tiles - 1) {
        tile.done_tag = new_tag([&row_tile] {
          row_tile.busy = false;
          row_tile.stat = true;
        });
      }
      bench_.push_tile(std::move(tile));
      if (coin(15)) add_code();
      if (coin(15)) add_logits();
      if (kSoftmax && coin(15)) add_scores();
    }
  }
  return true;
}

bool Scenario::add_scores() {
  const int s = static_cast<int>(pick(0, 3));
  Slot& slot = slots_[at(s)];
  if (slot.busy) return false;
  const int keys = static_cast<int>(pick(1, kScoreDepth * kLanes));
  const int bits = static_cast<int>(pick(1, kScoreW));
  slot.busy = true;
  slot.score.assign(kTr, std::vector<std::int64_t>(at(keys)));
  for (int t = 0; t < ceil_div(keys, kTc); ++t) {
    Tile tile;
    tile.out = static_cast<int>(isa::Out::kScore);
    tile.cvalid = std::min(kTc, keys - t * kTc);
    tile.slot = s;
    tile.s_addr = t * kBeats;
    tile.s_first = t == 0;
    tile.zz.assign(kTc, 0);
    tile.acc.resize(at(kTr * kBr * kTc));
    for (int r = 0; r < kTr; ++r) {
      for (int c = 0; c < kTc; ++c) {
        const std::int64_t acc = pick(0, (std::int64_t{1} << bits) - 1);
        tile.acc[at(r * kBr * kTc + c)] = static_cast<std::uint64_t>(acc);
        if (c >= tile.cvalid) continue;
        const int n = t * kTc + c;
        slot.score[at(r)][at(n)] = acc;
        for (int i = 0; i < kScoreW; ++i) {
          const int bit = n % kLanes * kScoreW + i;
          tile.writes.push_back({kTapScore, r, s * kScoreDepth + n / kLanes, bit / 64,
                                 1ULL << (bit % 64), ((acc >> i) & 1) ? ~0ULL : 0});
        }
      }
    }
    if ((t + 1) * kTc >= keys) {
      tile.done_tag = new_tag([&slot] {
        slot.busy = false;
        slot.known = true;
      });
    }
    bench_.push_tile(std::move(tile));
  }
  return true;
}

bool Scenario::add_softmax() {
  const int s = static_cast<int>(pick(0, 3));
  Slot& slot = slots_[at(s)];
  if (slot.busy || !slot.known) return false;
  const int keys = static_cast<int>(slot.score[0].size());
  const int words = ceil_div(keys, kTk);
  const int bits = static_cast<int>(pick(1, kMaxBits));
  const int base = s * (kDepth / 8);  // the engine writes the upper half
  bmt::SoftmaxParams params;
  params.idx_mul = {static_cast<std::int32_t>(pick(0, 65535))};
  params.idx_shift = static_cast<int>(
      coin(70) ? std::min<std::int64_t>(31, pick(kScoreW, kScoreW + 8)) : pick(0, 31));
  params.prob_mul = {static_cast<std::int32_t>(coin(80) ? pick(1, 65535) : 65535)};
  params.prob_shift = static_cast<int>(coin(70) ? pick(24, 36) : pick(1, 47));
  RowJob job;
  for (int r = 0; r < kTr; ++r) {
    std::vector<std::int32_t> scores;
    for (const std::int64_t a : slot.score[at(r)])
      scores.push_back(static_cast<std::int32_t>(2 * a));
    std::vector<std::int32_t> codes(scores.size());
    bmt::softmax_codes(params, 0, scores, bits, codes);
    write_planes(job.writes, kTapAct, r, base, words, bits, codes);
  }
  job.instr.set(isa::kOp, static_cast<std::uint64_t>(isa::Op::kSmx));
  job.instr.set(isa::kSmxSlot, static_cast<std::uint64_t>(s));
  job.instr.set(isa::kSmxN, static_cast<std::uint64_t>(keys));
  job.instr.set(isa::kSmxWords, static_cast<std::uint64_t>(ceil_div(keys, kLanes)));
  job.instr.set(isa::kSmxIdxMul, static_cast<std::uint64_t>(params.idx_mul[0]));
  job.instr.set(isa::kSmxIdxShift, static_cast<std::uint64_t>(params.idx_shift));
  job.instr.set(isa::kSmxProbMul, static_cast<std::uint64_t>(params.prob_mul[0]));
  job.instr.set(isa::kSmxProbShift, static_cast<std::uint64_t>(params.prob_shift));
  job.instr.set(isa::kSmxOb, static_cast<std::uint64_t>(bits));
  job.instr.set(isa::kSmxDBase, static_cast<std::uint64_t>(base));
  job.instr.set(isa::kSmxDPs, static_cast<std::uint64_t>(words));
  slot.busy = true;
  job.tag = new_tag([&slot] { slot.busy = false; });
  bench_.push_smx(std::move(job));
  return true;
}

bool Scenario::add_code() {
  Tile tile;
  tile.out = static_cast<int>(isa::Out::kCode);
  tile.ob = static_cast<int>(pick(1, 8));
  tile.cvalid = static_cast<int>(pick(1, kTc));
  const auto v = fill_wide(tile, random_affine(tile.ob), true);
  tile.planes.assign(at(tile.ob), std::vector<bool>(at(kTr * kTc)));
  for (int r = 0; r < kTr; ++r) {
    for (int c = 0; c < kTc; ++c) {
      const std::int32_t code = bmt::clamp_code(v[at(r)][at(c)], tile.ob);
      for (int p = 0; p < tile.ob; ++p)
        tile.planes[at(p)][at(r * kTc + c)] = ((code >> p) & 1) != 0;
    }
  }
  tile.done_tag = new_tag([] {});
  bench_.push_tile(std::move(tile));
  return true;
}

bool Scenario::add_logits() {
  if (logits_busy_) return false;
  Tile tile;
  tile.out = static_cast<int>(isa::Out::kLogit);
  tile.cvalid = static_cast<int>(pick(1, kTc));
  tile.l_base = static_cast<int>(pick(0, 1000));
  const auto v = fill_wide(tile, random_affine(32), true);
  for (int c = 0; c < tile.cvalid; ++c) {
    tile.writes.push_back(
        {kTapLogit, 0, tile.l_base + c, 0, 0xFFFFFFFFULL,
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(bmt::sat32(v[0][at(c)])))});
  }
  logits_busy_ = true;  // the next logits may overwrite these before they are checked
  tile.done_tag = new_tag([this] { logits_busy_ = false; });
  bench_.push_tile(std::move(tile));
  return true;
}

}  // namespace bat::rows
