// SPDX-License-Identifier: Apache-2.0
// Reads programs and hands instructions to the queues (rtl/fetch.sv).
#pragma once

#include <deque>
#include <vector>

#include "rtl_gen/estimate/memory_port.hpp"

namespace bat::cycle_model {

class Dispatch : public ReadClient {
 public:
  Dispatch(Machine& machine, MemoryPort& port, std::vector<Job>& jobs);

  Time take(Time valid) override;

 private:
  Process requests();
  Process dispatch();
  void show_left(std::int64_t beats);
  void credit_back(std::int64_t beats);
  std::int64_t program_beats(std::size_t instructions) const;
  Issued prepare(Job& job, int index);

  Machine& m_;
  Kernel& kernel_;
  MemoryPort& port_;
  std::vector<Job>& jobs_;
  int buffer_beats_;
  int request_beats_;
  int head_beats_;
  // Requests.
  std::uint64_t address_ = 0;
  std::int64_t left_ = 0;
  int credit_;
  Signal more_;
  // Beats in the buffer: edges from which they show.
  std::deque<Time> beats_;
  Signal arrived_;
  std::array<std::int64_t, isa::kNumUnits> dispatched_{};
  bool row_seen_ = false;
  Process request_process_;
  Process dispatch_process_;
};

}  // namespace bat::cycle_model
