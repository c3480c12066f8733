// SPDX-License-Identifier: Apache-2.0
// State and steps of the interpreter. Each instruction goes through stages; what happens in a stage
// mirrors when hardware touches its memories:
//   start     its waits are satisfied
//   read      operands, thresholds and zero counts (QMM: as its tiles issue)
//   commit    results are written; wide tiles read their scales and the residual here
//   complete  rings are freed, others may go on
// In QMM and ROW the stages of successive instructions overlap.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "rtl_gen/program/interpreter/interpreter.hpp"

namespace bat {

/// One of the four rings. Positions count words since reset and never wrap.
struct RingState {
  BitMemory words;              ///< W: a slice a column; T, P, L: one slice
  std::int64_t head = 0;        ///< words loaded
  std::int64_t tail = 0;        ///< words freed
  std::int64_t fetch_tail = 0;  ///< words that dispatched instructions will have freed

  int depth() const { return words.words(); }
  int at(std::int64_t position) const { return static_cast<int>(position % depth()); }
};

enum class Stage { kQueued, kStarted, kRead, kCommitted };

/// A dispatched instruction.
struct Active {
  isa::Instruction instruction;
  Job job;
  int job_number = 0;
  int index = 0;
  std::array<std::int64_t, isa::kNumUnits> needs{};  ///< completions of each unit to wait for
  Stage stage = Stage::kQueued;
  std::int64_t b_position = 0;  ///< first word in the W, T or P, L ring
  std::int64_t t_position = 0;
  std::int64_t l_position = 0;
  std::vector<std::int64_t> values;  ///< results between read and commit

  std::int64_t get(const isa::Field& field) const {
    return static_cast<std::int64_t>(instruction.get(field));
  }
  int field(const isa::Field& f) const { return static_cast<int>(get(f)); }
  isa::Out out() const { return static_cast<isa::Out>(get(isa::kQmmOut)); }
};

class Interpreter::Machine {
 public:
  Machine(const Config& config, const Plan& plan);

  void reset();
  Status run(std::span<const Job> jobs, std::uint64_t model_base, MemoryPort& memory,
             const ExecutionOrder& order, CompletionObserver* observer);
  std::optional<Fault> fault() const { return fault_; }
  const ShadowMemory& memory() const { return mem_; }

 private:
  struct Unit {
    std::deque<Active> queue;
    std::deque<Active> running;
    std::int64_t dispatched = 0;
    std::int64_t completed = 0;
  };
  struct Sum {
    std::int64_t sum = 0;
    std::int64_t squares = 0;
    bool known = false;
  };
  struct Count {
    std::int64_t zeros = 0;
    bool known = false;
  };

  // --- Fetch (fetch.cpp).
  bool fetch_header();
  bool dispatch();
  bool can_dispatch() const;
  bool opcode_built(isa::Op op) const;
  void locate_rings(Active& a);
  static void decode(std::span<const std::uint8_t> bytes, isa::Instruction& instruction);

  // --- Order (order.cpp).
  struct Action {
    enum Kind { kDispatch, kStart, kRead, kCommit, kComplete } kind;
    int unit;
    std::size_t position;  ///< in Unit::running
  };
  std::vector<Action> enabled() const;
  void enabled_in(int unit, std::vector<Action>& actions) const;
  bool can_start(const Unit& unit, int number) const;
  bool can_commit(const Unit& unit, int number, std::size_t position) const;
  bool perform(const Action& action);
  bool complete(int unit);
  bool finished() const;
  Status loop(const ExecutionOrder& order);
  std::string stuck() const;

  // --- Units.
  bool ready_to_read(const Active& a) const;
  bool ready_to_commit(const Active& a) const;
  bool read(Active& a);
  bool commit(Active& a);
  void free_rings(const Active& a);

  bool commit_load(const Active& a);

  bool read_qmm(Active& a);
  bool gather_a(const Active& a, std::vector<std::uint64_t>& words);
  bool gather_b(const Active& a, int tile, int col, std::vector<std::uint64_t>& words);
  bool qmm_column(Active& a, int tile, int col, std::span<const std::uint64_t> a_words);
  std::optional<std::int64_t> zero_count(const Active& a, int tile, int col) const;
  std::optional<std::int64_t> preload(const Active& a, int tile, int col) const;
  int valid_cols(const Active& a, int tile) const;
  std::size_t acc_index(const Active& a, int tile, int row, int col, int branch) const;
  bool commit_qmm(Active& a);
  bool commit_tile(const Active& a, int tile);
  bool lane(const Active& a, int tile, int row, int col, std::int64_t& value) const;
  bool code(const Active& a, int tile, int row, int col, std::int64_t& value) const;
  bool write_residual(const Active& a, int tile);
  bool write_scores(const Active& a, int tile);
  bool write_logits(const Active& a, int tile);
  bool write_codes(const Active& a, int tile);
  bool write_act(const Active& a, int tile, const std::vector<std::int64_t>& codes);
  bool count_keys(const Active& a, int tile, const std::vector<std::int64_t>& codes);
  bool write_keys(const Active& a, int tile, const std::vector<std::int64_t>& codes);
  bool write_values(const Active& a, int tile, const std::vector<std::int64_t>& codes);
  bool write_group(BitMemory& memory, int slice, int word, int group, std::uint64_t data,
                   bool known);

  bool read_norm(Active& a);
  bool commit_norm(const Active& a);
  bool read_embed(Active& a);
  bool embed_row(Active& a, int row, int columns);
  bool fetch_ids(const Active& a);
  bool commit_embed(const Active& a);
  bool read_features(Active& a);
  bool commit_features(const Active& a);
  bool write_planes(BitMemory& memory, int slice, int base, int stride, int planes, int words,
                    std::span<const std::int64_t> codes);

  bool read_softmax(Active& a);
  bool commit_softmax(const Active& a);
  bool read_store(Active& a);
  bool commit_store(const Active& a);

  bool axi_read(std::uint64_t address, std::span<std::uint8_t> bytes, int client, int index);
  bool fail(const Active& a, std::string_view reason);
  bool fail(isa::ErrorCode code, int unit, int index, std::string message);

  RingState& ring(isa::Ring r) { return rings_[static_cast<std::size_t>(r)]; }
  const RingState& ring(isa::Ring r) const { return rings_[static_cast<std::size_t>(r)]; }
  isa::Ring params_ring(const Active& a) const;
  int param_words(const Active& a) const;
  BitMemory& residual(int row_tile) {
    return mem_.at(row_tile % 2 == 0 ? isa::Tap::kRes0 : isa::Tap::kRes1);
  }
  Sum& stat(int row_tile, int row) {
    return stat_[static_cast<std::size_t>(row_tile * plan_.rows + row)];
  }
  bool stat_in_range(const Active& a, int row_tile);

  Config config_;
  Plan plan_;
  ShadowMemory mem_;
  std::array<RingState, 4> rings_;
  std::vector<Sum> stat_;
  std::vector<Count> zeros_;  ///< z word * TC + column
  std::array<Unit, isa::kNumUnits> units_;

  // Current run.
  std::span<const Job> jobs_;
  std::uint64_t model_base_ = 0;
  MemoryPort* port_ = nullptr;
  CompletionObserver* observer_ = nullptr;
  std::size_t fetch_job_ = 0;
  std::int64_t fetch_index_ = -1;  ///< -1: the header comes next
  std::int64_t fetch_count_ = 0;
  std::vector<std::uint32_t> ids_;
  int ids_job_ = -1;  ///< job that fetched ids_
  std::optional<Fault> fault_;
  std::string message_;
};

}  // namespace bat
