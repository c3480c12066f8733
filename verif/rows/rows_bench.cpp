// SPDX-License-Identifier: Apache-2.0
#include "verif/rows/rows_bench.hpp"

#include <gtest/gtest.h>

#include <cstddef>

#include "Vrows_bench.h"
#include "svdpi.h"
#include "verilated.h"

namespace bat::rows {
namespace {

Bench* active_bench = nullptr;  // the DPI function has no other way to its bench

std::size_t at(int i) { return static_cast<std::size_t>(i); }

template <class Port>
void put(Port& port, int lsb, int width, std::uint64_t value) {
  for (int i = 0; i < width; ++i) {
    const int bit = lsb + i;
    const std::uint32_t one = 1U << (bit % 32);
    if ((value >> i) & 1U) {
      port[at(bit / 32)] |= one;
    } else {
      port[at(bit / 32)] &= ~one;
    }
  }
}

template <class Port>
std::uint64_t get(const Port& port, int lsb, int width) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    const int bit = lsb + i;
    value |= static_cast<std::uint64_t>((port[at(bit / 32)] >> (bit % 32)) & 1U) << i;
  }
  return value;
}

template <class Port>
void put_word(Port& port, const std::vector<std::uint32_t>& word) {
  for (std::size_t i = 0; i < word.size(); ++i) port[i] = word[i];
}

template <class Port>
void put_instr(Port& port, const isa::Instruction& instr) {
  for (std::size_t i = 0; i < instr.words.size(); ++i) port[i] = instr.words[i];
}

}  // namespace

void Memory::write(const Write& w) {
  auto& [mask, data] = chunks[{w.mem, w.slice, w.addr, w.chunk}];
  mask |= w.mask;
  data = (data & ~w.mask) | (w.data & w.mask);
}

std::pair<std::uint64_t, std::uint64_t> Memory::read(int mem, int slice, int addr,
                                                     int chunk) const {
  const auto it = chunks.find({mem, slice, addr, chunk});
  return it == chunks.end() ? std::pair<std::uint64_t, std::uint64_t>{0, 0} : it->second;
}

Bench::Bench(std::uint64_t seed) : rng_(seed), context_(std::make_unique<VerilatedContext>()) {
  context_->randReset(2);
  context_->randSeed(static_cast<int>(seed % 1000000 + 1));
  top_ = std::make_unique<Vrows_bench>(context_.get());
  active_bench = this;
  top_->rst_ni = 1;
  top_->clk_i = 0;
  top_->wt_valid_i = 0;
  top_->row_valid_i = 0;
  top_->smx_valid_i = 0;
  top_->rsp_valid_i = 0;
  top_->tw_act_we_i = 0;
  top_->cw_ready_i = 0;
  top_->a_re_i = 0;
  top_->eval();
  top_->rst_ni = 0;
  for (int i = 0; i < 3; ++i) {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }
  top_->rst_ni = 1;
  top_->eval();
  memory_ = {};  // what the undefined state before reset wrote
}

Bench::~Bench() {
  top_->final();
  active_bench = nullptr;
}

void Bench::fail(const std::string& message) {
  if (!failed_) ADD_FAILURE() << "cycle " << cycles_ << ": " << message;
  failed_ = true;
}

void Bench::check(const Writes& writes, const std::string& what) {
  for (const Write& w : writes) {
    const auto [mask, data] = memory_.read(w.mem, w.slice, w.addr, w.chunk);
    if ((mask & w.mask) != w.mask || ((data ^ w.data) & w.mask) != 0) {
      char text[256];
      std::snprintf(text, sizeof text,
                    "%s: memory %d slice %d address %d chunk %d: written %016llx, data %016llx, "
                    "expected %016llx in %016llx",
                    what.c_str(), w.mem, w.slice, w.addr, w.chunk,
                    static_cast<unsigned long long>(mask), static_cast<unsigned long long>(data),
                    static_cast<unsigned long long>(w.data),
                    static_cast<unsigned long long>(w.mask));
      fail(text);
      return;
    }
  }
}

void Bench::tap(int mem, int slice, int addr, int chunk, std::uint64_t mask, std::uint64_t data) {
  memory_.write({mem, slice, addr, chunk, mask, data});
}

