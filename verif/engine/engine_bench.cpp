// SPDX-License-Identifier: Apache-2.0
#include "engine_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "Vengine_top.h"
#include "rtl_gen/program/isa.hpp"
#include "verilated.h"

namespace {

/// The bench whose model is being evaluated; memories report to it.
bat::engine::Bench* g_active = nullptr;

}  // namespace

extern "C" void bat_tap_write(int mem, int slice, int addr, int chunk, long long mask,
                              long long data) {
  if (g_active == nullptr) return;
  g_active->tap(mem, slice, addr, chunk, static_cast<std::uint64_t>(mask),
                static_cast<std::uint64_t>(data));
}

namespace bat::engine {
namespace {

constexpr std::size_t index(int value) { return static_cast<std::size_t>(value); }
constexpr int kColumnsPerWrite = kWriteBits / kDepth;
constexpr int kWriteGroups = kCols / kColumnsPerWrite;

/// Bit i of a port of any width.
template <typename T>
bool get_bit(const T& port, int i) {
  return (port >> i) & 1;
}
template <std::size_t N>
bool get_bit(const VlWide<N>& port, int i) {
  return (port[index(i / 32)] >> (i % 32)) & 1;
}
template <typename T>
void put_bit(T& port, int i, bool value) {
  const T mask = static_cast<T>(T{1} << i);
  port = static_cast<T>(value ? port | mask : port & static_cast<T>(~mask));
}
template <std::size_t N>
void put_bit(VlWide<N>& port, int i, bool value) {
  put_bit(port[index(i / 32)], i % 32, value);
}
template <typename T>
std::uint64_t get_field(const T& port, int lsb, int width) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= std::uint64_t{get_bit(port, lsb + i)} << i;
  return value;
}

/// `a` is in front of `b` on a ring counted modulo 2^16.
int distance(int a, int b) { return a - b; }

}  // namespace

Bench::Bench(std::uint64_t seed)
    : rng_(seed),
      context_(std::make_unique<VerilatedContext>()),
      top_(std::make_unique<Vengine_top>(context_.get())),
      model_(rng_),
      t_memory_(kTRing, std::vector<int>(kParBits / 16)),
      act_(model_.act),
      k_(model_.k),
      v_(model_.v) {
  w_.depth = kWRing;
  t_.depth = kTRing;
  g_active = this;
  top_->clk_i = 0;
  top_->rst_ni = 0;
  top_->eval();
  for (int i = 0; i < 4; ++i) {
    top_->clk_i = !top_->clk_i;
    top_->eval();
  }
  top_->rst_ni = 1;
  top_->eval();
}

Bench::~Bench() {
  top_->final();
  g_active = nullptr;
}

void Bench::fail(const std::string& what) {
  if (!failed_) {
    ADD_FAILURE() << "cycle " << counts_.cycles << ", " << done_ << " instructions done: " << what;
  }
  failed_ = true;
}

void Bench::expect(const char* what, std::uint64_t got, std::uint64_t want) {
  if (got != want)
    fail(std::string(what) + " is " + std::to_string(got) + ", expected " + std::to_string(want));
}

void Bench::tap(int mem, int slice, int addr, int chunk, std::uint64_t mask, std::uint64_t data) {
  if (mem != static_cast<int>(isa::Tap::kK) && mem != static_cast<int>(isa::Tap::kV)) return;
  Memory& memory = mem == static_cast<int>(isa::Tap::kK) ? k_ : v_;
  if (addr >= kOperandWords) return fail("write outside of a memory");
  std::uint64_t& part = memory[index(slice)][index(addr)].part[index(chunk)];
  part = (part & ~mask) | (data & mask);
}

/// Nothing in flight writes what the instruction reads, and no late code plane can overtake it.
bool Bench::ready_for(const Qmm& q) const {
  return std::none_of(flights_.begin(), flights_.end(), [&](const Flight& f) {
    if (!f.q.writes_tiles()) return false;
    const bool a = q.a_src == 0 && f.q.d_mem == 0;
    const bool b = q.b_src != 0 && f.q.d_mem == q.b_src;
    const bool z = q.z_use != 0 && f.q.z_cnt != 0;
    const bool overtaken = q.bit() && !f.q.bit() && q.d_mem == f.q.d_mem;
    return a || b || z || overtaken;
  });
}

