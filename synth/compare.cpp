// SPDX-License-Identifier: Apache-2.0
#include "synth/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "synth/design.hpp"

namespace bat::synth {
namespace {

using nlohmann::json;

double number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Status same(const json& before, const json& after, const char* key, std::string_view hint) {
  const std::string then = text_at(before, key);
  const std::string now = text_at(after, key);
  if (then == now) return Ok{};
  return Error{
      fmt::format("the earlier report is of {} `{}`, this one of `{}`; {}", key, then, now, hint)};
}

Result<double> tolerance_of(const json& before, const Metric& metric) {
  const auto object = before.find("tolerance");
  if (object == before.end()) return metric.tolerance;
  if (!object->is_object()) return Error{"`tolerance` of the earlier report is not an object"};
  const auto value = object->find(metric.key);
  if (value == object->end()) return metric.tolerance;
  if (value->is_number() && value->get<double>() >= 0.0) return value->get<double>();
  return Error{fmt::format(
      "tolerance.{} of the earlier report is not a number from 0 on, such as 0.05", metric.key)};
}

bool has_timing(const json& module) {
  const auto timing = module.find("timing");
  return timing != module.end() && timing->is_object();
}

using Key = std::pair<std::string, std::string>;

Key key_of(const json& module) { return {text_at(module, "name"), text_at(module, "parameters")}; }

std::map<std::string, double> own_of(const json& module, const std::vector<Metric>& metrics) {
  std::map<std::string, double> own;
  for (const Metric& metric : metrics) {
    if (module.at("own").contains(metric.key))
      own[metric.key] = number_at(module.at("own"), metric.key);
  }
  return own;
}

std::map<Key, const json*> modules_of(const json& report) {
  std::map<Key, const json*> modules;
  for (const json& module : report.at("modules")) modules[key_of(module)] = &module;
  return modules;
}

std::vector<ModuleChange> module_changes(const json& before, const json& after,
                                         const std::vector<Metric>& metrics) {
  const auto then = modules_of(before);
  const auto now = modules_of(after);
  std::map<Key, ModuleChange> changes;
  for (const auto& [key, module] : then) {
    ModuleChange& change = changes[key];
    change.instances_before = static_cast<std::uint64_t>(number_at(*module, "instances"));
    change.own_before = own_of(*module, metrics);
  }
  for (const auto& [key, module] : now) {
    ModuleChange& change = changes[key];
    change.instances_after = static_cast<std::uint64_t>(number_at(*module, "instances"));
    change.own_after = own_of(*module, metrics);
    const auto earlier = then.find(key);
    if (earlier == then.end() || !has_timing(*earlier->second) || !has_timing(*module)) continue;
    change.path_before_ns = number_at(earlier->second->at("timing"), "register_ns");
    change.path_after_ns = number_at(module->at("timing"), "register_ns");
  }
  std::vector<ModuleChange> list;
  for (auto& [key, change] : changes) {
    change.name = key.first;
    change.parameters = key.second;
    list.push_back(std::move(change));
  }
  return list;
}

// What all instances have of a metric.
double all(std::uint64_t instances, const std::map<std::string, double>& own,
           const std::string& metric) {
  const auto found = own.find(metric);
  return found == own.end() ? 0.0 : static_cast<double>(instances) * found->second;
}

double growth(const ModuleChange& change, const std::string& metric) {
  return all(change.instances_after, change.own_after, metric) -
         all(change.instances_before, change.own_before, metric);
}

std::vector<std::string> differences(const json& before, const json& after) {
  std::vector<std::string> notes;
  for (const char* key : {"tool", "library"}) {
    const std::string then = text_at(before, key);
    const std::string now = text_at(after, key);
    if (then != now) notes.push_back(fmt::format("{} was {}, is {}", key, then, now));
  }
  if (text_at(before, "config_hash") != text_at(after, "config_hash"))
    notes.emplace_back("the configuration of this name has changed since");
  return notes;
}

Status comparable(const json& before, const json& after) {
  if (Status s = same(before, after, "config", "compare reports of one configuration"); !s)
    return s;
  if (Status s = same(before, after, "target", "give --target as in that report"); !s) return s;
  const double then = number_at(before, "period_ns");
  const double now = number_at(after, "period_ns");
  if (then == now) return Ok{};
  return Error{then > 0.0
                   ? fmt::format("the earlier report is mapped for {:g} ns: give --timing --period "
                                 "{:g} to compare with it",
                                 then, then)
                   : std::string("the earlier report is mapped for area, without --timing")};
}

// Cycles count for one model in one memory only.
bool same_reference(const json& before, const json& after) {
  return before.contains("reference") && after.contains("reference") &&
         before.at("reference") == after.at("reference");
}

std::string change_text(double before, double after) {
  if (before == after) return fmt::format("{:g}", std::round(after * 100.0) / 100.0);
  const auto shown = [](double value) { return std::round(value * 100.0) / 100.0; };
  return fmt::format("{} -> {}", shown(before), shown(after));
}

std::string percent(double before, double after) {
  if (before == after) return "0 %";
  if (before == 0.0) return "new";
  return fmt::format("{:+.2f} %", 100.0 * (after / before - 1.0));
}

std::string module_row(const ModuleChange& change, const std::string& metric) {
  const auto own = [&metric](const std::map<std::string, double>& values) {
    const auto found = values.find(metric);
    return found == values.end() ? 0.0 : found->second;
  };
  return fmt::format("| {}{}{} | {} | {} | {} | {:+g} | {:+g} | {:+g} | {} |\n", change.name,
                     change.parameters.empty() ? "" : " ", change.parameters,
                     change_text(own(change.own_before), own(change.own_after)),
                     change_text(static_cast<double>(change.instances_before),
                                 static_cast<double>(change.instances_after)),
                     change_text(all(change.instances_before, change.own_before, metric),
                                 all(change.instances_after, change.own_after, metric)),
                     growth(change, metric), growth(change, "ff"), growth(change, "memory_bits"),
                     change.path_before_ns > 0.0
                         ? change_text(change.path_before_ns, change.path_after_ns)
                         : std::string{});
}

}  // namespace

std::vector<Metric> compared_metrics(Target target) {
  std::vector<Metric> metrics;
  switch (target) {
    case Target::kXcup:
      metrics = {{"lut", 0.05}, {"lut_sites", 0.05}, {"ff", 0.05}, {"dsp", 0.0}, {"bram36", 0.0}};
      break;
    case Target::kIce40:
      metrics = {{"lut", 0.05}, {"ff", 0.05}, {"carry", 0.05}, {"dsp", 0.0}, {"ebr", 0.0}};
      break;
    case Target::kOsu018:
      metrics = {{"area_um2", 0.05}, {"ff", 0.05}};
      break;
  }
  metrics.push_back({"memory_bits", 0.0});
  metrics.push_back({"critical_ns", 0.10});
  metrics.push_back({"cycles", 0.005});
  metrics.push_back({"steady_cycles", 0.005});
  return metrics;
}

nlohmann::ordered_json default_tolerance(Target target) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const Metric& metric : compared_metrics(target)) object[metric.key] = metric.tolerance;
  return object;
}

