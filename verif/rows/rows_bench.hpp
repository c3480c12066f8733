// SPDX-License-Identifier: Apache-2.0
// Drives the row slices and their control units as engine, rings and memory would, with random
// stalls, and keeps a copy of every memory from the RAM taps.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "rtl_gen/program/isa.hpp"
#include "verif/rows/rows_shape.hpp"

class Vrows_bench;
class VerilatedContext;

namespace bat::rows {

using Rng = std::mt19937_64;

/// Part of a memory word that an instruction must have written. Mem: bat_pkg::Tap* (kLogit, kPlane
/// for ports).
struct Write {
  int mem = 0;
  int slice = 0;
  int addr = 0;
  int chunk = 0;  ///< 64-bit chunk of the word
  std::uint64_t mask = 0;
  std::uint64_t data = 0;
};
using Writes = std::vector<Write>;

inline constexpr int kTapAct = 0;
inline constexpr int kTapXb = 1;
inline constexpr int kTapRes = 2;  ///< plus the bank
inline constexpr int kTapScore = 4;
inline constexpr int kTapLogit = 8;

/// A wide tile as the engine hands it over.
struct Tile {
  int out = 0;
  int shift = 0;
  int ob = 1;
  int cvalid = kTc;
  int p_addr = 0;
  bool bcast = false;
  int res_addr = 0;
  int rt = 0;
  bool stat_first = false;
  bool skip0 = false;
  int slot = 0;
  int s_addr = 0;
  bool s_first = false;
  int l_base = 0;
  int p_free = 0;
  std::vector<std::uint64_t> acc;         ///< [row][branch][column]
  std::vector<std::uint64_t> zz;          ///< [column]
  std::vector<std::vector<bool>> planes;  ///< expected code planes [plane][row * TC + column]
  Writes writes;                          ///< checked when the tile retires
  int done_tag = -1;                      ///< reported by `retired` when the tile retires
};

struct RowJob {
  isa::Instruction instr;
  bool first = false;
  std::uint64_t model_base = 0;
  std::uint64_t job_input = 0;
  Writes writes;
  int tag = -1;
};

/// Likelihoods in percent that a step of the environment waits a cycle.
struct Pace {
  int tile = 0;
  int p_ring = 0;
  int l_ring = 0;
  int plane = 0;
  int instr = 0;
  int request = 0;
  int response = 0;
  int tile_write = 50;  ///< likelihood that the engine writes ACT
};

struct Memory {
  std::map<std::tuple<int, int, int, int>, std::pair<std::uint64_t, std::uint64_t>>
      chunks;  ///< mask, data
  void write(const Write& w);
  std::pair<std::uint64_t, std::uint64_t> read(int mem, int slice, int addr, int chunk) const;
};

class Bench {
 public:
  explicit Bench(std::uint64_t seed);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void cycle(const Pace& pace);
  bool idle() const;
  /// The upper half of ACT holds what the engine wrote there, nothing else.
  void check_engine_writes();

  // Work; rings are filled in the order of the calls.
  void push_tile(Tile tile) { tiles_.push_back(std::move(tile)); }
  void push_row(RowJob job) { row_jobs_.push_back(std::move(job)); }
  void push_smx(RowJob job) { smx_jobs_.push_back(std::move(job)); }
  /// Adds a P (L) ring word and returns its absolute index modulo 2^16.
  int push_p(const std::vector<std::uint32_t>& word);
  int push_l(const std::vector<std::uint32_t>& word);
  /// Tags of tiles, row and softmax instructions completed since the last call.
  std::vector<int> take_done();

  /// Byte of the memory behind the AXI port.
  static std::uint8_t memory_byte(std::uint64_t addr);

  void tap(int mem, int slice, int addr, int chunk, std::uint64_t mask, std::uint64_t data);
  const Memory& memory() const { return memory_; }
  long cycles() const { return cycles_; }
  Rng& rng() { return rng_; }
  bool failed() const { return failed_; }

 private:
  bool go(int percent) { return static_cast<int>(rng_() % 100) >= percent; }
  void fail(const std::string& message);
  void check(const Writes& writes, const std::string& what);
  void drive_tile(const Pace& pace);
  void drive_rings(const Pace& pace);
  void drive_memory(const Pace& pace);
  void drive_instructions(const Pace& pace);
  void drive_engine_writes(const Pace& pace);
  void drive_reads();
  void sample_tile();
  void sample_rings();
  void sample_memory();
  void sample_instructions();
  void sample_reads();

  struct Request {
    std::uint64_t addr;
    int beats;
  };

  Rng rng_;
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vrows_bench> top_;
  Memory memory_;
  Memory engine_;  ///< what the engine wrote to ACT
  long cycles_ = 0;
  bool failed_ = false;

  std::deque<Tile> tiles_;
  bool tile_shown_ = false;
  int tile_column_ = 0;
  int tile_plane_ = 0;
  std::deque<Tile> retiring_;

  std::vector<std::vector<std::uint32_t>> p_words_, l_words_;
  std::size_t p_head_ = 0, l_head_ = 0;
  int p_freed_ = 0, l_freed_ = 0;
  long p_read_ = -1, l_read_ = -1;

  std::deque<RowJob> row_jobs_, row_running_, smx_jobs_, smx_running_;
  bool row_shown_ = false, smx_shown_ = false;
  std::deque<Request> requests_;
  bool response_shown_ = false;
  std::vector<int> done_;

  bool read_pending_ = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> read_expected_;
};

}  // namespace bat::rows