void Bench::drive_instr(const std::vector<Qmm>& program, const Pace& pace) {
  if (!offered_) {
    top_->instr_valid_i = 0;
    if (next_ == program.size()) return;
    const Qmm& q = program[next_];
    if ((pace.hazards && !ready_for(q)) || !chance(pace.instr)) return;
    const auto words = q.encode();
    for (std::size_t i = 0; i < words.size(); ++i) top_->instr_i[i] = words[i];
    top_->instr_valid_i = 1;
    offered_ = true;
    const Effect effect = model_.execute(q);
    w_.needed = std::max(w_.needed, effect.w_end);
    t_.needed = std::max(t_.needed, effect.t_end);
    std::deque<TileWrite>& writes = q.bit() ? bit_writes_ : code_writes_;
    writes.insert(writes.end(), effect.writes.begin(), effect.writes.end());
    wide_.insert(wide_.end(), effect.wide.begin(), effect.wide.end());
    if (q.bit()) bit_total_ += static_cast<long>(effect.writes.size());
    wide_total_ += static_cast<long>(effect.wide.size());
    flights_.push_back({q, bit_total_, wide_total_});
  }
}

void Bench::drive_w_ring(const Pace& pace) {
  top_->w_head_i = static_cast<SData>(w_.head);
  top_->wr_valid_i = 0;
  const bool space = distance(w_.head, w_.freed) < w_.depth;
  if (w_.head >= w_.needed || !space || !chance(pace.ring)) return;
  const std::vector<Word>& word = model_.weight(w_.head);
  for (int c = 0; c < kColumnsPerWrite; ++c) {
    for (int i = 0; i < kDepth; ++i) {
      put_bit(top_->wr_data_i, c * kDepth + i, word[index(w_group_ * kColumnsPerWrite + c)].get(i));
    }
  }
  top_->wr_valid_i = 1;
  top_->wr_addr_i = static_cast<SData>(w_.head % w_.depth);
  top_->wr_cgrp_i = static_cast<CData>(w_group_);
  if (++w_group_ == kWriteGroups) {
    w_group_ = 0;
    ++w_.head;
  }
}

void Bench::drive_t_ring(const Pace& pace) {
  top_->t_head_i = static_cast<SData>(t_.head);
  if (t_address_ >= 0) {  // read of the last cycle, before anything is written in this one
    const std::vector<int>& word = t_memory_[index(t_address_)];
    for (int i = 0; i < kParBits; ++i)
      put_bit(top_->t_rd_data_i, i, (word[index(i / 16)] >> (i % 16)) & 1);
  }
  if (t_.head < t_.needed && distance(t_.head, t_.freed) < t_.depth && chance(pace.ring)) {
    t_memory_[index(t_.head % t_.depth)] = model_.thresholds(t_.head);
    ++t_.head;
  }
}

void Bench::drive_operands() {
  if (!a_read_) return;
  if (a_addr_ >= kActWords) return fail("operand A read outside of the memory");
  for (int r = 0; r < kRows; ++r) {
    const Word& word = (a_src_ == 0 ? act_ : model_.xb)[index(r)][index(a_addr_)];
    for (int i = 0; i < kDepth; ++i) put_bit(top_->a_data_i, r * kDepth + i, word.get(i));
  }
}

