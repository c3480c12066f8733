// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline.hpp"

#include <algorithm>

#include "rtl_gen/program/disassemble.hpp"
#include "sim/ring_ledger.hpp"

namespace bat::sim {
namespace {

using nlohmann::ordered_json;

/// Taps come one cycle late.
constexpr std::uint64_t kTapDelay = 1;

constexpr std::array kRings{isa::Ring::kW, isa::Ring::kT, isa::Ring::kP, isa::Ring::kL};

ordered_json metadata(const char* name, int track, const ordered_json& args) {
  return {{"ph", "M"}, {"pid", 0}, {"tid", track}, {"name", name}, {"args", args}};
}

}  // namespace

void Timeline::expect(std::size_t sample, const Program& program) {
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const auto unit = static_cast<std::size_t>(isa::unit_of(program.instructions[i].op()));
    lanes_[unit].instructions.push_back({sample, &program, i, 0, 0});
  }
  const bool known = std::any_of(programs_.begin(), programs_.end(),
                                 [&](const Known& k) { return k.program == &program; });
  if (!known) programs_.push_back({&program, label_instructions(plan_, program)});
}

void Timeline::start(std::uint64_t cycle, int unit) {
  Lane& lane = lanes_[static_cast<std::size_t>(unit)];
  if (lane.started == lane.instructions.size()) return;
  lane.instructions[lane.started++].start = cycle - kTapDelay;
}

void Timeline::done(std::uint64_t cycle, int unit) {
  Lane& lane = lanes_[static_cast<std::size_t>(unit)];
  if (lane.completed == lane.started) return;
  lane.instructions[lane.completed++].done = cycle - kTapDelay;
}

std::vector<Executed> Timeline::executed(isa::Unit unit) const {
  const Lane& lane = lanes_[static_cast<std::size_t>(unit)];
  return {lane.instructions.begin(),
          lane.instructions.begin() + static_cast<std::ptrdiff_t>(lane.completed)};
}

const std::vector<Label>& Timeline::labels(const Program* program) const {
  return std::find_if(programs_.begin(), programs_.end(),
                      [&](const Known& k) { return k.program == program; })
      ->labels;
}

void Timeline::add_slices(ordered_json& events, std::size_t unit, std::uint64_t origin) const {
  const std::vector<Executed> list = executed(static_cast<isa::Unit>(unit));
  const bool to_next = static_cast<isa::Unit>(unit) == isa::Unit::kQmm;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Executed& e = list[i];
    const isa::Instruction& instruction = e.program->instructions[e.instruction];
    std::uint64_t begin = e.start;
    std::uint64_t end = e.done;
    if (to_next && i + 1 < list.size()) end = std::min(end, list[i + 1].start);
    if (!to_next && i > 0) begin = std::max(begin, list[i - 1].done);
    events.push_back({{"ph", "X"},
                      {"pid", 0},
                      {"tid", static_cast<int>(unit)},
                      {"ts", begin - origin},
                      {"dur", end - begin},
                      {"name", labels(e.program)[e.instruction].text(instruction.op())},
                      {"cat", isa::to_string(static_cast<isa::Unit>(unit))},
                      {"args",
                       {{"sample", e.sample},
                        {"instruction", e.instruction},
                        {"start", e.start - origin},
                        {"done", e.done - origin},
                        {"text", isa::to_string(instruction)}}}});
  }
}

void Timeline::add_rings(ordered_json& events, std::uint64_t origin) const {
  std::vector<Executed> all;
  for (const Lane& lane : lanes_) {
    all.insert(all.end(), lane.instructions.begin(),
               lane.instructions.begin() + static_cast<std::ptrdiff_t>(lane.completed));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Executed& a, const Executed& b) { return a.done < b.done; });
  RingLedger ledger(plan_);
  for (const Executed& e : all) {
    const RingLedger before = ledger;
    ledger.complete(e.program->instructions[e.instruction]);
    for (const isa::Ring ring : kRings) {
      if (ledger.held(ring) == before.held(ring)) continue;
      events.push_back({{"ph", "C"},
                        {"pid", 0},
                        {"ts", e.done - origin},
                        {"name", std::string(isa::to_string(ring)) + " ring"},
                        {"args", {{"words", ledger.held(ring)}}}});
    }
  }
}

ordered_json Timeline::trace(const std::string& title, std::uint64_t origin) const {
  ordered_json events = ordered_json::array();
  events.push_back(metadata("process_name", 0, {{"name", title}}));
  for (int unit = 0; unit < isa::kNumUnits; ++unit) {
    events.push_back(
        metadata("thread_name", unit, {{"name", isa::to_string(static_cast<isa::Unit>(unit))}}));
    events.push_back(metadata("thread_sort_index", unit, {{"sort_index", unit}}));
  }
  for (std::size_t unit = 0; unit < lanes_.size(); ++unit) add_slices(events, unit, origin);
  add_rings(events, origin);
  return {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
}

}  // namespace bat::sim
