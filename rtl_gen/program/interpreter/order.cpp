// SPDX-License-Identifier: Apache-2.0
// Which step comes next: program order, or a random choice among all that hardware could do.
#include <fmt/format.h>

#include <algorithm>

#include "rtl_gen/program/disassemble.hpp"
#include "rtl_gen/program/interpreter/machine.hpp"

namespace bat {
namespace {

constexpr int kQmm = static_cast<int>(isa::Unit::kQmm);
constexpr int kRow = static_cast<int>(isa::Unit::kRow);
constexpr std::size_t kOverlap = 4;  // instructions under way in QMM and ROW

/// Bit tiles leave as they issue and may pass wide tiles that wait for the drain.
bool drains(const Active& a) {
  return a.instruction.op() != isa::Op::kQmm || a.out() != isa::Out::kBit;
}

}  // namespace

bool Interpreter::Machine::can_start(const Unit& unit, int number) const {
  const std::size_t limit = number == kQmm || number == kRow ? kOverlap : 1;
  if (unit.queue.empty() || unit.running.size() >= limit) return false;
  const Active& a = unit.queue.front();
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (units_[u].completed < a.needs[u]) return false;
  }
  return true;
}

bool Interpreter::Machine::can_commit(const Unit& unit, int number, std::size_t position) const {
  const Active& a = unit.running[position];
  if (a.stage != Stage::kRead || !ready_to_commit(a)) return false;
  for (std::size_t i = 0; i < position; ++i) {
    const Active& earlier = unit.running[i];
    const bool passes = number == kQmm && drains(earlier) && !drains(a);
    if (earlier.stage != Stage::kCommitted && !passes) return false;
  }
  return true;
}

void Interpreter::Machine::enabled_in(int number, std::vector<Action>& actions) const {
  const Unit& unit = units_[static_cast<std::size_t>(number)];
  if (can_start(unit, number)) actions.push_back({Action::kStart, number, 0});
  for (std::size_t i = 0; i < unit.running.size(); ++i) {
    if (unit.running[i].stage != Stage::kStarted) continue;
    if (ready_to_read(unit.running[i])) actions.push_back({Action::kRead, number, i});
    break;  // reads come in order
  }
  for (std::size_t i = 0; i < unit.running.size(); ++i) {
    if (can_commit(unit, number, i)) actions.push_back({Action::kCommit, number, i});
  }
  if (!unit.running.empty() && unit.running.front().stage == Stage::kCommitted) {
    actions.push_back({Action::kComplete, number, 0});
  }
}

std::vector<Interpreter::Machine::Action> Interpreter::Machine::enabled() const {
  std::vector<Action> actions;
  for (int u = 0; u < isa::kNumUnits; ++u) enabled_in(u, actions);
  if (can_dispatch()) actions.push_back({Action::kDispatch, 0, 0});
  return actions;
}

bool Interpreter::Machine::perform(const Action& action) {
  Unit& unit = units_[static_cast<std::size_t>(action.unit)];
  switch (action.kind) {
    case Action::kDispatch:
      return dispatch();
    case Action::kStart:
      unit.running.push_back(std::move(unit.queue.front()));
      unit.queue.pop_front();
      unit.running.back().stage = Stage::kStarted;
      return true;
    case Action::kRead:
      unit.running[action.position].stage = Stage::kRead;
      return read(unit.running[action.position]);
    case Action::kCommit:
      unit.running[action.position].stage = Stage::kCommitted;
      return commit(unit.running[action.position]);
    case Action::kComplete:
      return complete(action.unit);
  }
  return false;
}

bool Interpreter::Machine::complete(int number) {
  Unit& unit = units_[static_cast<std::size_t>(number)];
  const Active a = std::move(unit.running.front());
  unit.running.pop_front();
  ++unit.completed;
  free_rings(a);
  if (observer_ == nullptr) return true;
  if (auto message = observer_->completed(a.job_number, a.index, mem_)) return fail(a, *message);
  return true;
}

bool Interpreter::Machine::finished() const {
  return fetch_job_ >= jobs_.size() && std::all_of(units_.begin(), units_.end(), [](const Unit& u) {
           return u.queue.empty() && u.running.empty();
         });
}

std::string Interpreter::Machine::stuck() const {
  std::string text = "deadlock; next are";
  for (const Unit& unit : units_) {
    const auto& list = unit.running.empty() ? unit.queue : unit.running;
    if (list.empty()) continue;
    text += fmt::format("\n  job {} instruction {}: {}", list.front().job_number,
                        list.front().index, isa::to_string(list.front().instruction));
  }
  return text;
}

Status Interpreter::Machine::loop(const ExecutionOrder& order) {
  std::mt19937_64 random(order.seed);
  // Some runs starve some units: weights of the units' steps and of fetch differ by run.
  std::array<std::uint64_t, isa::kNumUnits + 1> weights{};
  for (std::uint64_t& w : weights) w = std::uint64_t{1} << (3 * (random() % 4));
  while (!finished()) {
    std::vector<Action> actions = enabled();
    const std::int64_t before = fetch_index_;
    if (actions.empty()) return Error{stuck()};
    Action action = actions.front();  // units first: program order, an instruction at a time
    if (order.shuffled) {
      const auto weight = [&](const Action& a) {
        return weights[a.kind == Action::kDispatch ? isa::kNumUnits
                                                   : static_cast<std::size_t>(a.unit)];
      };
      std::uint64_t total = 0;
      for (const Action& a : actions) total += weight(a);
      std::uint64_t pick = random() % total;
      const auto chosen = std::find_if(actions.begin(), actions.end(), [&](const Action& a) {
        if (pick < weight(a)) return true;
        pick -= weight(a);
        return false;
      });
      action = *chosen;
    }
    if (!perform(action)) return Error{std::move(message_)};
    if (action.kind == Action::kDispatch && actions.size() == 1 && fetch_index_ == before) {
      return Error{stuck()};  // the only step left is fetch, and the queue it needs is full
    }
  }
  return Ok{};
}

}  // namespace bat
