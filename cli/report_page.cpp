// SPDX-License-Identifier: Apache-2.0
#include "cli/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "cli/report_energy.hpp"

namespace bat::cli {
namespace {

using Json = nlohmann::ordered_json;
using synth::Cell;

// The number at `pointer`, shown divided by `scale`.
Cell number(const Json& metrics, const std::string& pointer, int digits) {
  const Json::json_pointer place(pointer);
  if (!metrics.contains(place) || !metrics.at(place).is_number()) return {"-"};
  return {metrics.at(place).get<double>(), digits, pointer};
}

// "bat_ram_12" is a variant of bat_ram.
std::string base_name(std::string name) {
  const std::size_t end = name.find_last_not_of("0123456789");
  if (end != std::string::npos && end + 1 < name.size() && name[end] == '_') name.resize(end);
  return name;
}

std::string block_of(const std::string& module) {
  struct Rule {
    const char* start;
    const char* block;
  };
  static constexpr std::array kRules{Rule{"bat_ram", "memories"},
                                     Rule{"param_ring", "memories"},
                                     Rule{"qmm_row", "array"},
                                     Rule{"qmm_pe", "array"},
                                     Rule{"popcount", "array"},
                                     Rule{"lut6_", "array"},
                                     Rule{"column_slice", "columns"},
                                     Rule{"layernorm_root", "control"},
                                     Rule{"layernorm_variance", "control"},
                                     Rule{"layernorm_norm", "control"},
                                     Rule{"layernorm_sqrt", "control"},
                                     Rule{"layernorm_reciprocal", "control"},
                                     Rule{"row_slice", "row lanes"},
                                     Rule{"layernorm_", "row lanes"},
                                     Rule{"residual_lane", "row lanes"},
                                     Rule{"scale_lane", "row lanes"},
                                     Rule{"softmax_", "row lanes"},
                                     Rule{"mul_signed", "row lanes"},
                                     Rule{"exp_table", "row lanes"},
                                     Rule{"code_packer", "row lanes"},
                                     Rule{"beat_serializer", "row lanes"},
                                     Rule{"tile_row", "row lanes"}};
  for (const Rule& rule : kRules) {
    if (module.starts_with(rule.start)) return rule.block;
  }
  return "control";
}

struct Share {
  double instances = 0.0;
  std::array<double, 5> values{};  // LUT, FF, DSP, BRAM36, kGE
};

constexpr std::array<const char*, 5> kUse{"lut", "ff", "dsp", "bram36", "ge"};

void add_measured(const Json& report, std::size_t first, std::size_t last,
                  std::map<std::string, Share>& shares) {
  for (const Json& module : report.at("modules")) {
    Share& share = shares[base_name(module.at("name").get<std::string>())];
    const double instances = module.at("instances").get<double>();
    if (first == 0) share.instances += instances;
    for (std::size_t i = first; i < last; ++i) {
      share.values[i] += instances * module.at("own").at(kUse[i]).get<double>();
    }
  }
}

synth::Treemap area_map(const Json& metrics) {
  synth::Treemap map;
  map.metrics = {
      {"LUT", "LUT"}, {"FF", "FF"}, {"DSP", "DSP"}, {"BRAM36", "BRAM36"}, {"Gates (osu018)", "GE"}};
  std::map<std::string, Share> shares;
  const Json& measured = metrics.at("area").at("measured");
  if (measured.contains("xcup")) add_measured(measured.at("xcup"), 0, 4, shares);
  if (measured.contains("osu018")) add_measured(measured.at("osu018"), 4, 5, shares);
  const bool any = !shares.empty();
  if (!any) {
    for (const Json& module : metrics.at("area").at("predicted_modules")) {
      Share& share = shares[module.at("module").get<std::string>()];
      share.instances = module.at("instances").get<double>();
      for (std::size_t i = 0; i < kUse.size(); ++i)
        share.values[i] = module.at(kUse[i]).get<double>();
    }
  }
  map.caption =
      any ? "Area by module: cells of all instances of a module, without the modules inside it "
            "(Yosys)."
          : "Area by module, predicted by the area model (not synthesised for this report).";
  for (const auto& [name, share] : shares) {
    map.boxes.push_back(
        {block_of(name == "memories" ? "bat_ram" : name),
         name,
         share.instances > 0.0 ? fmt::format("{:.0f} instances", share.instances) : "",
         {share.values.begin(), share.values.end()}});
  }
  // The same colour for the same block in every report.
  static constexpr std::array<std::string_view, 5> kBlocks{"array", "row lanes", "columns",
                                                           "memories", "control"};
  std::ranges::stable_sort(map.boxes, {}, [](const synth::Treemap::Box& box) {
    return std::ranges::find(kBlocks, box.group) - kBlocks.begin();
  });
  return map;
}

synth::Table area_totals(const Json& metrics) {
  synth::Table table;
  table.caption =
      "Totals. xcup: AMD UltraScale+ LUT6; osu018: standard cells, logic only, memories are bits. "
      "Post-synthesis, no "
      "placement, no wires.";
  table.columns = {"quantity", "predicted", "measured"};
  const auto row = [&](const char* name, const char* key, const char* target, int digits) {
    table.rows.push_back(
        {name, number(metrics, fmt::format("/area/predicted/{}", key), digits),
         number(metrics, fmt::format("/area/measured/{}/{}", target, key), digits)});
  };
  row("LUT, xcup", "lut", "xcup", 0);
  row("FF, xcup", "ff", "xcup", 0);
  row("DSP, xcup", "dsp", "xcup", 0);
  row("BRAM36, xcup", "bram36", "xcup", 1);
  row("area, osu018 (um2)", "area_um2", "osu018", 0);
  row("gate equivalents, osu018", "ge", "osu018", 0);
  row("memory bits", "memory_bits", "xcup", 0);
  return table;
}

synth::Section area_section(const Json& metrics) {
  return {"Area", {area_map(metrics), area_totals(metrics)}};
}

synth::Bars layer_bars(const Json& metrics) {
  synth::Bars bars;
  bars.caption =
      "Cycles of the array by layer: steps of each product, and cycles without a step (lost).";
  bars.unit = "cycles";
  const Json& layers = metrics.at("cycles").at("predicted").at("layers");
  std::vector<std::string> names;
  for (const Json& layer : layers) {
    for (const auto& [name, steps] : layer.at("steps").items()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  constexpr std::size_t kMostNames =
      7;  // as many colours are told apart; the rest and `lost` share one each
  std::map<std::string, double> total;
  for (const Json& layer : layers) {
    for (const auto& [name, steps] : layer.at("steps").items()) total[name] += steps.get<double>();
  }
  std::ranges::stable_sort(names, std::greater<>{},
                           [&](const std::string& name) { return total[name]; });
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool rest = names.size() >= kMostNames && i + 2 > kMostNames;
    if (!rest || i + 2 == kMostNames + 1) {
      bars.series.push_back({rest && names.size() > kMostNames ? "others" : names[i],
                             std::vector<double>(layers.size())});
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
      bars.series.back().values[l] += layers[l].at("steps").value(names[i], 0.0);
    }
  }
  synth::Bars::Series lost{"lost", {}};
  for (const Json& layer : layers) {
    const int number_of = layer.at("layer").get<int>();
    bars.categories.push_back(number_of < 0 ? "input, classifier"
                                            : fmt::format("layer {}", number_of));
    lost.values.push_back(layer.at("lost").get<double>());
  }
  bars.series.push_back(std::move(lost));
  return bars;
}

synth::Spans unit_spans(const Json& metrics) {
  static constexpr std::array kUnits{"DMA", "QMM", "ROW", "SMX", "STO"};
  synth::Spans spans;
  spans.caption =
      "What each unit works on during the first sentence (cycle model): DMA loads, QMM multiplies, "
      "ROW normalizes, SMX is "
      "softmax, STO stores.";
  spans.unit = "cycles";
  spans.lanes.assign(kUnits.begin(), kUnits.end());
  for (const Json& span : metrics.at("timeline")) {
    const auto unit = span.at("unit").get<std::string>();
    const auto lane = std::ranges::find_if(spans.lanes, [&](const std::string& name) {
      return std::ranges::equal(name, unit,
                                [](char a, char b) { return std::toupper(a) == std::toupper(b); });
    });
    if (lane == spans.lanes.end()) continue;
    const int layer = span.at("layer").get<int>();
    spans.spans.push_back({static_cast<std::size_t>(lane - spans.lanes.begin()),
                           layer < 0        ? "input, classifier"
                           : layer % 2 == 0 ? "even layers"
                                            : "odd layers",
                           fmt::format("{} {}{}", *lane, span.at("what").get<std::string>(),
                                       layer < 0 ? "" : fmt::format(", layer {}", layer)),
                           span.at("start").get<double>(), span.at("end").get<double>()});
  }
  return spans;
}

synth::Table unit_table(const Json& metrics) {
  synth::Table table;
  table.caption = "Cycles of each unit over the whole queue.";
  table.columns = {"unit", "busy", "starved", "stalled"};
  for (const auto& [unit, counts] : metrics.at("cycles").at("predicted").at("units").items()) {
    const std::string place = "/cycles/predicted/units/" + unit;
    table.rows.push_back({unit, number(metrics, place + "/busy", 0),
                          number(metrics, place + "/starved", 0),
                          number(metrics, place + "/stalled", 0)});
  }
  return table;
}

synth::Section cycle_section(const Json& metrics) {
  const Json& cycles = metrics.at("cycles");
  const std::string text = fmt::format(
      "Model {}, {} programs one behind the other; memory with {} cycles of latency and {} % of "
      "beats. The bars and the timeline are "
      "those of the first sentence alone.",
      cycles.at("model").get<std::string>(), cycles.at("queue").get<int>(),
      cycles.at("memory").at("latency").get<int>(),
      cycles.at("memory").at("bandwidth_percent").get<int>());
  return {"Cycles",
          {synth::Paragraph{text}, layer_bars(metrics), unit_spans(metrics), unit_table(metrics)}};
}

synth::Section comparison_section(const Json& metrics) {
  synth::Table table;
  table.columns = {"quantity", "unit", "predicted", "measured", "error (%)"};
  const Json& rows = metrics.at("comparison");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string place = fmt::format("/comparison/{}", i);
    const bool whole = rows[i].at("unit") != "kGE";
    table.rows.push_back({rows[i].at("quantity").get<std::string>(),
                          rows[i].at("unit").get<std::string>(),
                          number(metrics, place + "/predicted", whole ? 0 : 1),
                          number(metrics, place + "/measured", whole ? 0 : 1),
                          number(metrics, place + "/error_percent", 3)});
  }
  synth::Section section{
      "Estimate against measurement",
      {synth::Paragraph{
          "Predicted: area model and cycle model, without running a tool. Measured: Yosys on the "
          "generated design, and counters of the design in Verilator."}}};
  if (table.rows.empty()) {
    section.blocks.emplace_back(synth::Paragraph{"Nothing was measured for this report."});
  } else {
    section.blocks.emplace_back(std::move(table));
  }
  return section;
}

// What the synthesis flow adds when it ran timing analysis or place and route.
std::optional<synth::Section> timing_section(const Json& metrics) {
  synth::Table table;
  table.caption = "As `batkit synth` reports them.";
  table.columns = {"target", "quantity", "value"};
  struct Known {
    const char* key;
    const char* name;
    int digits;
  };
  static constexpr std::array kKnown{
      Known{"fmax_mhz", "Fmax (MHz)", 1}, Known{"critical_ns", "critical path (ns)", 2},
      Known{"place/fmax_mhz", "Fmax placed and routed (MHz)", 1},
      Known{"place/lut4", "LUT4 placed", 0}, Known{"place/ff", "FF placed", 0}};
  for (const auto& [target, report] : metrics.at("area").at("measured").items()) {
    for (const Known& known : kKnown) {
      const std::string place = fmt::format("/area/measured/{}/{}", target, known.key);
      const Cell cell = number(metrics, place, known.digits);
      if (cell.number) table.rows.push_back({target, known.name, cell});
    }
  }
  if (table.rows.empty()) return std::nullopt;
  return synth::Section{"Timing", {std::move(table)}};
}

synth::Section peer_section(const Json& metrics) {
  synth::Table table;
  table.columns = {"design", "published value", "conditions", "source"};
  for (const Json& peer : metrics.at("peers")) {
    Cell source(peer.at("source").get<std::string>());
    source.link = peer.at("link").get<std::string>();
    table.rows.push_back({peer.at("name").get<std::string>(), peer.at("value").get<std::string>(),
                          peer.at("conditions").get<std::string>(), source});
  }
  return {"Published numbers of other designs",
          {synth::Paragraph{"Quoted as their authors state them, not measured here; technologies, "
                            "models and conditions differ, so "
                            "they are no comparison with the numbers above."},
           std::move(table)}};
}

std::vector<std::pair<std::string, Cell>> facts(const Json& metrics) {
  std::vector<std::pair<std::string, Cell>> list;
  const auto add = [&](const std::string& name, const std::vector<std::string>& places,
                       int digits) {
    for (const std::string& place : places) {
      Cell cell = number(metrics, place, digits);
      if (!cell.number) continue;
      const bool predicted = place.find("predicted") != std::string::npos;
      list.emplace_back(name + (predicted ? " (predicted)" : ""), std::move(cell));
      return;
    }
  };
  add("binary MAC a cycle", {"/shape/binary_macs_per_cycle"}, 0);
  add("cycles a sentence, in a queue",
      {"/cycles/measured/cycles_per_sample", "/cycles/predicted/steady_cycles"}, 0);
  add("LUT on xcup", {"/area/measured/xcup/lut", "/area/predicted/lut"}, 0);
  add("BRAM36 on xcup", {"/area/measured/xcup/bram36", "/area/predicted/bram36"}, 1);
  add("DSP on xcup", {"/area/measured/xcup/dsp", "/area/predicted/dsp"}, 0);
  add("gate equivalents on osu018", {"/area/measured/osu018/ge", "/area/predicted/ge"}, 0);
  if (const std::string energy = leading_energy(metrics); !energy.empty()) {
    add("nJ an inference on osu018", {energy + "/energy_nj/total"}, 0);
    add("TOPS/W on osu018", {energy + "/tops_per_watt"}, 3);
  }
  return list;
}

}  // namespace

synth::Page report_page(const Json& metrics) {
  synth::Page page;
  const Json& shape = metrics.at("shape");
  page.title = fmt::format("batkit report: {}", metrics.at("config").get<std::string>());
  page.subtitle = fmt::format(
      "{} x {} dot-product units of {} bits ({} popcount), {} lanes a row, {}-bit memory port, "
      "activations of up to {} bits.",
      shape.at("rows").get<int>(), shape.at("cols").get<int>(), shape.at("depth").get<int>(),
      shape.at("popcount").get<std::string>(), shape.at("lanes").get<int>(),
      shape.at("axi_data_bits").get<int>(), shape.at("act_bits").get<int>());
  page.facts = facts(metrics);
  page.sections = {area_section(metrics), cycle_section(metrics), comparison_section(metrics)};
  if (auto timing = timing_section(metrics)) page.sections.push_back(std::move(*timing));
  if (auto energy = energy_section(metrics)) page.sections.push_back(std::move(*energy));
  page.sections.push_back(peer_section(metrics));
  page.footer = fmt::format("batkit {}; configuration hash {}; repeat with: {}",
                            metrics.at("version").get<std::string>(),
                            metrics.at("config_hash").get<std::string>().substr(0, 16),
                            metrics.at("command").get<std::string>());
  return page;
}

}  // namespace bat::cli