std::uint8_t Bench::memory_byte(std::uint64_t addr) {
  std::uint64_t x = addr * 0x9E3779B97F4A7C15ULL;
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 32;
  // Extreme values are frequent: they saturate sums.
  if ((x >> 40) % 8 == 0) return (x & 1) ? 0x80 : 0x7F;
  return static_cast<std::uint8_t>(x);
}

int Bench::push_p(const std::vector<std::uint32_t>& word) {
  p_words_.push_back(word);
  return static_cast<int>((p_words_.size() - 1) & 0xFFFF);
}

int Bench::push_l(const std::vector<std::uint32_t>& word) {
  l_words_.push_back(word);
  return static_cast<int>((l_words_.size() - 1) & 0xFFFF);
}

std::vector<int> Bench::take_done() {
  std::vector<int> result;
  result.swap(done_);
  return result;
}

bool Bench::idle() const {
  return tiles_.empty() && retiring_.empty() && row_jobs_.empty() && row_running_.empty() &&
         smx_jobs_.empty() && smx_running_.empty();
}

void Bench::drive_tile(const Pace& pace) {
  if (!tile_shown_ && !tiles_.empty() && go(pace.tile)) {
    tile_shown_ = true;
    tile_column_ = 0;
    tile_plane_ = 0;
  }
  top_->wt_valid_i = tile_shown_;
  top_->cw_ready_i = go(pace.plane);
  if (!tile_shown_) return;
  const Tile& t = tiles_.front();
  top_->wt_out_i = static_cast<unsigned char>(t.out);
  top_->wt_shift_i = static_cast<unsigned char>(t.shift);
  top_->wt_ob_i = static_cast<unsigned char>(t.ob);
  top_->wt_cvalid_i = static_cast<unsigned char>(t.cvalid);
  top_->wt_p_addr_i = static_cast<unsigned short>(t.p_addr);
  top_->wt_bcast_i = t.bcast;
  top_->wt_res_addr_i = static_cast<unsigned short>(t.res_addr);
  top_->wt_rt_i = static_cast<unsigned short>(t.rt);
  top_->wt_stat_first_i = t.stat_first;
  top_->wt_skip0_i = t.skip0;
  top_->wt_slot_i = static_cast<unsigned char>(t.slot);
  top_->wt_s_addr_i = static_cast<unsigned short>(t.s_addr);
  top_->wt_s_first_i = t.s_first;
  top_->wt_l_base_i = static_cast<unsigned short>(t.l_base);
  top_->wt_p_free_i = static_cast<unsigned short>(t.p_free);
  for (int l = 0; l < kLanes; ++l) {
    const int column = tile_column_ + l;
    for (int r = 0; r < kTr; ++r) {
      for (int b = 0; b < kBr; ++b) {
        const std::uint64_t value = column < kTc ? t.acc[at((r * kBr + b) * kTc + column)] : rng_();
        put(top_->sh_acc_i, ((r * kBr + b) * kLanes + l) * kAccW, kAccW, value);
      }
    }
    put(top_->sh_zz_i, l * kAccW, kAccW, column < kTc ? t.zz[at(column)] : 0);
  }
}

void Bench::drive_rings(const Pace& pace) {
  if (p_head_ < p_words_.size() && go(pace.p_ring)) ++p_head_;
  if (l_head_ < l_words_.size() && go(pace.l_ring)) ++l_head_;
  top_->p_head_i = static_cast<unsigned short>(p_head_);
  top_->l_head_i = static_cast<unsigned short>(l_head_);
  if (p_read_ >= 0) put_word(top_->p_rd_data_i, p_words_[static_cast<std::size_t>(p_read_)]);
  if (l_read_ >= 0) put_word(top_->l_rd_data_i, l_words_[static_cast<std::size_t>(l_read_)]);
}

void Bench::drive_memory(const Pace& pace) {
  top_->req_ready_i = go(pace.request);
  if (!response_shown_ && !requests_.empty() && go(pace.response)) {
    response_shown_ = true;
    for (int i = 0; i < kAxiBytes; ++i) {
      put(top_->rsp_data_i, i * 8, 8,
          memory_byte(requests_.front().addr + static_cast<std::uint64_t>(i)));
    }
  }
  top_->rsp_valid_i = response_shown_;
}