bool Comparison::grew() const { return std::ranges::any_of(totals, &TotalChange::grew); }

Result<json> load_report(const std::filesystem::path& file) {
  const Result<std::string> text = read_text(file);
  if (!text) return Error{text.error().message};
  json report = json::parse(text.value(), nullptr, false);
  const auto bad = [&file](std::string_view what) {
    return Error{fmt::format("{}: {}; write one with: batkit synth CONFIG --json-file FILE",
                             file.string(), what)};
  };
  if (report.is_discarded()) return bad("not JSON");
  const auto whole = [](const json& module) {
    return module.is_object() && module.contains("name") && module.contains("own") &&
           module.at("own").is_object();
  };
  if (!report.is_object() || text_at(report, "config").empty() || !report.contains("modules") ||
      !report.at("modules").is_array() || !std::ranges::all_of(report.at("modules"), whole) ||
      !parse_target(text_at(report, "target"))) {
    return bad("not a report of `batkit synth`");
  }
  return report;
}

Result<Comparison> compare_reports(const json& before, const json& after) {
  if (Status fits = comparable(before, after); !fits) return fits.error();
  const Result<Target> target = parse_target(text_at(after, "target"));
  if (!target) return target.error();
  Comparison comparison;
  comparison.config = text_at(after, "config");
  comparison.target = target.value();
  comparison.notes = differences(before, after);
  const std::vector<Metric> metrics = compared_metrics(target.value());
  const bool with_cycles = same_reference(before, after);
  if (!with_cycles)
    comparison.notes.emplace_back("cycles are not compared: not of one reference model");
  for (const Metric& metric : metrics) {
    const bool cycles = std::string_view(metric.key).ends_with("cycles");
    const Result<double> tolerance = tolerance_of(before, metric);
    if (!tolerance) return tolerance.error();
    if (!before.contains(metric.key) || !after.contains(metric.key)) continue;
    if (cycles && !with_cycles) continue;
    comparison.totals.push_back({metric.key, number_at(before, metric.key),
                                 number_at(after, metric.key), tolerance.value()});
  }
  comparison.modules = module_changes(before, after, metrics);
  const std::string by = metrics.front().key;
  std::ranges::stable_sort(comparison.modules, std::greater<>{}, [&by](const ModuleChange& module) {
    return std::abs(growth(module, by));
  });
  return comparison;
}

