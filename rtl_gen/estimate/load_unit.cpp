// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/load_unit.hpp"

#include <algorithm>

namespace bat::cycle_model {
namespace {

/// LOADs on their way: with beats to come, of narrow rings, all.
constexpr int kDescriptors = 4;
constexpr int kNarrowLoads = 8;
constexpr int kOrderedLoads = 12;
/// FIFO of the narrow rings, where a beat holds more than a word, and where not.
constexpr int kManyBeats = 256;
constexpr int kFewBeats = 2;
/// From the cycle that completes a word to the first edge at which the word is used.
constexpr Time kWordDelay = 2;

}  // namespace

LoadUnit::LoadUnit(Machine& machine, MemoryPort& port)
    : m_(machine),
      kernel_(machine.kernel),
      port_(port),
      widths_{width_of(machine.plan.cols * machine.plan.depth, machine.plan.w_ring_words),
              width_of(machine.plan.par_bits, machine.plan.t_ring_words),
              width_of(machine.plan.par_bits, machine.plan.p_ring_words),
              width_of(machine.plan.l_bits, machine.plan.l_ring_words)},
      room_changed_(kernel_),
      fifo_beats_(machine.plan.axi_bits > std::min(machine.plan.par_bits, machine.plan.l_bits)
                      ? kManyBeats
                      : kFewBeats),
      process_(requests()) {
  port_.connect(MemoryPort::kDma, *this);
  process_.start(kernel_);
}

LoadUnit::Width LoadUnit::width_of(int word_bits, int depth) const {
  const int axi = m_.plan.axi_bits;
  Width w;
  w.beats_per_word = std::max(1, word_bits / axi);
  w.words_per_beat = std::max(1, axi / word_bits);
  const int quarter = depth / 4 / w.words_per_beat * w.beats_per_word;
  w.chunk_beats = std::max(w.beats_per_word, std::min(quarter, m_.plan.max_burst));
  w.chunk_words =
      word_bits > axi ? w.chunk_beats / w.beats_per_word : w.chunk_beats * w.words_per_beat;
  return w;
}

bool LoadUnit::has_room() const {
  return descriptors_ < kDescriptors && narrow_ < kNarrowLoads && ordered_ < kOrderedLoads;
}

Process LoadUnit::requests() {
  UnitQueue& queue = m_.queue(isa::Unit::kDma);
  for (;;) {
    while (!queue.ready()) co_await queue.changed().wait();
    while (!has_room()) co_await room_changed_.wait();
    const Issued issued = queue.pop();
    issued.record().start = kernel_.now();
    const LoadFields& load = issued.op->load;
    ++descriptors_;
    if (load.ring != isa::Ring::kW) ++narrow_;
    ++ordered_;
    order_.push_back({issued, kNever});
    loads_.push_back({issued, load.beats, load.words, 0});
    co_await kernel_.until(kernel_.now() + 1);
    Ring& ring = m_.ring(load.ring);
    if (load.restart) ring.restart();
    const Width& width = widths_[static_cast<std::size_t>(load.ring)];
    const auto beat_bytes = static_cast<std::uint64_t>(m_.plan.axi_bytes);
    std::uint64_t address = m_.model_base + load.beat * beat_bytes;
    int words = load.words;
    for (int beats = load.beats; beats > 0;) {
      const int chunk_words = std::min(words, width.chunk_words);
      const int chunk_beats = std::min(beats, width.chunk_beats);
      const Time asked = kernel_.now();
      while (ring.room() < chunk_words) co_await ring.room_changed.wait();
      m_.cycles(isa::Unit::kDma).stalled.add(asked, kernel_.now() - 1);
      port_.request(MemoryPort::kDma, address, chunk_beats);
      while (port_.pending(MemoryPort::kDma)) co_await port_.accepted(MemoryPort::kDma).wait();
      ring.reserve(chunk_words);
      address += static_cast<std::uint64_t>(chunk_beats) * beat_bytes;
      words -= chunk_words;
      beats -= chunk_beats;
      co_await kernel_.until(kernel_.now() + 1);
    }
  }
}

/// Edge at which the beat is taken.
Time LoadUnit::take_weights(Load& load, const Width& width, Time valid) {
  Ring& ring = m_.ring(isa::Ring::kW);
  if (width.beats_per_word > 1) {
    if (++load.parts < width.beats_per_word) return valid;
    load.parts = 0;
    if (load.words-- > 0) ring.arrive(valid + kWordDelay);
    return valid;
  }
  const int words = std::min(load.words, width.words_per_beat);
  for (int i = 0; i < words; ++i) ring.arrive(valid + i + kWordDelay);
  load.words -= words;
  return valid + std::max(0, words - 1);
}

Time LoadUnit::take_narrow(Load& load, const Width& width, Time valid) {
  Ring& ring = m_.ring(load.issued.op->load.ring);
  Time taken = valid;
  if (static_cast<int>(leaving_.size()) == fifo_beats_) {
    taken = std::max(taken, leaving_.front() + 1);
    leaving_.pop_front();
  }
  const Time out = std::max(taken, narrow_end_) + 1;
  narrow_end_ = out;
  if (width.beats_per_word > 1) {
    if (++load.parts == width.beats_per_word) {
      load.parts = 0;
      if (load.words-- > 0) ring.arrive(out + kWordDelay);
      m_.cycles(isa::Unit::kDma).busy.add(out, out);
    }
  } else {
    const int words = std::min(load.words, width.words_per_beat);
    for (int i = 0; i < words; ++i) ring.arrive(out + i + kWordDelay);
    load.words -= words;
    narrow_end_ = out + std::max(0, words - 1);
    m_.cycles(isa::Unit::kDma).busy.add(out, out + words - 1);
  }
  leaving_.push_back(narrow_end_);
  return taken;
}

Time LoadUnit::take(Time valid) {
  Load& load = loads_.front();
  const isa::Ring ring = load.issued.op->load.ring;
  const Width& width = widths_[static_cast<std::size_t>(ring)];
  const bool narrow = ring != isa::Ring::kW;
  const Time taken = narrow ? take_narrow(load, width, valid) : take_weights(load, width, valid);
  m_.cycles(isa::Unit::kDma).busy.add(narrow ? taken : valid, taken);
  if (--load.beats > 0) return taken;
  finish(load.issued, (narrow ? narrow_end_ : taken) + 1);
  if (narrow) kernel_.post<&LoadUnit::drop_narrow>(narrow_end_ + 1, this);
  kernel_.post<&LoadUnit::drop_load>(taken + 1, this);
  loads_.pop_front();
  return taken;
}

/// Completion in the order of acceptance, one a cycle.
void LoadUnit::finish(const Issued& issued, Time ready) {
  constexpr Time kDoneDelay = 2;
  const auto it = std::find_if(order_.begin(), order_.end(), [&](const Ordered& o) {
    return o.issued.job == issued.job && o.issued.index == issued.index;
  });
  it->ready = ready;
  for (; !order_.empty() && order_.front().ready != kNever; order_.pop_front()) {
    last_pop_ = std::max(last_pop_ + 1, order_.front().ready);
    m_.complete(order_.front().issued, last_pop_ + kDoneDelay);
    kernel_.post<&LoadUnit::drop_ordered>(last_pop_ + 1, this);
  }
}

void LoadUnit::drop_load(std::int64_t) {
  --descriptors_;
  room_changed_.notify();
}

void LoadUnit::drop_narrow(std::int64_t) {
  --narrow_;
  room_changed_.notify();
}

void LoadUnit::drop_ordered(std::int64_t) {
  --ordered_;
  room_changed_.notify();
}

}  // namespace bat::cycle_model
