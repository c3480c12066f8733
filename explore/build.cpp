// SPDX-License-Identifier: Apache-2.0
#include "explore/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "explore/output.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"

namespace bat::explore {
namespace {

namespace fs = std::filesystem;

/// Metrics that `batkit synth --json` measures on each kind of target.
struct Measured {
  Metric metric;
  const char* key;
  double scale;
};
constexpr Measured kFpga[] = {{Metric::kLut, "lut", 1},
                              {Metric::kFf, "ff", 1},
                              {Metric::kDsp, "dsp", 1},
                              {Metric::kBram36, "bram36", 1}};
constexpr Measured kCells[] = {{Metric::kKge, "ge", 1e-3}};

/// Simulation of one sample and synthesis. Samples are random ones of the length that was
/// predicted: cycles do not depend on contents, and no data set is needed.
std::vector<Job> jobs_of(const Exploration& e, const Point& point, const fs::path& toml,
                         const std::string& batkit) {
  const Variant& variant = e.variants()[point.variant];
  const Platform& where = e.space().platforms[point.platform];
  std::vector<std::string> run{
      batkit,        "run",
      toml.string(), "--count",
      "1",           "--json",
      "--latency",   std::to_string(where.latency),
      "--bandwidth", std::to_string(where.bandwidth_of(point.config.memory.axi_data_bits)),
      "--tokens",    std::to_string(variant.tokens),
      "--model"};
  if (variant.shape_only) {
    run.insert(run.end(), {"random", "--layers", std::to_string(variant.model.layer_count())});
  } else {
    run.insert(run.end(), {variant.name, "--input", "random"});
  }
  const std::string& name = point.config.name;
  return {{name + "-run", run},
          {name + "-synth", {batkit, "synth", toml.string(), "--target", where.target, "--json"}}};
}

void compare_synth(const Point& point, const nlohmann::json& json, BuildReport& report) {
  const auto add = [&](const Measured& m) {
    if (!json.contains(m.key) || !json[m.key].is_number()) return;
    const double measured = json[m.key].get<double>() * m.scale;
    const double predicted = point.metrics[index(m.metric)];
    if (measured == 0 && predicted == 0) return;
    report.comparisons.push_back(
        {point.config.name, std::string(info(m.metric).name), predicted, measured});
  };
  if (json.value("ge_um2", 0.0) > 0) {
    for (const Measured& m : kCells) add(m);
  } else {
    for (const Measured& m : kFpga) add(m);
  }
}

/// Model, platform and value of each axis of a point, as numbers.
std::vector<std::size_t> traits_of(const Exploration& e, const Point& point) {
  std::vector<std::size_t> traits{point.variant, point.platform};
  for (const Axis& axis : e.space().axes) {
    const std::string text = config::value_text(*axis.key, point.config);
    const auto at = std::find(axis.texts.begin(), axis.texts.end(), text);
    traits.push_back(static_cast<std::size_t>(at - axis.texts.begin()));
  }
  return traits;
}

std::string sha256_of(const std::string& text) {
  return io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

double Comparison::error() const {
  if (measured != 0) return (predicted - measured) / measured;
  return predicted == 0 ? 0 : 1;
}

std::map<std::string, ErrorSummary> BuildReport::summary() const {
  std::map<std::string, ErrorSummary> all;
  for (const Comparison& c : comparisons) {
    ErrorSummary& s = all[c.metric];
    ++s.points;
    s.mean += std::abs(c.error());
    s.worst = std::max(s.worst, std::abs(c.error()));
  }
  for (auto& [metric, s] : all) s.mean /= s.points;
  return all;
}

std::vector<std::size_t> spread(const Exploration& e, const Front& front, std::size_t count) {
  const std::size_t points = front.points.size();
  count = std::min(points, count);
  std::vector<std::vector<std::size_t>> traits;
  traits.reserve(points);
  for (const Point& point : front.points) traits.push_back(traits_of(e, point));
  std::map<std::pair<std::size_t, std::size_t>, int> seen;  // (trait, value)
  const auto novelty = [&](std::size_t i) {
    double sum = 0;
    for (std::size_t t = 0; t < traits[i].size(); ++t) {
      const auto found = seen.find({t, traits[i][t]});
      sum += 1.0 / (1 + (found == seen.end() ? 0 : found->second));
    }
    return sum;
  };
  std::vector<std::size_t> chosen;
  while (chosen.size() < count) {
    std::size_t next = chosen.empty() ? 0 : points - 1;
    double most = 0;
    for (std::size_t i = 0; chosen.size() > 1 && i < points; ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end() || novelty(i) <= most)
        continue;
      most = novelty(i);
      next = i;
    }
    chosen.push_back(next);
    for (std::size_t t = 0; t < traits[next].size(); ++t) ++seen[{t, traits[next][t]}];
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Result<BuildReport> build_points(const Exploration& e, const Front& front,
                                 const std::vector<std::size_t>& points, const std::string& batkit,
                                 const std::string& version, const LaunchOptions& options) {
  const fs::path folder = fs::absolute(options.folder) / "build";
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return Error{fmt::format("{}: {}", folder.string(), failure.message())};
  std::vector<Job> jobs;
  std::vector<std::size_t> point_of;
  for (const std::size_t i : points) {
    const Point& point = front.points[i];
    const fs::path toml = folder / (point.config.name + ".toml");
    const std::string text = configuration_text(e, point);
    if (Status s = io::write_text_atomic(toml, text); !s) return s.error();
    const std::string key = fmt::format("batkit {}, configuration {}, model {}", version,
                                        sha256_of(text), e.variants()[point.variant].hash);
    for (Job& job : jobs_of(e, point, toml, batkit)) {
      const auto same = std::find_if(jobs.begin(), jobs.end(),
                                     [&](const Job& other) { return other.name == job.name; });
      if (same != jobs.end()) continue;  // the same configuration on another platform
      job.key = key;
      jobs.push_back(std::move(job));
      point_of.push_back(i);
    }
  }
  const auto results = launch(jobs, options);
  if (!results.ok()) return results.error();
  BuildReport report;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const JobResult& result = results.value()[i];
    const Point& point = front.points[point_of[i]];
    const auto json = nlohmann::json::parse(result.output, nullptr, false);
    if (!result.ok || !json.is_object()) {
      report.failures.push_back(fmt::format("{}: {}", result.name, result.output));
    } else if (jobs[i].argv[1] == "run" && json.contains("counters")) {
      report.comparisons.push_back({point.config.name, "cycles",
                                    point.metrics[index(Metric::kCycles)],
                                    json["counters"]["cycles_active"].get<double>()});
    } else {
      compare_synth(point, json, report);
    }
  }
  return report;
}

nlohmann::ordered_json to_json(const BuildReport& report) {
  nlohmann::ordered_json json{{"points", nlohmann::ordered_json::array()},
                              {"summary", nlohmann::ordered_json::object()},
                              {"failures", report.failures}};
  for (const Comparison& c : report.comparisons) {
    json["points"].push_back({{"name", c.name},
                              {"metric", c.metric},
                              {"predicted", c.predicted},
                              {"measured", c.measured},
                              {"error", c.error()}});
  }
  for (const auto& [metric, s] : report.summary()) {
    json["summary"][metric] = {{"points", s.points}, {"mean", s.mean}, {"worst", s.worst}};
  }
  return json;
}

std::string to_text(const BuildReport& report) {
  const auto summary = report.summary();
  std::vector<std::string> columns;
  std::vector<std::string> rows;
  std::map<std::pair<std::string, std::string>, std::string> cells;
  for (const Comparison& c : report.comparisons) {
    if (std::find(columns.begin(), columns.end(), c.metric) == columns.end()) {
      columns.push_back(c.metric);
    }
    if (std::find(rows.begin(), rows.end(), c.name) == rows.end()) rows.push_back(c.name);
    cells[{c.name, c.metric}] =
        fmt::format("{:.0f} / {:.0f} ({:+.2f} %)", c.predicted, c.measured, 100 * c.error());
  }
  std::string text = "| predicted / measured (error) |";
  for (const std::string& metric : columns) text += fmt::format(" {} |", metric);
  text += "\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) text += "---:|";
  text += '\n';
  for (const std::string& row : rows) {
    text += fmt::format("| `{}` |", row);
    for (const std::string& metric : columns) {
      const auto cell = cells.find({row, metric});
      text += fmt::format(" {} |", cell == cells.end() ? "" : cell->second);
    }
    text += '\n';
  }
  for (const auto& [title, value] : {std::pair{"mean error", &ErrorSummary::mean},
                                     std::pair{"worst error", &ErrorSummary::worst}}) {
    text += fmt::format("| {} |", title);
    for (const std::string& metric : columns) {
      text += fmt::format(" {:.2f} % |", 100 * summary.at(metric).*value);
    }
    text += '\n';
  }
  for (const std::string& failure : report.failures) text += fmt::format("failed: {}\n", failure);
  return text;
}

}  // namespace bat::explore
