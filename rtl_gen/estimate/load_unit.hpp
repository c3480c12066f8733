// SPDX-License-Identifier: Apache-2.0
// LOAD: requests within the room of the rings, beats into ring words (rtl/weight_dma.sv).
#pragma once

#include <array>
#include <deque>

#include "rtl_gen/estimate/memory_port.hpp"

namespace bat::cycle_model {

class LoadUnit : public ReadClient {
 public:
  LoadUnit(Machine& machine, MemoryPort& port);

  Time take(Time valid) override;

 private:
  /// A ring as the DMA sees it.
  struct Width {
    int beats_per_word = 1;
    int words_per_beat = 1;
    int chunk_beats = 1;
    int chunk_words = 1;
  };
  struct Load {
    Issued issued;
    int beats = 0;  ///< still to come
    int words = 0;  ///< still to be written
    int parts = 0;  ///< beats of the present word that have come
  };
  struct Ordered {
    Issued issued;
    Time ready = kNever;  ///< edge behind its last ring write
  };

  Width width_of(int word_bits, int depth) const;
  Process requests();
  bool has_room() const;
  Time take_weights(Load& load, const Width& width, Time valid);
  Time take_narrow(Load& load, const Width& width, Time valid);
  void finish(const Issued& issued, Time ready);
  void drop_load(std::int64_t);
  void drop_narrow(std::int64_t);
  void drop_ordered(std::int64_t);

  Machine& m_;
  Kernel& kernel_;
  MemoryPort& port_;
  std::array<Width, kNumRings> widths_;
  std::deque<Load> loads_;  ///< data still to come
  // LOADs between acceptance and completion: with beats to come, of narrow rings, all.
  int descriptors_ = 0;
  int narrow_ = 0;
  std::deque<Ordered> order_;
  int ordered_ = 0;
  Time last_pop_ = -1;
  Signal room_changed_;
  // Beats of the narrow rings wait in a FIFO: when each leaves it.
  std::deque<Time> leaving_;
  Time narrow_end_ = -1;
  int fifo_beats_;
  Process process_;
};

}  // namespace bat::cycle_model
