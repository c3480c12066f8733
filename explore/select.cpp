// SPDX-License-Identifier: Apache-2.0
#include "explore/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "explore/builtin.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::explore {
namespace {

/// The point of the front that is best by `less` among those that `fits` takes.
template <typename Fits, typename Less>
std::optional<std::size_t> best(const Front& front, const Fits& fits, const Less& less) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    if (!fits(front.points[i].metrics)) continue;
    if (!found || less(front.points[i].metrics, front.points[*found].metrics)) found = i;
  }
  return found;
}

double price(const Metrics& m) { return m[index(Metric::kPrice)]; }
double latency(const Metrics& m) { return m[index(Metric::kLatencyUs)]; }
double accuracy(const Metrics& m) { return m[index(Metric::kAccuracy)]; }

}  // namespace

Selection select(const Exploration& exploration, const Front& front, const Query& query) {
  Selection s;
  s.query = query;
  const auto fast = [&](const Metrics& m) { return latency(m) <= query.latency_us; };
  const auto accurate = [&](const Metrics& m) { return accuracy(m) >= query.accuracy; };
  s.point = best(
      front, [&](const Metrics& m) { return fast(m) && accurate(m); },
      [](const Metrics& a, const Metrics& b) {
        return price(a) != price(b) ? price(a) < price(b) : latency(a) < latency(b);
      });
  if (s.point) return s;
  s.fast_enough = best(front, fast, [](const Metrics& a, const Metrics& b) {
    return accuracy(a) != accuracy(b) ? accuracy(a) > accuracy(b) : price(a) < price(b);
  });
  s.accurate_enough = best(front, accurate, [](const Metrics& a, const Metrics& b) {
    return latency(a) != latency(b) ? latency(a) < latency(b) : price(a) < price(b);
  });
  double most = 0;
  std::string most_accurate;
  for (const Variant& v : exploration.variants()) {
    if (v.metrics[index(Metric::kAccuracy)] <= most) continue;
    most = v.metrics[index(Metric::kAccuracy)];
    most_accurate = v.name;
  }
  const auto fastest = best(
      front, [](const Metrics&) { return true; },
      [](const Metrics& a, const Metrics& b) { return latency(a) < latency(b); });
  if (front.points.empty()) {
    s.reason = "no model of the task fits any device";
  } else if (most < query.accuracy) {
    s.reason = fmt::format("accuracy fails: the best model of the task, {}, has {:.4f}",
                           most_accurate, most);
  } else if (!s.accurate_enough) {
    s.reason = "accuracy fails: no model that has it fits any device";
  } else if (!s.fast_enough) {
    s.reason = fmt::format("latency fails: nothing is faster than {:.1f} us",
                           latency(front.points[*fastest].metrics));
  } else {
    s.reason = "latency and accuracy fail together: each can be met, but not both at once";
  }
  return s;
}

Result<Space> select_space(const std::string& task, const std::string& data,
                           const AreaFunction& area, std::vector<std::string>& left_out) {
  const std::string text = fmt::format("task = \"{}\"\n{}", task, builtin_select_space());
  auto space = parse_space(text, "select.toml");
  if (!space.ok()) return space.error();
  space.value().data = data;
  std::map<std::string, std::string> refusals;
  const Config config;
  const Plan planned = plan(config).value();
  std::erase_if(space.value().platforms, [&](const Platform& p) {
    const auto probe = area(config, planned, p.target);
    if (probe.ok()) return false;
    left_out.push_back(fmt::format("{}: {}", p.name(), probe.error().message));
    return true;
  });
  if (space.value().platforms.empty()) return Error{left_out.front()};
  return space;
}

}  // namespace bat::explore
