// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/dispatch.hpp"

#include <algorithm>

namespace bat::cycle_model {
namespace {

constexpr int kRequestBits = 1024;
constexpr int kHeadBits = 512;

/// Beats of the smallest request.
int least_beats(const Plan& plan) { return std::max(1, kRequestBits / plan.axi_bits); }

/// The buffer holds instructions for two queues.
int buffer_beats(const Plan& plan) {
  return std::max(2 * plan.queue_depth * isa::kInstrBits / plan.axi_bits, 2 * least_beats(plan));
}

}  // namespace

Dispatch::Dispatch(Machine& machine, MemoryPort& port, std::vector<Job>& jobs)
    : m_(machine),
      kernel_(machine.kernel),
      port_(port),
      jobs_(jobs),
      buffer_beats_(buffer_beats(machine.plan)),
      request_beats_(std::max(buffer_beats_ / 4, least_beats(machine.plan))),
      head_beats_(std::max(1, kHeadBits / machine.plan.axi_bits)),
      credit_(buffer_beats_),
      more_(kernel_),
      arrived_(kernel_),
      request_process_(requests()),
      dispatch_process_(dispatch()) {
  port_.connect(MemoryPort::kFetch, *this);
  request_process_.start(kernel_);
  dispatch_process_.start(kernel_);
}

Time Dispatch::take(Time valid) {
  beats_.push_back(valid + 1);
  arrived_.notify();
  return valid;
}

void Dispatch::show_left(std::int64_t beats) {
  left_ = beats;
  more_.notify();
}

void Dispatch::credit_back(std::int64_t beats) {
  credit_ += static_cast<int>(beats);
  more_.notify();
}

/// Behind the header's request.
std::int64_t Dispatch::program_beats(std::size_t instructions) const {
  const auto count = static_cast<std::int64_t>(instructions);
  const int axi = m_.plan.axi_bits;
  const int word = isa::kInstrBits;
  const std::int64_t total =
      axi <= word ? (count + 1) * (word / axi) : (count + axi / word) / (axi / word);
  return std::max<std::int64_t>(0, total - head_beats_);
}

Process Dispatch::requests() {
  for (;;) {
    const auto chunk = static_cast<int>(std::min<std::int64_t>(left_, request_beats_));
    if (chunk == 0 || credit_ < chunk) {
      co_await more_.wait();
      continue;
    }
    port_.request(MemoryPort::kFetch, address_, chunk);
    while (port_.pending(MemoryPort::kFetch)) co_await port_.accepted(MemoryPort::kFetch).wait();
    address_ += static_cast<std::uint64_t>(chunk) * static_cast<std::uint64_t>(m_.plan.axi_bytes);
    left_ -= chunk;
    credit_ -= chunk;
    co_await kernel_.until(kernel_.now() + 1);
  }
}

Issued Dispatch::prepare(Job& job, int index) {
  const Decoded& op = (*job.program)[static_cast<std::size_t>(index)];
  Issued issued{&op, &job, index, false, 0, {}};
  for (std::size_t u = 0; u < op.wait.size(); ++u) {
    issued.target[u] = op.wait[u] == isa::kWaitNone ? 0 : dispatched_[u] - op.wait[u];
  }
  ++dispatched_[static_cast<std::size_t>(op.unit)];
  if (op.unit == isa::Unit::kRow) {
    issued.first_row = !row_seen_;
    row_seen_ = true;
  }
  return issued;
}

Process Dispatch::dispatch() {
  const int axi = m_.plan.axi_bits;
  const int parts = std::max(1, isa::kInstrBits / axi);     // beats of a word
  const int per_beat = std::max(1, axi / isa::kInstrBits);  // words of a beat
  for (Job& job : jobs_) {
    address_ = job.program_address;
    row_seen_ = false;
    kernel_.post<&Dispatch::show_left>(kernel_.now() + 1, this, head_beats_);
    const auto count = static_cast<int>(job.program->size());
    int in_beat = 0;
    for (int word = -1; word < count; ++word) {  // the header is word -1
      // Beats before the last of a word leave the buffer as they come.
      for (int part = 1; part < parts; ++part) {
        while (beats_.empty()) co_await arrived_.wait();
        co_await kernel_.until(beats_.front());
        beats_.pop_front();
        kernel_.post<&Dispatch::credit_back>(kernel_.now() + 1, this, 1);
        co_await kernel_.until(kernel_.now() + 1);
      }
      while (beats_.empty()) co_await arrived_.wait();
      co_await kernel_.until(beats_.front());
      if (word < 0) {
        const std::int64_t rest = program_beats(job.program->size());
        kernel_.post<&Dispatch::show_left>(kernel_.now() + 1, this, rest);
      } else {
        UnitQueue& queue = m_.queue((*job.program)[static_cast<std::size_t>(word)].unit);
        while (!queue.has_space()) co_await queue.space_changed.wait();
        queue.push(prepare(job, word));
      }
      in_beat = in_beat + 1 == per_beat || word + 1 == count ? 0 : in_beat + 1;
      if (in_beat == 0) {
        beats_.pop_front();
        kernel_.post<&Dispatch::credit_back>(kernel_.now() + 1, this, 1);
      }
      co_await kernel_.until(kernel_.now() + 1);
    }
  }
}

}  // namespace bat::cycle_model
