// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/wide_path.hpp"

#include <algorithm>
#include <utility>

namespace bat::cycle_model {
namespace {

/// From the last beat of a tile to done_o of its instruction.
constexpr Time kRetire = 11;
/// From the last plane of a code tile to done_o.
constexpr Time kCodeRetire = 4;
/// From the last beat of a code tile to its first plane.
constexpr Time kCodeDelay = 7;
/// Cycles after its last beat in which a tile keeps its bank.
constexpr Time kBankDelay = 8;

}  // namespace

WidePath::WidePath(Machine& machine, Reports reports)
    : granted(machine.kernel),
      m_(machine),
      kernel_(machine.kernel),
      reports_(std::move(reports)),
      beats_(machine.plan.cols / machine.plan.lanes),
      way_(3 + machine.pop_stages),
      reserved_changed_(kernel_),
      captured_changed_(kernel_),
      drain_started_(kernel_),
      hand_off_process_(hand_off()),
      drain_process_(drain()) {
  hand_off_process_.start(kernel_);
  drain_process_.start(kernel_);
}

void WidePath::reserve(const WideTile& tile) {
  reserved_.push_back(tile);
  ++reservations_;
  reserved_changed_.notify();
}

void WidePath::second_branch_done() {
  reserved_.back().last_step = kernel_.now();
  reserved_changed_.notify();
}

Process WidePath::hand_off() {
  for (int index = 0;; ++index) {
    while (reserved_.empty()) co_await reserved_changed_.wait();
    while (drained_ < index) co_await drain_started_.wait();
    // The shadow is nearly empty once at most `way` shifts of the tile before are left.
    const Time nearly_empty = first_beat_ + std::max(0, beats_ - 1 - way_);
    co_await kernel_.until(std::max(reserved_.front().reserved, nearly_empty));
    granted_at_ = kernel_.now();
    ++grants_;
    granted.notify();
    const Time empty = first_beat_ + beats_ - 1;
    co_await kernel_.until(std::max(reserved_.front().reserved + way_, empty));
    if (reserved_.front().set >= 0) {
      reports_.release_set(reserved_.front().set, kernel_.now());
    }
    while (reserved_.front().last_step == kNever) co_await reserved_changed_.wait();
    co_await kernel_.until(reserved_.front().last_step + way_);
    captured_.push_back(reserved_.front());
    reserved_.pop_front();
    captured_changed_.notify();
  }
}

std::int64_t WidePath::last_record(const WideTile& tile) const {
  const RingWords& words = *tile.issued.op->qmm.rings.params;
  const std::int64_t first = record_tail_ + words.offset;
  return tile.issued.op->qmm.broadcast ? first : first + (tile.tile + 1) * beats_ - 1;
}

void WidePath::free_records(const WideTile& tile, Time edge) {
  const auto& words = tile.issued.op->qmm.rings.params;
  if (!words || !words->free || !tile.last) return;
  record_tail_ += words->freed();
  kernel_.post<&Ring::free>(edge + 1, &m_.ring(isa::Ring::kP), words->freed());
}

Process WidePath::drain() {
  for (;;) {
    while (captured_.empty()) co_await captured_changed_.wait();
    co_await kernel_.until(kernel_.now() + 1);
    const WideTile tile = captured_.front();
    captured_.pop_front();
    const QmmFields& q = tile.issued.op->qmm;
    const Time offered = kernel_.now();
    if (q.rings.params) {
      Ring& records = m_.ring(isa::Ring::kP);
      while (!records.is_known(last_record(tile))) co_await records.known.wait();
      co_await kernel_.until(records.arrival(last_record(tile)));
    }
    record_wait_ = kernel_.now() - offered;
    bank_wait_ = 0;
    if (q.out == isa::Out::kRes) {
      Bank& bank = m_.bank(q.row_tile);
      const Time wanted = kernel_.now();
      bank.want();
      while (bank.locked()) co_await bank.unlocked.wait();
      bank_wait_ = kernel_.now() - wanted;
      bank.drain_until(kernel_.now() + beats_ - 1 + kBankDelay);
    }
    first_beat_ = kernel_.now();
    ++drained_;
    drain_started_.notify();
    const Time last_beat = first_beat_ + beats_ - 1;
    co_await kernel_.until(last_beat);
    if (q.out == isa::Out::kCode) {
      Time edge = last_beat + kCodeDelay;
      for (int plane = 0; plane < q.out_bits; ++plane, ++edge) {
        co_await kernel_.until(edge);
        while (reports_.bits_written_at(edge)) co_await kernel_.until(++edge);
      }
    }
    const Time done = kernel_.now();
    free_records(tile, done);
    if (tile.last) {
      reports_.instruction_left(done);
      reports_.finished(tile.issued, done + (q.out == isa::Out::kCode ? kCodeRetire : kRetire));
    }
  }
}

}  // namespace bat::cycle_model
