// SPDX-License-Identifier: Apache-2.0
// Hands each tap event to several observers.
#pragma once

#include <vector>

#include "sim/verilated_device.hpp"

namespace bat::sim {

class TapFanout : public TapSink {
 public:
  /// `sink` must outlive the fan-out.
  void add(TapSink* sink) { sinks_.push_back(sink); }
  bool empty() const { return sinks_.empty(); }

  void write(std::uint64_t cycle, int mem, int slice, int addr, int chunk, std::uint64_t mask,
             std::uint64_t data) override {
    for (TapSink* sink : sinks_) sink->write(cycle, mem, slice, addr, chunk, mask, data);
  }
  void start(std::uint64_t cycle, int unit) override {
    for (TapSink* sink : sinks_) sink->start(cycle, unit);
  }
  void done(std::uint64_t cycle, int unit) override {
    for (TapSink* sink : sinks_) sink->done(cycle, unit);
  }

 private:
  std::vector<TapSink*> sinks_;
};

}  // namespace bat::sim
