// SPDX-License-Identifier: Apache-2.0
// SMX and STO (rtl/smx_unit.sv, rtl/store_unit.sv).
#pragma once

#include <functional>

#include "rtl_gen/estimate/memory_port.hpp"

namespace bat::cycle_model {

/// Three parts in a row: sum, division, codes; each holds one instruction. The issue of codes goes
/// before that of sums.
class SoftmaxUnit {
 public:
  explicit SoftmaxUnit(Machine& machine);

 private:
  struct Part {
    bool busy = false;
    bool valid = false;  ///< an instruction waits to begin
    Issued issued;
  };

  Process sum();
  Process divide();
  Process codes();
  Time code_cycles(const SmxFields& smx) const;
  void divider_free(std::int64_t);
  void codes_free(std::int64_t);

  Machine& m_;
  Kernel& kernel_;
  Part divider_;
  Part codes_;
  Signal changed_;
  Time codes_from_ = 0;  ///< issue of codes: first edge and the one behind the last
  Time codes_to_ = 0;
  Process sum_process_;
  Process divide_process_;
  Process code_process_;
};

class StoreUnit {
 public:
  /// `ended(job, edge)`: the END of a job is taken at `edge`.
  StoreUnit(Machine& machine, MemoryPort& port, int write_latency,
            std::function<void(Job&, Time)> ended);

 private:
  Process run();
  int burst_beats(std::uint64_t address, int left) const;

  Machine& m_;
  Kernel& kernel_;
  MemoryPort& port_;
  int write_latency_;
  std::function<void(Job&, Time)> ended_;
  Process process_;
};

}  // namespace bat::cycle_model