nlohmann::ordered_json to_json(const Comparison& comparison) {
  nlohmann::ordered_json object{{"grew", comparison.grew()},
                                {"totals", nlohmann::ordered_json::array()},
                                {"modules", nlohmann::ordered_json::array()},
                                {"notes", comparison.notes}};
  for (const TotalChange& total : comparison.totals) {
    object["totals"].push_back({{"metric", total.metric},
                                {"before", total.before},
                                {"after", total.after},
                                {"tolerance", total.tolerance},
                                {"grew", total.grew()}});
  }
  for (const ModuleChange& module : comparison.modules) {
    if (!module.changed()) continue;
    nlohmann::ordered_json entry{{"name", module.name},
                                 {"parameters", module.parameters},
                                 {"instances_before", module.instances_before},
                                 {"instances_after", module.instances_after},
                                 {"own_before", module.own_before},
                                 {"own_after", module.own_after}};
    if (module.path_before_ns > 0.0) {
      entry["register_ns_before"] = module.path_before_ns;
      entry["register_ns_after"] = module.path_after_ns;
    }
    object["modules"].push_back(std::move(entry));
  }
  return object;
}

std::string to_markdown(const Comparison& comparison) {
  const std::string by = compared_metrics(comparison.target).front().key;
  std::string text = fmt::format(
      "### {} on {} against the earlier report\n\n"
      "| total | before | now | change | tolerated | |\n|---|---:|---:|---:|---:|---|\n",
      comparison.config, to_string(comparison.target));
  for (const TotalChange& total : comparison.totals) {
    text += fmt::format("| {} | {:.10g} | {:.10g} | {} | +{:g} % | {} |\n", total.metric,
                        total.before, total.after, percent(total.before, total.after),
                        100.0 * total.tolerance, total.grew() ? "GREW" : "");
  }
  const auto changed = std::ranges::count_if(comparison.modules, &ModuleChange::changed);
  if (changed > 0) {
    text += fmt::format(
        "\n| module | {0} each | instances | {0} in all | change | FF | memory bits | path ns |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|\n",
        by);
  }
  for (const ModuleChange& module : comparison.modules) {
    if (module.changed()) text += module_row(module, by);
  }
  text += fmt::format("\n{} of {} modules changed.\n", changed, comparison.modules.size());
  for (const std::string& note : comparison.notes) text += fmt::format("Note: {}.\n", note);
  return text;
}

}  // namespace bat::synth
