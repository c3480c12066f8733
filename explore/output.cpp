// SPDX-License-Identifier: Apache-2.0
#include "explore/output.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "explore/builtin.hpp"
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

Status write_results(const Exploration& e, const Front& front,
                     const std::filesystem::path& folder) {
  const Json json = to_json(e, front);
  std::string page(builtin_page());
  const std::string_view mark = "@DATA@";
  // "</" inside a script element would end it.
  std::string data = json.dump();
  for (std::size_t at = data.find("</"); at != std::string::npos; at = data.find("</", at + 3)) {
    data.replace(at, 2, "<\\/");
  }
  page.replace(page.find(mark), mark.size(), data);
  if (Status s = io::write_text_atomic(folder / "front.csv", to_csv(e, front)); !s) return s;
  if (Status s = io::write_text_atomic(folder / "front.html", page); !s) return s;
  return io::write_text_atomic(folder / "front.json", fmt::format("{}\n", json.dump(2)));
}

}  // namespace bat::explore