void Bench::drive_instructions(const Pace& pace) {
  if (!row_shown_ && !row_jobs_.empty() && go(pace.instr)) row_shown_ = true;
  top_->row_valid_i = row_shown_;
  if (row_shown_) {
    put_instr(top_->row_instr_i, row_jobs_.front().instr);
    top_->row_first_i = row_jobs_.front().first;
    top_->model_base_i = row_jobs_.front().model_base;
    top_->job_input_i = row_jobs_.front().job_input;
  }
  if (!smx_shown_ && !smx_jobs_.empty() && go(pace.instr)) smx_shown_ = true;
  top_->smx_valid_i = smx_shown_;
  if (smx_shown_) put_instr(top_->smx_instr_i, smx_jobs_.front().instr);
}

// The upper half of ACT belongs to the engine, the lower half to softmax.
void Bench::drive_engine_writes(const Pace& pace) {
  const bool write = !go(pace.tile_write);
  top_->tw_act_we_i = write;
  if (!write) return;
  constexpr int kGroups = kTk / kTc;
  const int addr = kDepth / 2 + static_cast<int>(rng_() % (kDepth / 2));
  const int group = static_cast<int>(rng_() % kGroups);
  const bool fill = (rng_() & 1) != 0;
  top_->tw_addr_i = static_cast<unsigned short>(addr);
  top_->tw_grp_i = static_cast<unsigned char>(group);
  top_->tw_fill_i = fill;
  for (int r = 0; r < kTr; ++r) {
    for (int bit = group * kTc; bit < (fill ? kTk : (group + 1) * kTc); ++bit) {
      const bool one = bit < (group + 1) * kTc && (rng_() & 1) != 0;
      if (bit < (group + 1) * kTc) put(top_->tw_act_data_i, r * kTc + bit - group * kTc, 1, one);
      engine_.write({kTapAct, r, addr, bit / 64, 1ULL << (bit % 64), one ? ~0ULL : 0});
    }
  }
}

void Bench::drive_reads() {
  top_->a_re_i = rng_() & 1;
  top_->a_src_i = rng_() & 1;
  top_->a_addr_i = static_cast<unsigned short>(rng_() % kDepth);
}

void Bench::sample_reads() {
  constexpr int kChunks = (kTk + 63) / 64;
  if (read_pending_) {
    for (int r = 0; r < kTr; ++r) {
      for (int c = 0; c < kChunks; ++c) {
        const auto [mask, data] = read_expected_[at(r * kChunks + c)];
        const std::uint64_t seen =
            get(top_->a_data_o, r * kTk + c * 64, std::min(64, kTk - c * 64));
        if (((seen ^ data) & mask) != 0) fail("operand A differs from memory");
      }
    }
  }
  read_pending_ = top_->a_re_i;
  if (!read_pending_) return;
  read_expected_.clear();
  for (int r = 0; r < kTr; ++r) {
    for (int c = 0; c < kChunks; ++c) {
      read_expected_.push_back(
          memory_.read(top_->a_src_i ? kTapXb : kTapAct, r, top_->a_addr_i, c));
    }
  }
}

void Bench::sample_tile() {
  if (top_->wt_retire_o) {
    if (retiring_.empty()) return fail("retired without a tile");
    check(retiring_.front().writes, "tile");
    done_.push_back(retiring_.front().done_tag);
    retiring_.pop_front();
  }
  if (top_->lg_we_o) {
    for (int l = 0; l < kLanes; ++l) {
      if ((top_->lg_we_o >> l) & 1) {
        memory_.write({kTapLogit, 0, top_->lg_addr_o + l, 0, 0xFFFFFFFFULL,
                       get(top_->lg_data_o, l * 32, 32)});
      }
    }
  }
  if (!tile_shown_) {
    if (top_->wt_shift_cols_o || top_->wt_done_o || top_->cw_valid_o)
      fail("activity without a tile");
    return;
  }
  Tile& t = tiles_.front();
  if (top_->cw_valid_o && top_->cw_ready_i) {
    if (top_->cw_plane_o != tile_plane_ || tile_plane_ >= t.ob) return fail("wrong code plane");
    for (int r = 0; r < kTr; ++r) {
      // Only row 0 has all eight planes; codes of one bit and one branch come as bit tiles.
      if (r > 0 && (tile_plane_ >= kMaxBits || kMaxBits * kBr == 1)) continue;
      for (int c = 0; c < t.cvalid; ++c) {
        if ((get(top_->cw_data_o, r * kTc + c, 1) != 0) !=
            t.planes[at(tile_plane_)][at(r * kTc + c)]) {
          return fail("wrong code, row " + std::to_string(r) + " column " + std::to_string(c));
        }
      }
    }
    ++tile_plane_;
  }
  if (top_->wt_shift_cols_o) tile_column_ += kLanes;
  if (top_->p_free_valid_o) p_freed_ += top_->p_free_words_o;
  if (top_->wt_done_o) {
    if (tile_column_ != kTc) fail("tile done before all columns were shifted");
    if (t.out == 1 && tile_plane_ != t.ob) fail("code tile done before all planes were taken");
    if (t.p_free != (top_->p_free_valid_o ? top_->p_free_words_o : 0)) fail("wrong P words freed");
    retiring_.push_back(std::move(t));
    tiles_.pop_front();
    tile_shown_ = false;
  }
}

