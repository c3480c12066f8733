// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/estimate.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "rtl_gen/estimate/dispatch.hpp"
#include "rtl_gen/estimate/engine.hpp"
#include "rtl_gen/estimate/label.hpp"
#include "rtl_gen/estimate/load_unit.hpp"
#include "rtl_gen/estimate/other_units.hpp"
#include "rtl_gen/estimate/row_unit.hpp"
#include "rtl_gen/program/disassemble.hpp"

namespace bat {
namespace {

using cycle_model::Decoded;
using cycle_model::Execution;
using cycle_model::Job;
using cycle_model::Machine;
using cycle_model::Time;

static_assert(kLossNames.size() == cycle_model::kNumLosses);

/// All units around one machine.
class Accelerator {
 public:
  Accelerator(const Config& config, const Plan& plan, const MemoryModel& memory,
              std::uint64_t model_base, std::vector<Job>& jobs)
      : machine_(plan, config.array.pop_stages),
        port_(machine_, {memory.latency, memory.bandwidth, memory.max_outstanding}),
        jobs_(jobs),
        dispatch_(machine_, port_, jobs),
        loads_(machine_, port_),
        engine_(machine_),
        rows_(machine_, port_),
        softmax_(machine_),
        stores_(machine_, port_, memory.latency,
                [this](Job& job, Time edge) { ended(job, edge); }) {
    machine_.model_base = model_base;
  }

  bool run() { return machine_.kernel.run(finished_); }
  Machine& machine() { return machine_; }
  std::int64_t read_beats() const { return port_.beats(); }

 private:
  void ended(Job& job, Time edge) {
    job.done = edge + 1;
    finished_ = &job == &jobs_.back();
  }

  Machine machine_;
  cycle_model::MemoryPort port_;
  std::vector<Job>& jobs_;
  cycle_model::Dispatch dispatch_;
  cycle_model::LoadUnit loads_;
  cycle_model::Engine engine_;
  cycle_model::RowUnit rows_;
  cycle_model::SoftmaxUnit softmax_;
  cycle_model::StoreUnit stores_;
  bool finished_ = false;
};

std::vector<OpEstimate> summarize(const Plan& plan, const Program& program, const Job& job) {
  const std::vector<Label> labels = label_instructions(plan, program);
  std::vector<OpEstimate> ops;
  std::map<std::tuple<isa::Unit, std::string, int>, std::size_t> places;
  for (std::size_t i = 0; i < job.ran.size(); ++i) {
    const isa::Op op = program.instructions[i].op();
    const isa::Unit unit = isa::unit_of(op);
    const std::string name =
        labels[i].what.empty() ? std::string(isa::to_string(op)) : labels[i].what;
    const auto [place, added] = places.try_emplace({unit, name, labels[i].layer}, ops.size());
    const Execution& ran = job.ran[i];
    if (added) {
      OpEstimate fresh;
      fresh.unit = isa::to_string(unit);
      fresh.name = name;
      fresh.layer = labels[i].layer;
      fresh.start = ran.start;
      ops.push_back(std::move(fresh));
    }
    OpEstimate& sum = ops[place->second];
    ++sum.instructions;
    sum.start = std::min(sum.start, ran.start);
    sum.end = std::max(sum.end, ran.done);
    sum.busy += unit == isa::Unit::kQmm ? ran.busy : ran.done - ran.start;
    for (std::size_t k = 0; k < sum.lost.size(); ++k) sum.lost[k] += ran.lost[k];
  }
  std::stable_sort(ops.begin(), ops.end(),
                   [](const OpEstimate& a, const OpEstimate& b) { return a.start < b.start; });
  return ops;
}

std::vector<UnitEstimate> unit_totals(Machine& machine, Time cycles) {
  std::vector<UnitEstimate> units;
  for (int u = 0; u < isa::kNumUnits; ++u) {
    const auto unit = static_cast<isa::Unit>(u);
    const auto& [busy_set, stalled_set] = machine.cycles(unit);
    // Only the DMA counts as busy what is both.
    const bool dma = unit == isa::Unit::kDma;
    const cycle_model::CycleSet none;
    const Time busy = unit == isa::Unit::kQmm
                          ? machine.steps
                          : busy_set.count_without(dma ? none : stalled_set, cycles);
    const Time stalled = stalled_set.count_without(dma ? busy_set : none, cycles);
    units.push_back({std::string(isa::to_string(unit)), busy, cycles - busy - stalled, stalled});
  }
  return units;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

MemoryMap driver_map(const Plan& plan, const ModelImage& image,
                     std::span<const Program* const> jobs, int sentences, std::uint64_t base) {
  constexpr std::uint64_t kGuard = 64;
  const auto alignment = static_cast<std::uint64_t>(memory_alignment(plan));
  const auto beat = static_cast<std::uint64_t>(plan.axi_bytes);
  std::uint64_t free = round_up(base, alignment);
  const auto allocate = [&](std::uint64_t bytes) {
    const std::uint64_t address = free;
    free = round_up(free + bytes, alignment);
    return address;
  };
  MemoryMap map;
  map.model = allocate(image.bytes.size());
  const auto features = static_cast<std::uint64_t>(std::max(image.features, 1));
  const std::uint64_t row = std::max<std::uint64_t>(4, round_up(features, beat));
  const std::uint64_t input =
      round_up(row * static_cast<std::uint64_t>(image.max_tokens), alignment) *
      static_cast<std::uint64_t>(sentences);
  const std::uint64_t output =
      round_up(4 * static_cast<std::uint64_t>(plan.logit_words), alignment) + 2 * kGuard +
      2 * alignment;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> slots;
  for (int i = 0; i < plan.job_queue_depth; ++i) {
    const std::uint64_t in = allocate(input);
    slots.emplace_back(in, round_up(allocate(output) + kGuard, alignment));
  }
  std::map<const Program*, std::uint64_t> programs;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto [place, added] = programs.try_emplace(jobs[i], 0);
    if (added) {
      place->second = allocate(round_up(32 * (jobs[i]->instructions.size() + 1), alignment));
    }
    map.programs.push_back(place->second);
    map.inputs.push_back(slots[i % slots.size()].first);
    map.outputs.push_back(slots[i % slots.size()].second);
  }
  return map;
}

Result<Estimate> estimate(const Config& config, const Plan& plan,
                          std::span<const Program* const> jobs, const MemoryMap& map,
                          const MemoryModel& memory) {
  if (jobs.empty()) return Error{"estimate: no job"};
  std::map<const Program*, std::vector<Decoded>> programs;
  std::vector<Job> queue;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::vector<Decoded>& decoded = programs[jobs[i]];
    if (decoded.empty()) decoded = cycle_model::decode(plan, jobs[i]->instructions);
    queue.push_back({&decoded, map.programs[i], map.inputs[i], map.outputs[i],
                     std::vector<Execution>(decoded.size()), 0});
  }
  Accelerator accelerator(config, plan, memory, map.model, queue);
  if (!accelerator.run()) return Error{"estimate: the program stands still"};

