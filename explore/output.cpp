// SPDX-License-Identifier: Apache-2.0
#include "explore/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/io/atomic_file.hpp"

namespace bat::explore {
namespace {

using Json = nlohmann::ordered_json;

/// Metrics that say something in this space.
std::vector<Metric> shown_metrics(const Exploration& e, const Front& front) {
  std::vector<Metric> shown;
  for (std::size_t i = 0; i < kMetrics; ++i) {
    const auto m = static_cast<Metric>(i);
    const bool any = std::any_of(front.points.begin(), front.points.end(),
                                 [&](const Point& p) { return p.metrics[i] != 0; });
    if (any || e.space().uses(m)) shown.push_back(m);
  }
  return shown;
}

std::string value_of(const Axis& axis, const Config& config) {
  return config::value_text(*axis.key, config);
}

/// Metrics are sums and quotients of exact numbers: 9 digits tell them apart.
double rounded(double value) { return std::stod(fmt::format("{:.9g}", value)); }

std::string quoted(const std::string& text) {
  return text.find_first_of(",\"\n") == std::string::npos ? text : fmt::format("\"{}\"", text);
}

}  // namespace

std::string configuration_text(const Exploration& exploration, const Point& point) {
  Config config = point.config;
  const Variant& variant = exploration.variants()[point.variant];
  const bool zoo = variant.name.find('/') == std::string::npos && !variant.shape_only;
  config.model = zoo ? variant.name : "random";
  return fmt::format("# SPDX-License-Identifier: Apache-2.0\n{}", canonical_text(config));
}

nlohmann::ordered_json to_json(const Exploration& e, const Front& front) {
  const Statistics& s = front.statistics;
  Json json{{"space", e.space().source}, {"objectives", Json::array()}, {"metrics", Json::array()}};
  for (const Metric m : e.space().objectives) json["objectives"].push_back(info(m).name);
  const std::vector<Metric> shown = shown_metrics(e, front);
  for (const Metric m : shown) {
    json["metrics"].push_back(
        {{"name", info(m).name}, {"maximize", info(m).maximize}, {"meaning", info(m).meaning}});
  }
  json["statistics"] = {{"points", s.points},       {"illegal", s.illegal},
                        {"excluded", s.excluded},   {"schedules", s.schedules},
                        {"evaluated", s.evaluated}, {"unfit", s.unfit}};
  json["points"] = Json::array();
  for (const Point& point : front.points) {
    const Platform& where = e.space().platforms[point.platform];
    Json p{{"name", point.config.name},
           {"model", e.variants()[point.variant].name},
           {"target", where.target},
           {"clock_mhz", where.clock_mhz}};
    if (where.device) p["device"] = where.device->name;
    for (const Axis& axis : e.space().axes) {
      p["configuration"][axis.key->path()] = Json::parse(value_of(axis, point.config));
    }
    for (const Metric m : shown) {
      p["metrics"][std::string(info(m).name)] = rounded(point.metrics[index(m)]);
    }
    p["toml"] = configuration_text(e, point);
    json["points"].push_back(std::move(p));
  }
  return json;
}

std::string to_csv(const Exploration& e, const Front& front) {
  const std::vector<Metric> shown = shown_metrics(e, front);
  std::string text = "name,model,platform,clock_mhz";
  for (const Axis& axis : e.space().axes) text += fmt::format(",{}", axis.key->path());
  for (const Metric m : shown) text += fmt::format(",{}", info(m).name);
  text += '\n';
  for (const Point& point : front.points) {
    const Platform& where = e.space().platforms[point.platform];
    text += fmt::format("{},{},{},{:g}", quoted(point.config.name),
                        quoted(e.variants()[point.variant].name), where.name(), where.clock_mhz);
    for (const Axis& axis : e.space().axes) {
      std::string value = value_of(axis, point.config);
      std::erase(value, '"');
      text += fmt::format(",{}", value);
    }
    for (const Metric m : shown) text += fmt::format(",{:.9g}", point.metrics[index(m)]);
    text += '\n';
  }
  return text;
}

std::string to_text(const Exploration& e, const Front& front, std::size_t most) {
  const std::vector<Metric> shown = shown_metrics(e, front);
  std::string text = fmt::format("{:<28} {:<10}", "point", "platform");
  for (const Metric m : shown) text += fmt::format(" {:>14}", info(m).name);
  text += '\n';
  for (std::size_t i = 0; i < std::min(most, front.points.size()); ++i) {
    const Point& point = front.points[i];
    text +=
        fmt::format("{:<28} {:<10}", point.config.name, e.space().platforms[point.platform].name());
    for (const Metric m : shown) text += fmt::format(" {:>14.6g}", point.metrics[index(m)]);
    text += '\n';
  }
  if (front.points.size() > most) {
    text += fmt::format("... {} more\n", front.points.size() - most);
  }
  return text;
}

synth::Page to_page(const Exploration& e, const Front& front) {
  const std::vector<Metric> shown = shown_metrics(e, front);
  synth::Scatter chart;
  chart.caption = "Points of the front";
  synth::Table table;
  table.columns = {"point", "platform"};
  for (const Metric m : shown) {
    const std::string name(info(m).name);
    chart.axes.push_back({name, !info(m).maximize});
    table.columns.push_back(name);
  }
  const auto place = [&](Metric m) {
    return static_cast<std::size_t>(std::ranges::find(shown, m) - shown.begin());
  };
  const std::vector<Metric>& objectives = e.space().objectives;
  const auto better_high = std::ranges::find_if(objectives.begin() + 1, objectives.end(),
                                                [](Metric m) { return info(m).maximize; });
  chart.x = place(objectives.front());
  chart.y = place(better_high != objectives.end() ? *better_high : objectives[1]);
  for (const Point& point : front.points) {
    const std::string where = e.space().platforms[point.platform].name();
    std::vector<synth::Cell> row{point.config.name, where};
    std::vector<double> values;
    for (const Metric m : shown) {
      values.push_back(rounded(point.metrics[index(m)]));
      row.emplace_back(values.back(), values.back() < 10 ? 4 : 0);
    }
    chart.points.push_back({fmt::format("{} on {}", point.config.name, where),
                            e.variants()[point.variant].name, std::move(values),
                            configuration_text(e, point)});
    table.rows.push_back(std::move(row));
  }
  synth::Page page;
  page.title = "Pareto front";
  std::vector<std::string_view> names;
  for (const Metric m : objectives) names.push_back(info(m).name);
  page.subtitle = fmt::format("{}; objectives: {}", e.space().source, fmt::join(names, ", "));
  const Statistics& s = front.statistics;
  page.facts = {{"points of the front", {static_cast<double>(front.points.size()), 0}},
                {"points of the space", {s.points, 0}},
                {"schedules", {s.schedules, 0}},
                {"run by the cycle model", {s.evaluated, 0}}};
  page.sections = {{"Front", {std::move(chart)}}, {"All points", {std::move(table)}}};
  return page;
}

Status write_results(const Exploration& e, const Front& front, const std::filesystem::path& folder,
                     bool with_page) {
  if (with_page) {
    const Result<std::string> page = synth::to_html(to_page(e, front));
    if (!page) return page.error();
    const Status written = io::write_text_atomic(folder / "front.html", page.value());
    if (!written) return written;
  }
  if (Status s = io::write_text_atomic(folder / "front.csv", to_csv(e, front)); !s) return s;
  return io::write_text_atomic(folder / "front.json",
                               fmt::format("{}\n", to_json(e, front).dump(2)));
}

}  // namespace bat::explore