void Bench::sample_rings() {
  p_read_ = -1;
  l_read_ = -1;
  if (top_->p_re_o) {
    const auto behind = static_cast<std::uint16_t>(p_head_ - top_->p_rd_addr_o);
    p_read_ = static_cast<long>(p_head_) - behind;
    if (behind == 0 || p_read_ < p_freed_) fail("read of a P ring word that is not there");
  }
  if (top_->l_re_o) {
    const auto behind = static_cast<std::uint16_t>(l_head_ - top_->l_rd_addr_o);
    l_read_ = static_cast<long>(l_head_) - behind;
    if (behind == 0 || l_read_ < l_freed_) fail("read of an L ring word that is not there");
  }
  if (top_->l_free_valid_o) l_freed_ += top_->l_free_words_o;
  if (failed_) p_read_ = l_read_ = -1;
}

void Bench::sample_memory() {
  if (top_->req_valid_o && top_->req_ready_i) {
    if (top_->req_addr_o % kAxiBytes != 0 || top_->req_beats_o == 0) fail("bad request");
    requests_.push_back({top_->req_addr_o, static_cast<int>(top_->req_beats_o)});
  }
  if (response_shown_ && top_->rsp_ready_o) {
    Request& request = requests_.front();
    request.addr += kAxiBytes;
    if (--request.beats == 0) requests_.pop_front();
    response_shown_ = false;
  }
}

void Bench::sample_instructions() {
  if (top_->row_done_o) {
    if (row_running_.empty()) return fail("row instruction done that never started");
    check(row_running_.front().writes,
          "row instruction " + std::to_string(row_running_.front().instr.get(isa::kOp)));
    done_.push_back(row_running_.front().tag);
    row_running_.pop_front();
  }
  if (top_->smx_done_o) {
    if (smx_running_.empty()) return fail("softmax done that never started");
    check(smx_running_.front().writes, "softmax");
    done_.push_back(smx_running_.front().tag);
    smx_running_.pop_front();
  }
  if (row_shown_ && top_->row_ready_o) {
    row_running_.push_back(std::move(row_jobs_.front()));
    row_jobs_.pop_front();
    row_shown_ = false;
  }
  if (smx_shown_ && top_->smx_ready_o) {
    smx_running_.push_back(std::move(smx_jobs_.front()));
    smx_jobs_.pop_front();
    smx_shown_ = false;
  }
}

void Bench::cycle(const Pace& pace) {
  drive_tile(pace);
  drive_rings(pace);
  drive_memory(pace);
  drive_instructions(pace);
  drive_engine_writes(pace);
  drive_reads();
  top_->clk_i = 0;
  top_->eval();
  sample_reads();
  sample_rings();
  sample_tile();
  sample_memory();
  sample_instructions();
  top_->clk_i = 1;
  top_->eval();
  ++cycles_;
  if (idle() && !requests_.empty()) fail("responses left over");
}

void Bench::check_engine_writes() {
  for (const auto& [key, value] : engine_.chunks) {
    const auto [mem, slice, addr, chunk] = key;
    if (memory_.read(mem, slice, addr, chunk) != value) {
      return fail("ACT row " + std::to_string(slice) + " word " + std::to_string(addr) +
                  " does not hold what the engine wrote");
    }
  }
}

}  // namespace bat::rows

extern "C" void bat_tap_write(int mem, int slice, int addr, int chunk, long long mask,
                              long long data) {
  if (bat::rows::active_bench == nullptr) return;
  bat::rows::active_bench->tap(mem, slice, addr, chunk, static_cast<std::uint64_t>(mask),
                               static_cast<std::uint64_t>(data));
}
