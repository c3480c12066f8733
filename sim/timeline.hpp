// SPDX-License-Identifier: Apache-2.0
// When each instruction of a run started and completed, as a trace for Chrome and Perfetto.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rtl_gen/estimate/label.hpp"
#include "sim/verilated_device.hpp"

namespace bat::sim {

/// One executed instruction; cycles as the device counts them.
struct Executed {
  std::size_t sample = 0;
  const Program* program = nullptr;
  std::size_t instruction = 0;  ///< index in the program
  std::uint64_t start = 0;      ///< its unit took it; QMM: the cycle before the first possible step
  std::uint64_t done = 0;       ///< its last write took effect
};

/// Jobs are announced in the order in which they are pushed.
class Timeline : public TapSink {
 public:
  explicit Timeline(const Plan& plan) : plan_(plan) {}

  /// `program` must outlive the timeline.
  void expect(std::size_t sample, const Program& program);

  void write(std::uint64_t, int, int, int, int, std::uint64_t, std::uint64_t) override {}
  void start(std::uint64_t cycle, int unit) override;
  void done(std::uint64_t cycle, int unit) override;

  /// Completed instructions of a unit, in order.
  std::vector<Executed> executed(isa::Unit unit) const;

  /// Trace-event JSON; one cycle is one microsecond there, cycle `origin` is time 0. A track a
  /// unit, a slice an instruction. Units overlap instructions: a slice is drawn from the completion
  /// of the one before on (QMM: until the next one starts), `args` hold the real `start` and
  /// `done`. Counters: words in each ring, as completed instructions leave them.
  nlohmann::ordered_json trace(const std::string& title, std::uint64_t origin) const;

 private:
  struct Lane {
    std::vector<Executed> instructions;  ///< dispatched in this order
    std::size_t started = 0;
    std::size_t completed = 0;
  };
  struct Known {
    const Program* program;
    std::vector<Label> labels;
  };

  const std::vector<Label>& labels(const Program* program) const;
  void add_slices(nlohmann::ordered_json& events, std::size_t unit, std::uint64_t origin) const;
  void add_rings(nlohmann::ordered_json& events, std::uint64_t origin) const;

  Plan plan_;
  std::array<Lane, isa::kNumUnits> lanes_;
  std::deque<Known> programs_;
};

}  // namespace bat::sim
