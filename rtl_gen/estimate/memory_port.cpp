// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/memory_port.hpp"

#include <algorithm>

namespace bat::cycle_model {
namespace {

constexpr int kPageBytes = 4096;
/// A beat costs 100; unused bandwidth is kept up to just below two beats.
constexpr Time kBeatCredit = 100;
constexpr Time kMostCredit = 199;

}  // namespace

MemoryPort::MemoryPort(Machine& machine, const MemoryTiming& timing)
    : m_(machine),
      kernel_(machine.kernel),
      timing_(timing),
      clients_{Client(kernel_), Client(kernel_), Client(kernel_)},
      credit_(kMostCredit),
      written_(kernel_) {}

void MemoryPort::request(int client, std::uint64_t address, int beats) {
  Client& c = clients_[index(client)];
  c.asks = true;
  c.ask_address = address;
  c.ask_beats = beats;
  poke(kernel_.now());
}

void MemoryPort::poke(Time time) {
  if (poked_ >= time) return;
  poked_ = time;
  kernel_.schedule(
      time, Phase::kArbitrate,
      [](void* port, std::int64_t argument) { static_cast<MemoryPort*>(port)->edge(argument); },
      this, 0);
}

void MemoryPort::edge(std::int64_t) {
  const bool was_valid = ar_valid_;
  const bool taken = hand_over();
  const bool issued = (!was_valid || taken) && issue();
  const bool accepted = accept();
  // Blocked by tags or by the memory: their release pokes.
  if (issued || accepted) poke(kernel_.now() + 1);
}

bool MemoryPort::hand_over() {
  if (!ar_valid_ || reads_ >= timing_.max_outstanding) return false;
  ar_valid_ = false;
  ++reads_;
  ar_.due = kernel_.now() + timing_.latency;
  bursts_.push_back(ar_);
  if (!serving_) {
    serving_ = true;
    kernel_.post<&MemoryPort::serve>(std::max(ar_.due, last_take_), this);
  }
  return true;
}

/// Begins the next burst.
bool MemoryPort::issue() {
  constexpr std::array kOrder{kFetch, kRow, kDma};
  const auto it =
      std::find_if(kOrder.begin(), kOrder.end(), [&](int c) { return clients_[index(c)].valid; });
  if (it == kOrder.end() || tags_ >= m_.plan.outstanding) return false;
  Client& c = clients_[index(*it)];
  const int in_page = (kPageBytes - static_cast<int>(c.address % kPageBytes)) / m_.plan.axi_bytes;
  const int beats = std::min({c.left, m_.plan.max_burst, in_page});
  ++tags_;
  ar_valid_ = true;
  ar_ = {*it, beats, 0};
  c.address += static_cast<std::uint64_t>(beats) * static_cast<std::uint64_t>(m_.plan.axi_bytes);
  c.left -= beats;
  c.valid = c.left > 0;
  return true;
}

bool MemoryPort::accept() {
  bool any = false;
  for (Client& c : clients_) {
    if (!c.asks || c.valid) continue;
    c.valid = true;
    c.asks = false;
    c.address = c.ask_address;
    c.left = c.ask_beats;
    c.accepted.notify();
    any = true;
  }
  return any;
}

/// First edge from `earliest` on that has the credit of a beat.
Time MemoryPort::credit_edge(Time earliest) const {
  const Time credit =
      std::min(kMostCredit, credit_ + timing_.bandwidth * (earliest - credit_edge_));
  if (credit >= kBeatCredit) return earliest;
  return earliest + (kBeatCredit - credit + timing_.bandwidth - 1) / timing_.bandwidth;
}

void MemoryPort::spend(Time edge) {
  credit_ =
      std::min(kMostCredit, credit_ + timing_.bandwidth * (edge - credit_edge_)) - kBeatCredit;
  credit_edge_ = edge;
}

/// Edge at which the memory drives the next beat, at `earliest` or later.
Time MemoryPort::drive(Time earliest) {
  const Time edge = credit_edge(earliest);
  spend(edge);
  return edge;
}

void MemoryPort::write() {
  writing_ = true;
  write_from_ = kernel_.now();
  write_when_idle(0);
}

/// The waiting beat is taken if the memory can before it may drive a read beat at edge `limit`.
bool MemoryPort::write_before(Time limit) {
  if (!writing_) return false;
  const Time edge = credit_edge(std::max(write_from_, credit_edge_ + 1));
  if (edge >= limit) return false;
  spend(edge);
  writing_ = false;
  return true;
}

void MemoryPort::write_when_idle(std::int64_t) {
  if (!writing_) return;
  if (write_before(serving_ ? std::max(bursts_.front().due, last_take_) : kNever)) {
    // The store unit goes on from the edge at which the memory took the beat.
    kernel_.post<&MemoryPort::tell_written>(credit_edge_, this);
  }
}

/// Beats of the oldest burst, up to one that its client does not take at once: while it waits, the
/// memory may take a write.
void MemoryPort::serve(std::int64_t) {
  Burst& burst = bursts_.front();
  ReadClient& reader = *clients_[index(burst.client)].reader;
  Time driven = 0;
  bool waited = false;
  while (burst.beats > 0 && !waited) {
    driven = drive(std::max({burst.due, last_take_, credit_edge_ + 1}));
    last_take_ = reader.take(driven + 1);
    waited = last_take_ > driven + 1;
    --burst.beats;
    ++beats_;
  }
  if (burst.beats == 0) {
    kernel_.post<&MemoryPort::pop_tag>(last_take_ + 1, this);
    kernel_.post<&MemoryPort::pop_read>(driven + 2, this);
    bursts_.pop_front();
  }
  serving_ = !bursts_.empty();
  if (serving_) {
    kernel_.post<&MemoryPort::serve>(std::max(bursts_.front().due, last_take_), this);
  }
  if (writing_) kernel_.post<&MemoryPort::write_when_idle>(driven + 1, this);
}

void MemoryPort::tell_written(std::int64_t) { written_.notify(); }

void MemoryPort::pop_tag(std::int64_t) {
  --tags_;
  poke(kernel_.now());
}

void MemoryPort::pop_read(std::int64_t) {
  --reads_;
  poke(kernel_.now());
}

}  // namespace bat::cycle_model
