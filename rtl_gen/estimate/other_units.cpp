// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/other_units.hpp"

#include <algorithm>
#include <utility>

namespace bat::cycle_model {
namespace {

/// From the last beat of the first pass to its sum.
constexpr Time kSumStages = 6;
constexpr Time kDivision = 22;
constexpr int kLogitBytes = 4;
constexpr int kPageBytes = 4096;

}  // namespace

// --- SMX.
SoftmaxUnit::SoftmaxUnit(Machine& machine)
    : m_(machine),
      kernel_(machine.kernel),
      changed_(kernel_),
      sum_process_(sum()),
      divide_process_(divide()),
      code_process_(codes()) {
  for (const Process* process : {&sum_process_, &divide_process_, &code_process_}) {
    process->start(kernel_);
  }
}

void SoftmaxUnit::divider_free(std::int64_t) {
  divider_.busy = false;
  changed_.notify();
}

void SoftmaxUnit::codes_free(std::int64_t) {
  codes_.busy = false;
  changed_.notify();
}

Time SoftmaxUnit::code_cycles(const SmxFields& smx) const {
  const int beats = m_.plan.depth / m_.plan.lanes;
  return (m_.plan.kwords(smx.keys) - 1) * std::max(beats, smx.out_bits) + beats;
}

Process SoftmaxUnit::sum() {
  UnitQueue& queue = m_.queue(isa::Unit::kSmx);
  for (;;) {
    while (!queue.ready()) co_await queue.changed().wait();
    const Issued issued = queue.pop();
    issued.record().start = kernel_.now();
    // Beats issue in the cycles that codes leave.
    Time next = kernel_.now() + 1;
    for (int left = ceil_div(issued.op->smx.keys, m_.plan.lanes); left > 0;) {
      if (next >= codes_from_ && next < codes_to_) next = codes_to_;
      const Time end = next + left;
      co_await kernel_.until(end - 1, Phase::kArbitrate);
      // Codes may have begun meanwhile.
      const Time stop = codes_from_ >= next ? std::min(end, codes_from_) : end;
      left -= static_cast<int>(stop - next);
      next = stop;
    }
    co_await kernel_.until(next + kSumStages);
    while (divider_.busy) co_await changed_.wait();
    divider_ = {true, true, issued};
    m_.cycles(isa::Unit::kSmx).busy.add(issued.record().start + 1, kernel_.now());
    changed_.notify();
    co_await kernel_.until(kernel_.now() + 1);
  }
}

Process SoftmaxUnit::divide() {
  for (;;) {
    while (!divider_.valid) co_await changed_.wait();
    divider_.valid = false;
    const Issued issued = divider_.issued;
    const Time began = kernel_.now();
    co_await kernel_.until(began + kDivision);
    while (codes_.busy) co_await changed_.wait();
    m_.cycles(isa::Unit::kSmx).busy.add(began + 1, kernel_.now());
    codes_ = {true, true, issued};
    changed_.notify();
    kernel_.post<&SoftmaxUnit::divider_free>(kernel_.now() + 1, this);
  }
}

Process SoftmaxUnit::codes() {
  for (;;) {
    while (!codes_.valid) co_await changed_.wait();
    codes_.valid = false;
    const Issued issued = codes_.issued;
    codes_from_ = kernel_.now() + 1;
    codes_to_ = codes_from_ + code_cycles(issued.op->smx);
    const Time done = codes_to_ + 8 + m_.plan.max_bits;
    m_.cycles(isa::Unit::kSmx).busy.add(codes_from_, done);
    m_.complete(issued, done);
    kernel_.post<&SoftmaxUnit::codes_free>(done + 1, this);
  }
}

// --- STO.
StoreUnit::StoreUnit(Machine& machine, MemoryPort& port, int write_latency,
                     std::function<void(Job&, Time)> ended)
    : m_(machine),
      kernel_(machine.kernel),
      port_(port),
      write_latency_(write_latency),
      ended_(std::move(ended)),
      process_(run()) {
  process_.start(kernel_);
}

/// Beats of the next burst of `left` logits from `address` on.
int StoreUnit::burst_beats(std::uint64_t address, int left) const {
  const int axi = m_.plan.axi_bytes;
  const auto offset = static_cast<int>(address % static_cast<std::uint64_t>(axi));
  const int in_page = (kPageBytes - static_cast<int>(address % kPageBytes) + offset) / axi;
  return std::min({ceil_div(offset + left * kLogitBytes, axi), m_.plan.max_burst, in_page});
}

Process StoreUnit::run() {
  UnitQueue& queue = m_.queue(isa::Unit::kSto);
  UnitCycles& cycles = m_.cycles(isa::Unit::kSto);
  const int axi = m_.plan.axi_bytes;
  for (;;) {
    while (!queue.ready()) co_await queue.changed().wait();
    const Issued issued = queue.pop();
    issued.record().start = kernel_.now();
    if (issued.op->op == isa::Op::kEnd) {
      m_.complete(issued, kernel_.now() + 1);
      ended_(*issued.job, kernel_.now());
      co_await kernel_.until(kernel_.now() + 1);
      continue;
    }
    const Time accepted = kernel_.now();
    std::uint64_t address =
        issued.job->output + kLogitBytes * static_cast<std::uint64_t>(issued.op->store_offset);
    Time edge = accepted;
    for (int left = issued.op->store_count; left > 0;) {
      edge += 2;  // length, address
      for (int beats = burst_beats(address, left); beats > 0; --beats) {
        const auto at = static_cast<int>(address % static_cast<std::uint64_t>(axi));
        const int logits = std::min(left, (axi - at) / kLogitBytes);
        edge += 2 * logits;
        left -= logits;
        address += static_cast<std::uint64_t>(logits * kLogitBytes);
        co_await kernel_.until(edge + 1);
        port_.write();
        while (port_.writing()) co_await port_.written().wait();
        const Time taken = kernel_.now() + 1;
        cycles.stalled.add(edge + 1, taken - 1);
        edge = taken;
      }
      cycles.stalled.add(edge + 1, edge + write_latency_);
      edge += write_latency_ + 1;
    }
    cycles.busy.add(accepted + 1, edge);
    co_await kernel_.until(edge);
    m_.complete(issued, edge + 1);
    co_await kernel_.until(edge + 1);
  }
}

}  // namespace bat::cycle_model