  Estimate result;
  result.cycles = queue.front().done;
  result.total_cycles = queue.back().done;
  result.steady_cycles = static_cast<double>(result.cycles);
  if (queue.size() > 1) {
    result.steady_cycles = static_cast<double>(result.total_cycles - result.cycles) /
                           static_cast<double>(queue.size() - 1);
  }
  Machine& machine = accelerator.machine();
  result.qmm_steps = machine.steps;
  result.qmm_utilization =
      static_cast<double>(result.qmm_steps) / static_cast<double>(result.total_cycles);
  result.read_beats = accelerator.read_beats();
  result.ops = summarize(plan, *jobs.front(), queue.front());
  result.units = unit_totals(machine, result.total_cycles);
  for (std::size_t j = 0; j < queue.size(); ++j) {
    for (std::size_t i = 0; i < queue[j].ran.size(); ++i) {
      result.instructions.push_back({j, i, queue[j].ran[i].start, queue[j].ran[i].done});
    }
  }
  return result;
}

nlohmann::ordered_json Estimate::json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const OpEstimate& op : ops) {
    nlohmann::ordered_json losses = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < op.lost.size(); ++i) {
      if (op.lost[i] > 0) losses[kLossNames[i]] = op.lost[i];
    }
    list.push_back({{"unit", op.unit},
                    {"name", op.name},
                    {"layer", op.layer},
                    {"instructions", op.instructions},
                    {"start", op.start},
                    {"end", op.end},
                    {"busy", op.busy},
                    {"lost", losses}});
  }
  nlohmann::ordered_json totals = nlohmann::ordered_json::object();
  for (const UnitEstimate& unit : units) {
    totals[unit.unit] = {{"busy", unit.busy}, {"starved", unit.starved}, {"stalled", unit.stalled}};
  }
  return {{"cycles", cycles},
          {"steady_cycles", steady_cycles},
          {"total_cycles", total_cycles},
          {"qmm_utilization", qmm_utilization},
          {"qmm_steps", qmm_steps},
          {"axi_read_beats", read_beats},
          {"ops", list},
          {"units", totals}};
}

}  // namespace bat
