// SPDX-License-Identifier: Apache-2.0
// The C interface of a verilated library: one function table, plain types only, so that a library
// built by another compiler or an earlier build of the simulator can be told apart and refused.
#pragma once

#include <cstdint>

extern "C" {

#define BAT_SIM_ABI_VERSION 3
#define BAT_SIM_API_SYMBOL "bat_sim_api"

/// `mask` and `data` are chunk `chunk` (64 bits) of the word at `addr` of memory `mem`, `slice`.
typedef void (*BatTapWrite)(void* user, std::uint64_t cycle, int mem, int slice, int addr,
                            int chunk, std::uint64_t mask, std::uint64_t data);
/// Bits of chunk `chunk` that turn over as copy `copy` of slice `slice` of the weight ring stores
/// the word at `addr`.
typedef std::uint64_t (*BatTapFlip)(void* user, int slice, int copy, int addr, int chunk);
/// Start or completion of an instruction; both one cycle late.
typedef void (*BatTapUnit)(void* user, std::uint64_t cycle, int unit);

typedef struct {
  int latency;          ///< cycles
  int bandwidth;        ///< percent of beats
  int max_outstanding;  ///< bursts
  int stall;            ///< StallMode
  std::uint64_t seed;
  const char* trace;  ///< FST file; null for none; needs a library built with tracing
  int check;          ///< nonzero: protocol checkers run
  void* user;         ///< handed to the taps
  BatTapWrite tap_write;
  BatTapUnit tap_start;
  BatTapUnit tap_done;
  void* flip_user;      ///< handed to tap_flip
  BatTapFlip tap_flip;  ///< null: nothing flips; needs a library with taps
} BatSimOptions;

typedef enum {
  kBatRunCycles = 0,    ///< the cycle limit was reached
  kBatRunIrq = 1,       ///< the interrupt is up
  kBatRunStuck = 2,     ///< no progress for the given number of cycles
  kBatRunFinished = 3,  ///< the register access is complete
} BatRunReason;

typedef struct {
  int abi_version;
  int bus_bytes;
  int has_taps;
  int has_trace;
  void* (*create)(const BatSimOptions* options);
  void (*destroy)(void* sim);
  /// Asserts the reset for 8 cycles and forgets all traffic; memory stays.
  void (*reset)(void* sim);
  /// Memory of at least `bytes` bytes; valid until the next call. Contents are kept.
  std::uint8_t* (*memory)(void* sim, std::uint64_t bytes);
  BatRunReason (*write_register)(void* sim, std::uint32_t offset, std::uint32_t value,
                                 std::uint64_t max_cycles);
  BatRunReason (*read_register)(void* sim, std::uint32_t offset, std::uint32_t* value,
                                std::uint64_t max_cycles);
  /// Runs until the interrupt (if `until_irq`), `max_cycles`, or `stuck_cycles` without progress: a
  /// memory handshake start or completion of an instruction or, with taps, a write inside the
  /// design.
  BatRunReason (*run)(void* sim, std::uint64_t max_cycles, int until_irq,
                      std::uint64_t stuck_cycles);
  std::uint64_t (*cycle)(const void* sim);
  /// Burst `burst` from now answers `resp`, on `beat` of a read.
  void (*fail_read)(void* sim, std::int64_t burst, int beat, int resp);
  void (*fail_write)(void* sim, std::int64_t burst, int resp);
  /// Nothing may be in flight on the memory port now.
  void (*expect_idle)(void* sim);
  int (*violation_count)(const void* sim);
  /// Text of violation `i`, valid until the next call.
  const char* (*violation)(void* sim, int i);
} BatSimApi;

typedef const BatSimApi* (*BatSimApiFunction)(void);
}
