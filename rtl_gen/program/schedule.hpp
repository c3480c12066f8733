// SPDX-License-Identifier: Apache-2.0
// A schedule: the operations of a program in order, with what they read, write and take from the
// rings. `assemble` turns it into instructions: it places the loads, the waits and the ring
// offsets. A different order of the same operations is a different schedule, nothing else changes.
#pragma once

#include <span>
#include <vector>

#include "rtl_gen/program/check.hpp"
#include "rtl_gen/program/image.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat {

/// Memories with dependences; RES is one memory, bank-major, STAT and Z included.
enum class Store { kAct, kXb, kRes, kStat, kScore, kK, kV, kZ, kLogit };
inline constexpr int kNumStores = 9;

/// Words [begin, end) of every slice.
struct Access {
  Store store = Store::kAct;
  int begin = 0;
  int end = 0;
};

/// Ring words that an operation uses.
struct RingUse {
  int load = 0;    ///< index in Schedule::loads
  int offset = 0;  ///< words from the start of the load
  int words = 0;
  bool last = false;  ///< no later operation uses these words: the operation frees them
};

struct Op {
  isa::Instruction instruction;  ///< waits, ring offsets and free flags not yet set
  std::vector<Access> reads;
  std::vector<Access> writes;
  std::vector<RingUse> rings;
  std::vector<TensorCheck> checks;
};

struct Schedule {
  std::vector<Span> loads;
  std::vector<Op> ops;
};

/// The order: per layer Q, K, V, attention, O, FFN1, FFN2; in each matrix, for each chunk of
/// columns all row tiles. LayerNorm of a row tile follows its last chunk. Attention takes the heads
/// of a row tile one behind the other, row tile after row tile: scores run four heads ahead of
/// the contexts, so that softmax, or the way of the bits to memory, passes meanwhile. Where softmax
/// takes long, it is done among Q, K, V and O instead (interleave.hpp). Of the last
/// layer only the first row tile of a sentence goes beyond K and V: its logits depend on row 0
/// only. Sentences (`lengths`, tokens each) share every chunk; their row tiles follow each other.
Schedule make_schedule(const Plan& plan, const ModelImage& image, std::span<const int> lengths);

}  // namespace bat
