// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/engine.hpp"

#include <algorithm>

namespace bat::cycle_model {
namespace {

/// Instructions between start and completion: all, bit tiles, wide tiles.
constexpr int kOrderDepth = 8;
constexpr int kFieldsDepth = 4;

}  // namespace

Engine::Engine(Machine& machine)
    : m_(machine),
      kernel_(machine.kernel),
      wide_(machine, {[this](int set, Time edge) { release_set(set, edge); },
                      [this](Time edge) { kernel_.post<&Engine::leave_wide>(edge + 1, this); },
                      [this](const Issued& issued, Time edge) { finish(issued, edge); },
                      [this](Time edge) {
                        while (!bit_writes_.empty() && bit_writes_.front() < edge)
                          bit_writes_.pop_front();
                        return !bit_writes_.empty() && bit_writes_.front() == edge;
                      }}),
      preload_stage_(1 + machine.pop_stages),
      write_stage_(4 + machine.pop_stages),
      next_changed_(kernel_),
      set_free_(kernel_),
      set_ready_(kernel_),
      room_changed_(kernel_),
      accept_process_(accept()),
      load_process_(load_constants()),
      walk_process_(walk()) {
  accept_process_.start(kernel_);
  load_process_.start(kernel_);
  walk_process_.start(kernel_);
}

// --- Acceptance: one instruction ahead of the steps.
Process Engine::accept() {
  UnitQueue& queue = m_.queue(isa::Unit::kQmm);
  for (;;) {
    while (next_.valid) co_await next_changed_.wait();
    while (!queue.ready()) co_await queue.changed().wait();
    next_ = {true, false, queue.pop(), kernel_.now(), 0};
    next_changed_.notify();
  }
}

// --- Constants of the tiles to come.
Process Engine::load_constants() {
  Ring& ring = m_.ring(isa::Ring::kT);
  int set = 0;
  for (;;) {
    while (!next_.valid || next_.given || !next_.issued.op->qmm.constants()) {
      co_await next_changed_.wait();
    }
    co_await kernel_.until(next_.accepted + 1);
    next_.given = true;
    next_.given_at = kernel_.now();
    const QmmFields& q = next_.issued.op->qmm;
    next_changed_.notify();
    const bool bit = !q.wide();
    std::int64_t word = bit ? threshold_tail_ + q.rings.params->offset : 0;
    const int words = !bit || q.broadcast ? 1 : m_.plan.t_tile_words;
    const int sets = q.one_set() ? 1 : q.tiles;
    Time read = kernel_.now();
    for (int i = 0; i < sets; ++i) {
      while (occupied_[static_cast<std::size_t>(set)]) co_await set_free_.wait();
      read = std::max(read, kernel_.now() - 1);
      for (int w = 0; w < words; ++w) {
        ++read;
        if (!bit) continue;
        while (!ring.is_known(word)) co_await ring.known.wait();
        read = std::max(read, ring.arrival(word));
        if (!q.broadcast) ++word;
      }
      co_await kernel_.until(read);
      occupied_[static_cast<std::size_t>(set)] = true;
      ready_[static_cast<std::size_t>(set)] = true;
      ready_at_[static_cast<std::size_t>(set)] = read;
      set_ready_.notify();
      set = 1 - set;
    }
    if (bit && q.rings.params->free) {
      threshold_tail_ += q.rings.params->freed();
      kernel_.post<&Ring::free>(read + 2, &ring, q.rings.params->freed());
    }
  }
}

void Engine::release_set(int set, Time edge) {
  kernel_.post<&Engine::clear_set>(edge + 1, this, set);
}

void Engine::clear_set(std::int64_t set) {
  occupied_[static_cast<std::size_t>(set)] = false;
  set_free_.notify();
}

// --- Steps.
bool Engine::has_room(const QmmFields& q) const {
  return in_order_ < kOrderDepth && (q.wide() ? in_wide_ : in_bits_) < kFieldsDepth;
}

/// Cycles without a step before edge `until` that have no reason yet are lost for `loss`.
void Engine::charge(Execution& record, Loss loss, Time until) {
  if (until <= uncharged_) return;
  record.lost[static_cast<std::size_t>(loss)] += until - uncharged_;
  uncharged_ = until;
}

void Engine::charge_arrival(Execution& record) {
  constexpr Time kAcceptToStep = 2;
  charge(record, Loss::kDispatch, next_.issued.visible + kAcceptToStep);
  charge(record, Loss::kDependence, next_.accepted + kAcceptToStep);
}

void Engine::charge_hold(Execution& record) {
  const Time end = wide_.granted_at() + 1;
  const Time held = std::max<Time>(0, end - uncharged_);
  m_.cycles(isa::Unit::kQmm).stalled.add(uncharged_, end - 1);
  const Time records = std::min(held, wide_.record_wait());
  charge(record, Loss::kRecords, uncharged_ + records);
  charge(record, Loss::kBank, uncharged_ + std::min(held - records, wide_.bank_wait()));
  charge(record, Loss::kDrain, end);
}

Process Engine::walk() {
  Ring& ring = m_.ring(isa::Ring::kW);
  for (;;) {
    while (!next_.valid) co_await next_changed_.wait();
    const Issued issued = next_.issued;
    const QmmFields& q = issued.op->qmm;
    Execution& record = issued.record();
    while (q.constants() && !next_.given) co_await next_changed_.wait();
    co_await kernel_.until(std::max(next_.accepted + 1, last_step_));
    while (!has_room(q)) co_await room_changed_.wait();
    charge_arrival(record);
    charge(record, Loss::kDrain, kernel_.now() + 1);
    record.start = kernel_.now();
    order_.push_back({issued, kNever});
    ++in_order_;
    ++(q.wide() ? in_wide_ : in_bits_);
    next_.valid = false;
    next_changed_.notify();

    Time lower = kernel_.now() + 1;
    std::int64_t word = q.rings.weights ? weight_tail_ + q.rings.weights->offset : 0;
    int set = 0;
    for (int tile = 0; tile < q.tiles; ++tile) {
      const bool last_tile = tile + 1 == q.tiles;
      for (int branch = 0; branch < q.branches; ++branch) {
        if (wide_.holds()) {
          while (wide_.holds()) co_await wide_.granted.wait();
          lower = std::max(lower, wide_.granted_at() + 1);
          charge_hold(record);
        }
        if (branch == 0 && q.constants()) {
          set = step_set_;
          if (tile == 0 || !q.one_set()) {
            while (!ready_[static_cast<std::size_t>(set)]) co_await set_ready_.wait();
            ready_[static_cast<std::size_t>(set)] = false;
            lower = std::max(lower, ready_at_[static_cast<std::size_t>(set)] + 1);
            charge(record, Loss::kConstants, lower);
          }
          if (last_tile || !q.one_set()) step_set_ = 1 - step_set_;
        }
        Time first = lower;
        Time step = lower + q.block_steps() - 1;
        if (q.rings.weights) {
          while (!ring.is_known(word + (q.planes_b - 1) * q.kw)) co_await ring.known.wait();
          first = std::max(first, ring.arrival(word + (q.planes_b - 1) * q.kw));
        }
        if (branch == 0 && !q.wide() && (last_tile || !q.one_set())) {
          release_set(set, first + preload_stage_);
        }
        if (q.rings.weights) {
          const std::int64_t last_word = word + q.block_words() - 1;
          if (ring.is_known(last_word) && ring.arrival(last_word) <= first) {
            step = first + q.block_steps() - 1;
          } else {
            step = first - 1;
            for (int s = q.planes_a + q.planes_b - 2; s >= 0; --s) {
              for (int i = std::max(0, s - q.planes_b + 1); i <= std::min(q.planes_a - 1, s); ++i) {
                for (int k = 0; k < q.kw; ++k) {
                  const std::int64_t at = word + (s - i) * q.kw + k;
                  while (!ring.is_known(at)) co_await ring.known.wait();
                  step = std::max(step + 1, ring.arrival(at));
                }
              }
            }
          }
          word += q.block_words();
        }
        charge(record, Loss::kWeights, step - q.block_steps() + 1);
        uncharged_ = step + 1;
        record.busy += q.block_steps();
        m_.steps += q.block_steps();
        co_await kernel_.until(step);
        last_step_ = step;
        lower = step + 1;
        if (q.rings.weights && q.rings.weights->free) {
          weight_tail_ += q.block_words();
          kernel_.post<&Ring::free>(step + 2, &ring, q.block_words());
        }
        if (!q.wide()) continue;
        if (branch == 0) {
          wide_.reserve({issued, tile, last_tile, q.zero_counts ? set : -1, step,
                         q.branches == 1 ? step : kNever});
        } else {
          wide_.second_branch_done();
        }
      }
      if (!q.wide()) bit_writes_.push_back(last_step_ + write_stage_);
    }
    if (!q.wide()) {
      kernel_.post<&Engine::leave_bits>(last_step_ + write_stage_ + 1, this);
      finish(issued, last_step_ + write_stage_ + 1);
    }
  }
}

// --- Completion, in order.
void Engine::finish(const Issued& issued, Time edge) {
  const auto it = std::find_if(order_.begin(), order_.end(), [&](const Running& r) {
    return r.issued.job == issued.job && r.issued.index == issued.index;
  });
  it->ready = edge;
  for (; !order_.empty() && order_.front().ready != kNever; order_.pop_front()) {
    last_done_ = std::max(last_done_ + 1, order_.front().ready);
    m_.complete(order_.front().issued, last_done_);
    kernel_.post<&Engine::leave_order>(last_done_ + 1, this);
  }
}

void Engine::leave_order(std::int64_t) {
  --in_order_;
  room_changed_.notify();
}

void Engine::leave_bits(std::int64_t) {
  --in_bits_;
  room_changed_.notify();
}

void Engine::leave_wide(std::int64_t) {
  --in_wide_;
  room_changed_.notify();
}

}  // namespace bat::cycle_model
