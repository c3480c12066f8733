// SPDX-License-Identifier: Apache-2.0
#include "explore/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "explore/output.hpp"
#include "models/io/atomic_file.hpp"

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
      "--model"};
  if (variant.shape_only) {
    run.insert(run.end(), {"random", "--layers", std::to_string(variant.model.layer_count())});
  } else {
    run.push_back(variant.name);
  }
  if (variant.model.input == bmt::InputKind::kTokens && variant.shape_only) {
    run.insert(run.end(), {"--tokens", std::to_string(variant.tokens)});
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

}  // namespace

std::vector<std::size_t> spread(std::size_t points, std::size_t count) {
  count = std::min(points, count);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back(count == 1 ? 0 : i * (points - 1) / (count - 1));
  }
  return chosen;
}

Result<BuildReport> build_points(const Exploration& e, const Front& front,
                                 const std::vector<std::size_t>& points, const std::string& batkit,
                                 const LaunchOptions& options) {
  const fs::path folder = fs::absolute(options.folder) / "build";
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return Error{fmt::format("{}: {}", folder.string(), failure.message())};
  std::vector<Job> jobs;
  std::vector<std::size_t> point_of;
  for (const std::size_t i : points) {
    const Point& point = front.points[i];
    const fs::path toml = folder / (point.config.name + ".toml");
    if (Status s = io::write_text_atomic(toml, configuration_text(e, point)); !s) return s.error();
    for (Job& job : jobs_of(e, point, toml, batkit)) {
      const auto same = std::find_if(jobs.begin(), jobs.end(),
                                     [&](const Job& other) { return other.name == job.name; });
      if (same != jobs.end()) continue;  // the same configuration on another platform
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
    } else if (json.contains("cycles") && jobs[i].argv[1] == "run") {
      report.comparisons.push_back({point.config.name, "cycles",
                                    point.metrics[index(Metric::kCycles)],
                                    json["cycles"].get<double>()});
    } else {
      compare_synth(point, json, report);
    }
  }
  return report;
}

nlohmann::ordered_json to_json(const BuildReport& report) {
  nlohmann::ordered_json json{{"points", nlohmann::ordered_json::array()},
                              {"failures", report.failures}};
  for (const Comparison& c : report.comparisons) {
    json["points"].push_back({{"name", c.name},
                              {"metric", c.metric},
                              {"predicted", c.predicted},
                              {"measured", c.measured},
                              {"error", c.error()}});
  }
  return json;
}

std::string to_text(const BuildReport& report) {
  std::string text = fmt::format("{:<28} {:<10} {:>12} {:>12} {:>9}\n", "point", "metric",
                                 "predicted", "measured", "error");
  std::map<std::string, std::pair<double, int>> mean;
  for (const Comparison& c : report.comparisons) {
    text += fmt::format("{:<28} {:<10} {:>12.0f} {:>12.0f} {:>8.2f}%\n", c.name, c.metric,
                        c.predicted, c.measured, 100 * c.error());
    mean[c.metric].first += std::abs(c.error());
    ++mean[c.metric].second;
  }
  for (const auto& [metric, sum] : mean) {
    text += fmt::format("mean error of {}: {:.2f} %\n", metric, 100 * sum.first / sum.second);
  }
  for (const std::string& failure : report.failures) text += fmt::format("failed: {}\n", failure);
  return text;
}

}  // namespace bat::explore
