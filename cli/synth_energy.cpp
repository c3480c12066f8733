// SPDX-License-Identifier: Apache-2.0
#include "cli/synth_energy.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/model_lookup.hpp"
#include "cli/random_workload.hpp"
#include "cli/session.hpp"
#include "rtl_gen/estimate/bound.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "sim/bench.hpp"
#include "sim/port_device.hpp"
#include "synth/synthesize.hpp"
#include "synth/tool.hpp"

namespace bat::cli {
namespace {

/// The netlist as the driver's device; counts from the first job on.
class NetlistPorts : public sim::PortModel {
 public:
  explicit NetlistPorts(synth::GateSim& sim) : sim_(sim) {}
  void set(std::string_view port, std::span<const std::uint64_t> words) override {
    sim_.set(port, words);
  }
  void get(std::string_view port, std::span<std::uint64_t> words) const override {
    sim_.get(port, words);
  }
  void edge() override { sim_.edge(); }
  void settle() override { sim_.settle(); }
  void first_job() override {
    sim_.clear_counts();
    sim_.count(true);
  }

 private:
  synth::GateSim& sim_;
};

Result<Workload> workload_of(const Config& config, const EnergyRequest& request) {
  const std::string model = request.model.empty() ? config.model : request.model;
  if (model.empty()) {
    return Error{fmt::format("{}: names no default model; give one with --model", config.name)};
  }
  if (model == kRandomModel) return random_workload(config, request.random, request.samples);
  return load_workload(model, "", request.samples);
}

Result<sim::RunResult> run_on(synth::GateSim& netlist, const Config& config,
                              const Workload& workload) {
  NetlistPorts ports(netlist);
  ProgressBar bar("energy");
  sim::RunOptions options;
  options.ports = &ports;
  options.progress = [&](std::size_t done, std::size_t total) {
    if (done == total) netlist.count(false);
    bar.update(done, total);
  };
  return sim::run(config, workload.model, workload.samples, options);
}

Result<synth::EnergySample> sample_of(const Config& config, const Plan& plan,
                                      const Workload& workload, const synth::EnergyReport& report,
                                      bool gated) {
  const auto area = synth::AreaModel::builtin();
  if (!area.ok()) return area.error();
  const auto count = static_cast<double>(workload.samples.size());
  const bmt::Model& model = workload.model;
  synth::EnergySample sample;
  sample.config = config.name;
  sample.model = fmt::format("{}, {} layers, {} tokens, {}", model.name, model.layer_count(),
                             workload.samples.front().tokens(),
                             model.attention == bmt::Attention::kSoftmax ? "softmax" : "threshold");
  sample.gated = gated;
  const Work work = work_of(plan, work_shape(model), workload.samples.front().tokens());
  sample.inputs = synth::energy_inputs(area.value().predict(config, plan), plan, work);
  const auto share = [count](double joules) { return joules * 1e9 / count; };
  sample.cycles = static_cast<double>(report.cycles) / count;
  sample.clock_nj = share(report.energy.clock + report.energy.gates);
  sample.work_nj = share(report.energy.internal + report.energy.switching);
  sample.leakage_nj = share(report.energy.leakage);
  return sample;
}

}  // namespace

Result<EnergyResult> energy_of(const Config& config, const EnergyRequest& request) {
  const auto workload = workload_of(config, request);
  if (!workload.ok()) return workload.error();
  const auto planned = plan(config);
  if (!planned.ok()) return planned.error();
  // A model that does not fit is said before the mapping, which takes minutes.
  const auto image = build_image(config, planned.value(), workload.value().model);
  if (!image.ok()) return image.error();
  return synth::in_work_dir(
      request.work_dir, "bat-energy",
      [&](const std::filesystem::path& dir) -> Result<EnergyResult> {
        const auto sources = synth::generated_sources(config, dir);
        if (!sources.ok()) return sources.error();
        const auto subject = synth::energy_subject(sources.value(), request.options, dir);
        if (!subject.ok()) return subject.error();
        auto netlist = synth::GateSim::create(subject.value().netlist, subject.value().library,
                                              subject.value().design);
        if (!netlist.ok()) return netlist.error();
        const auto ran = run_on(netlist.value(), config, workload.value());
        if (!ran.ok()) return ran.error();
        auto report = synth::measure_energy(subject.value(), netlist.value(), request.options, dir);
        if (!report.ok()) return report.error();
        const auto& array = config.array;
        const std::uint64_t steps = ran.value().counters[16];
        const auto macs = static_cast<std::uint64_t>(array.rows) *
                          static_cast<std::uint64_t>(array.cols) *
                          static_cast<std::uint64_t>(array.depth);
        const auto sample = sample_of(config, planned.value(), workload.value(), report.value(),
                                      request.options.gate_min_bits > 0);
        if (!sample.ok()) return sample.error();
        return EnergyResult{std::move(report).value(),
                            {config.name, config_hash(config), ran.value().model,
                             ran.value().samples, ran.value().bit_exact, 2 * steps * macs},
                            sample.value()};
      });
}

}  // namespace bat::cli
