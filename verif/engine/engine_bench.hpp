// SPDX-License-Identifier: Apache-2.0
// Drives the Verilated engine: instruction source, ring writers, activation memory, drain. Checks
// every tile write and wide tile against the reference as it happens, and memories when idle.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "engine_model.hpp"

class Vengine_top;
class VerilatedContext;

namespace bat::engine {

/// Likelihoods, in percent, that a step of the environment waits a cycle.
struct Pace {
  int instr = 0;        ///< next instruction
  int ring = 0;         ///< next ring write
  int drain = 0;        ///< next beat, code plane or end of a tile
  int retire = 0;       ///< next completion of a drained tile
  bool hazards = true;  ///< wait for completion before data is used (as fetch does)
};

struct Counts {
  long cycles = 0;
  long busy = 0;
  long stalled = 0;
  long first_busy = 0;  ///< cycle of the first and of the last step
  long last_busy = 0;
};

class Bench {
 public:
  explicit Bench(std::uint64_t seed);
  ~Bench();

  /// Executes the instructions to the end; throws nothing, reports through GoogleTest expectations
  /// and returns false on the first mismatch.
  bool run(const std::vector<Qmm>& program, const Pace& pace);

  Rng& rng() { return rng_; }
  const Counts& counts() const { return counts_; }
  void tap(int mem, int slice, int addr, int chunk, std::uint64_t mask, std::uint64_t data);

 private:
  struct Flight {  ///< an instruction in the engine
    Qmm q;
    long writes_at = 0;  ///< cumulative counts that must be reached when it is done
    long retired_at = 0;
  };
  struct Ring {
    int depth = 0;
    int head = 0;  ///< words written
    int freed = 0;
    int needed = 0;  ///< words that instructions given so far ask for
  };

  bool chance(int percent) { return static_cast<int>(rng_() % 100) >= percent; }
  bool ready_for(const Qmm& q) const;
  void drive_instr(const std::vector<Qmm>& program, const Pace& pace);
  void drive_w_ring(const Pace& pace);
  void drive_t_ring(const Pace& pace);
  void drive_operands();
  void drive_drain(const Pace& pace);
  void check_beat();
  void check_tile();
  void sample();
  void sample_write();
  void sample_free();
  void sample_done();
  void check_memories();
  void fail(const std::string& what);
  void expect(const char* what, std::uint64_t got, std::uint64_t want);

  Rng rng_;
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vengine_top> top_;
  Model model_;
  Counts counts_;
  bool failed_ = false;

  // Instructions.
  std::size_t next_ = 0;
  bool offered_ = false;
  std::deque<Flight> flights_;
  std::size_t done_ = 0;

  // Expected events and their running counts.
  std::deque<TileWrite> bit_writes_, code_writes_;
  std::deque<WideTile> wide_;
  long bit_seen_ = 0, code_seen_ = 0, retired_ = 0;
  long bit_total_ = 0, wide_total_ = 0;

  // Environment.
  Ring w_, t_;
  int w_group_ = 0;
  std::vector<std::vector<int>> t_memory_;
  int t_address_ = -1;
  bool a_read_ = false;
  int a_src_ = 0, a_addr_ = 0;
  Memory act_, k_, v_;  ///< as written by the hardware
  int beat_ = 0;
  int plane_ = 0;
  bool tile_open_ = false;
  long to_retire_ = 0;
};

}  // namespace bat::engine