void Bench::check_tile() {
  const WideTile& t = wide_.front();
  expect("wt_out", top_->wt_out_o, index(t.out));
  expect("wt_shift", top_->wt_shift_o, index(t.shift));
  expect("wt_ob", top_->wt_ob_o, index(t.ob));
  expect("wt_cvalid", top_->wt_cvalid_o, index(t.cvalid));
  if (t.out == 1 || t.out == 2 || t.out == 4) {
    expect("wt_p_addr", (top_->wt_p_tail_o + top_->wt_p_off_o) & 0xffff, index(t.p_addr));
    expect("wt_bcast", top_->wt_bcast_o, index(t.bcast));
  }
  expect("wt_p_free", top_->wt_p_free_o, index(t.p_free));
  if (t.out == 2) {
    expect("wt_res_addr", top_->wt_res_addr_o, index(t.res_addr));
    expect("wt_rt", top_->wt_rt_o, index(t.rt));
    expect("wt_stat_first", top_->wt_stat_first_o, index(t.stat_first));
    expect("wt_skip0", top_->wt_skip0_o, index(t.skip0));
  }
  if (t.out == 3) {
    expect("wt_slot", top_->wt_slot_o, index(t.slot));
    expect("wt_s_addr", top_->wt_s_addr_o, index(t.s_addr));
    expect("wt_s_first", top_->wt_s_first_o, index(t.s_first));
  }
  if (t.out == 4) expect("wt_l_base", top_->wt_l_base_o, index(t.l_base));
}

void Bench::check_beat() {
  const WideTile& t = wide_.front();
  for (int l = 0; l < kLanes; ++l) {
    const int col = beat_ * kLanes + l;
    expect("sh_zz", get_field(top_->sh_zz_o, l * kAccBits, kAccBits), t.zz[index(col)]);
    for (int b = 0; b < t.branches; ++b) {
      for (int r = 0; r < kRows; ++r) {
        const int at = ((r * kBranches + b) * kLanes + l) * kAccBits;
        expect("sh_acc", get_field(top_->sh_acc_o, at, kAccBits),
               t.acc[index((b * kRows + r) * kCols + col)]);
      }
    }
  }
}

/// Shifts through the beats without a pause, then hands over the code planes, then ends the tile;
/// in a fast drain the last beat or plane and the end are one cycle.
void Bench::drive_drain(const Pace& pace) {
  top_->wt_shift_cols_i = 0;
  top_->wt_done_i = 0;
  top_->cw_valid_i = 0;
  top_->wt_retire_i = 0;
  if (to_retire_ > 0 && chance(pace.retire)) {
    top_->wt_retire_i = 1;
    --to_retire_;
    ++retired_;
  }
  const bool shifting = beat_ > 0 && beat_ < kBeats;  // never pauses
  if (!top_->wt_valid_o || (!shifting && !chance(pace.drain))) return;
  if (wide_.empty()) return fail("wide tile out of nowhere");
  const WideTile& t = wide_.front();
  check_tile();
  const bool code = t.out == 1;
  bool end = false;
  if (beat_ < kBeats) {
    check_beat();
    ++beat_;
    top_->wt_shift_cols_i = 1;
    end = beat_ == kBeats && !code && chance(pace.drain);
  } else if (code && plane_ < t.ob) {
    top_->cw_valid_i = 1;
    top_->cw_plane_i = static_cast<CData>(plane_);
    const std::vector<bool>& bits = t.codes[index(plane_)];
    for (int i = 0; i < kRows * kCols; ++i) put_bit(top_->code_bits_i, i, bits[index(i)]);
    top_->eval();
    if (!top_->cw_ready_o) return;
    ++plane_;
    end = plane_ == t.ob && chance(pace.drain);
  } else {
    end = true;
  }
  if (!end) return;
  top_->wt_done_i = 1;
  beat_ = plane_ = 0;
  ++to_retire_;
  wide_.pop_front();
}

