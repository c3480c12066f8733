// SPDX-License-Identifier: Apache-2.0
#include "cli/report_metrics.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "rtl_gen/estimate/label.hpp"
#include "rtl_gen/program/disassemble.hpp"
#include "synth/area_model.hpp"

namespace bat::cli {
namespace {

using Json = nlohmann::ordered_json;

Json shape(const Config& config, const Plan& plan) {
  return {{"rows", plan.rows},
          {"cols", plan.cols},
          {"depth", plan.depth},
          {"lanes", plan.lanes},
          {"popcount", to_string(config.array.popcount)},
          {"binary_macs_per_cycle", plan.rows * plan.cols * plan.depth},
          {"act_bits", plan.max_bits},
          {"branches", plan.branches},
          {"axi_data_bits", plan.axi_bits}};
}

Json predicted_modules(const synth::AreaModel& model, const ReportInputs& in) {
  Json list = Json::array();
  for (const auto& part : model.modules(in.config, in.plan)) {
    Json entry{{"module", part.module}, {"instances", part.instances}};
    entry.update(synth::to_json(part.area));
    list.push_back(entry);
  }
  return list;
}

// QMM steps and lost cycles by layer, in the order of the layers; -1 stands for what is outside the
// encoder.
Json layers(const Estimate& estimate) {
  std::map<int, Json> by_layer;
  for (const OpEstimate& op : estimate.ops) {
    if (op.unit != isa::to_string(isa::Unit::kQmm)) continue;
    Json& entry = by_layer[op.layer];
    if (entry.is_null()) entry = {{"layer", op.layer}, {"steps", Json::object()}, {"lost", 0}};
    entry["steps"][op.name] = entry["steps"].value(op.name, std::int64_t{0}) + op.busy;
    std::int64_t lost = entry["lost"].get<std::int64_t>();
    for (const std::int64_t cycles : op.lost) lost += cycles;
    entry["lost"] = lost;
  }
  Json list = Json::array();
  for (auto& [layer, entry] : by_layer) list.push_back(std::move(entry));
  return list;
}

// Instructions of one unit that work on the same tensor, one behind the other, are one span.
Json timeline(const ReportInputs& in) {
  struct Span {
    std::string what;
    int layer = -1;
    std::int64_t start = 0;
    std::int64_t end = 0;
  };
  const std::vector<Label> labels = label_instructions(in.plan, in.cycles.first);
  std::array<std::vector<Span>, isa::kNumUnits> lanes;
  for (const InstructionEstimate& executed : in.cycles.alone.instructions) {
    const isa::Op op = in.cycles.first.instructions[executed.instruction].op();
    const Label& label = labels[executed.instruction];
    const std::string what = label.what.empty() ? std::string(isa::to_string(op)) : label.what;
    auto& lane = lanes[static_cast<std::size_t>(isa::unit_of(op))];
    const std::int64_t start =
        lane.empty() ? executed.start : std::max(executed.start, lane.back().end);
    if (!lane.empty() && lane.back().what == what && lane.back().layer == label.layer) {
      lane.back().end = std::max(lane.back().end, executed.done);
    } else if (executed.done > start) {
      lane.push_back({what, label.layer, start, executed.done});
    }
  }
  Json list = Json::array();
  for (int u = 0; u < isa::kNumUnits; ++u) {
    for (const Span& span : lanes[static_cast<std::size_t>(u)]) {
      list.push_back({{"unit", isa::to_string(static_cast<isa::Unit>(u))},
                      {"what", span.what},
                      {"layer", span.layer},
                      {"start", span.start},
                      {"end", span.end}});
    }
  }
  return list;
}

Json peers() {
  const auto peer = [](const char* name, const char* value, const char* conditions,
                       const char* source, const char* link) {
    return Json{{"name", name},
                {"value", value},
                {"conditions", conditions},
                {"source", source},
                {"link", link}};
  };
  return Json::array(
      {peer("BAT", "2.14 .. 49.37 x throughput, 3.72 .. 88.53 x energy efficiency",
            "over earlier accelerators", "arXiv 2407.12070, abstract",
            "https://arxiv.org/abs/2407.12070"),
       peer("BETA", "174 GOPS/W", "ZCU102, average", "arXiv 2401.11851, abstract",
            "https://arxiv.org/abs/2401.11851"),
       peer("COBRA", "3,894.7 GOPS; 448.7 GOPS/W", "binary Transformer on an edge FPGA",
            "arXiv 2504.16269, abstract", "https://arxiv.org/abs/2504.16269"),
       peer("BISMO", "15.4 binary TOPS, below 8 W", "Ultra96, bit-serial matrix product",
            "README of EECS-NTNU/bismo", "https://github.com/EECS-NTNU/bismo"),
       peer("ITA", "16.9 TOPS/W; 5.93 TOPS/mm2", "8-bit attention, 22 nm, 0.8 V",
            "README of pulp-platform/ITA", "https://github.com/pulp-platform/ITA"),
       peer("XNORBIN", "95 TOp/s/W; 2.0 TOp/s/MGE", "binary CNN, 65 nm, 0.8 V",
            "arXiv 1803.05849, abstract", "https://arxiv.org/abs/1803.05849"),
       peer("XNE", "21.6 fJ/op", "binary CNN, 22 nm, 0.4 V", "arXiv 1807.03010, abstract",
            "https://arxiv.org/abs/1807.03010"),
       peer("BrainTTA", "35 fJ/op, 614 GOPS", "binary, programmable", "arXiv 2211.11331",
            "https://arxiv.org/abs/2211.11331")});
}

// One row a quantity that is both predicted and measured.
Json comparison(const Json& metrics) {
  Json rows = Json::array();
  const auto add = [&](const char* name, const char* unit, const char* predicted,
                       const char* measured, double scale) {
    const Json::json_pointer from(predicted);
    const Json::json_pointer to(measured);
    if (!metrics.contains(from) || !metrics.contains(to)) return;
    const double p = metrics.at(from).get<double>() / scale;
    const double m = metrics.at(to).get<double>() / scale;
    if (p == 0.0 && m == 0.0) return;
    rows.push_back({{"quantity", name},
                    {"unit", unit},
                    {"predicted", p},
                    {"measured", m},
                    {"error_percent", m != 0.0 ? 100.0 * (p - m) / m : 100.0}});
  };
  add("xcup LUT", "sites", "/area/predicted/lut", "/area/measured/xcup/lut", 1.0);
  add("xcup FF", "", "/area/predicted/ff", "/area/measured/xcup/ff", 1.0);
  add("xcup DSP", "blocks", "/area/predicted/dsp", "/area/measured/xcup/dsp", 1.0);
  add("xcup BRAM36", "blocks", "/area/predicted/bram36", "/area/measured/xcup/bram36", 1.0);
  add("osu018 logic", "kGE", "/area/predicted/ge", "/area/measured/osu018/ge", 1000.0);
  add("memory", "bits", "/area/predicted/memory_bits", "/area/measured/xcup/memory_bits", 1.0);
  add("cycles of the queue", "cycles", "/cycles/predicted/total_cycles",
      "/cycles/measured/counters/cycles_active", 1.0);
  add("QMM steps", "cycles", "/cycles/predicted/qmm_steps", "/cycles/measured/counters/qmm_steps",
      1.0);
  add("beats read", "beats", "/cycles/predicted/axi_read_beats",
      "/cycles/measured/counters/axi_read_beats", 1.0);
  return rows;
}

}  // namespace

Result<Json> report_metrics(const ReportInputs& in) {
  const auto area = synth::AreaModel::builtin();
  if (!area.ok()) return area.error();
  Json metrics{{"generator", "batkit report"},
               {"version", BATKIT_VERSION},
               {"command", in.command},
               {"config", in.config.name},
               {"config_hash", config_hash(in.config)},
               {"configuration", canonical_text(in.config)},
               {"shape", shape(in.config, in.plan)}};
  metrics["area"]["predicted"] = synth::to_json(area.value().predict(in.config, in.plan));
  metrics["area"]["predicted_modules"] = predicted_modules(area.value(), in);
  metrics["area"]["measured"] = Json::object();
  for (const Json& report : in.synthesis)
    metrics["area"]["measured"][report.at("target").get<std::string>()] = report;

  Json& cycles = metrics["cycles"];
  cycles["model"] = in.model;
  cycles["tokens"] = in.tokens;
  cycles["queue"] = in.options.queue;
  cycles["memory"] = {{"latency", in.options.memory.latency},
                      {"bandwidth_percent", in.options.memory.bandwidth}};
  cycles["predicted"] = in.cycles.queue.json();
  cycles["predicted"]["layers"] = layers(in.cycles.queue);
  if (in.run) {
    cycles["measured"] = in.run->json();
    // Speed of the simulation is no property of the design.
    cycles["measured"].erase("sim_cycles_per_second");
  }
  for (const Json& energy : in.energy)
    metrics["energy"][energy.value("clock_gating", false) ? "gated" : "ungated"] = energy;
  metrics["timeline"] = timeline(in);
  metrics["comparison"] = comparison(metrics);
  metrics["peers"] = peers();
  return metrics;
}

}  // namespace bat::cli