void Bench::sample_write() {
  const int enables = top_->tw_act_we_o + top_->tw_k_we_o + top_->tw_v_we_o;
  if (enables == 0) return;
  if (enables != 1) return fail("several memories written at once");
  const bool code = top_->tw_code_o != 0;
  std::deque<TileWrite>& queue = code ? code_writes_ : bit_writes_;
  if (queue.empty()) return fail("tile write out of nowhere");
  const TileWrite want = queue.front();
  queue.pop_front();
  (code ? code_seen_ : bit_seen_) += 1;
  expect("memory", top_->tw_k_we_o ? 1U : top_->tw_v_we_o ? 2U : 0U, index(want.mem));
  expect("tw_addr", top_->tw_addr_o, index(want.addr));
  expect("tw_fill", top_->tw_fill_o, want.fill ? 1 : 0);
  if (want.mem != 2) expect("tw_grp", top_->tw_grp_o, index(want.grp));
  if (want.mem != 0) return expect("tw_tg", top_->tw_tg_o, index(want.tg));
  for (int r = 0; r < kRows; ++r) {
    Word& word = act_[index(r)][index(want.addr)];
    for (int c = 0; c < kCols; ++c) {
      const bool bit = get_bit(top_->act_bits_o, r * kCols + c);
      expect("tile bit", bit ? 1 : 0, want.act_bits[index(r * kCols + c)] ? 1 : 0);
      word.set(want.grp * kCols + c, bit);
    }
    if (!want.fill) continue;
    for (int i = (want.grp + 1) * kCols; i < kDepth; ++i) word.set(i, false);
  }
}

void Bench::sample_free() {
  if (top_->w_free_valid_o) w_.freed += top_->w_free_words_o;
  if (top_->t_free_valid_o) t_.freed += top_->t_free_words_o;
  if (w_.freed > w_.head || t_.freed > t_.head) fail("freed words that were never written");
}

void Bench::sample_done() {
  if (!top_->done_o) return;
  if (flights_.empty()) return fail("done without an instruction");
  const Flight& f = flights_.front();
  if (f.q.bit() ? bit_seen_ < f.writes_at : retired_ < f.retired_at) fail("done too early");
  flights_.pop_front();
  ++done_;
}

void Bench::sample() {
  if (offered_ && top_->instr_ready_o) {
    offered_ = false;
    ++next_;
  }
  if (top_->busy_o && top_->stalled_o) fail("busy and stalled");
  if (top_->busy_o) {
    if (counts_.busy == 0) counts_.first_busy = counts_.cycles;
    counts_.last_busy = counts_.cycles;
    ++counts_.busy;
  }
  counts_.stalled += top_->stalled_o;
  sample_done();  // before this cycle's write: it takes effect at the end of the cycle
  a_read_ = top_->a_re_o;
  a_src_ = top_->a_src_o;
  a_addr_ = top_->a_addr_o;
  t_address_ = top_->t_re_o ? top_->t_rd_addr_o : -1;
}

void Bench::check_memories() {
  if (act_ != model_.act) fail("ACT differs");
  if (k_ != model_.k) fail("K differs");
  if (v_ != model_.v) fail("V differs");
  if (w_.freed != model_.w_tail()) fail("weight ring: wrong number of words freed");
  if (t_.freed != model_.t_tail()) fail("threshold ring: wrong number of words freed");
  if (!bit_writes_.empty() || !code_writes_.empty() || !wide_.empty()) fail("events are missing");
}

bool Bench::run(const std::vector<Qmm>& program, const Pace& pace) {
  next_ = done_ = 0;
  counts_.first_busy = counts_.last_busy = counts_.busy = counts_.stalled = 0;
  long idle = 0;
  while (!failed_ && done_ < program.size()) {
    drive_instr(program, pace);
    drive_w_ring(pace);
    drive_t_ring(pace);
    drive_operands();
    top_->wt_shift_cols_i = top_->wt_done_i = top_->cw_valid_i = top_->wt_retire_i = 0;
    top_->eval();
    drive_drain(pace);
    top_->eval();
    sample();
    sample_write();
    const std::size_t before = done_;
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
    sample_free();
    ++counts_.cycles;
    idle = done_ == before && !top_->busy_o ? idle + 1 : 0;
    if (idle > 20000) fail("the engine hangs");
  }
  // The last zero count and the free pulses are still on their way.
  for (int i = 0; i < 4 && !failed_; ++i) {
    top_->instr_valid_i = 0;
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
    sample_free();
  }
  if (!failed_) check_memories();
  return !failed_;
}

}  // namespace bat::engine
