// SPDX-License-Identifier: Apache-2.0
#include "models/train/curves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <sstream>

namespace bat::train {
namespace {

constexpr double kWidth = 320.0;
constexpr double kHeight = 200.0;

/// A panel with axes at (left, top) and the values' range.
struct Panel {
  double left, top, low, high;
  int first, last;

  double x(int epoch) const {
    const double span = std::max(1, last - first);
    return left + kWidth * (epoch - first) / span;
  }
  double y(double value) const {
    const double span = std::max(1e-9, high - low);
    return top + kHeight * (1.0 - (value - low) / span);
  }
};

using Value = std::function<std::optional<double>(const CurvePoint&)>;

std::string line(const Panel& panel, const std::vector<CurvePoint>& points, const Value& value,
                 const char* color) {
  std::string path;
  for (const CurvePoint& p : points) {
    const std::optional<double> v = value(p);
    if (v) path += fmt::format("{:.1f},{:.1f} ", panel.x(p.epoch), panel.y(*v));
  }
  return fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"{}\"/>\n",
                     color, path);
}

std::string frame(const Panel& p, const char* label) {
  std::string out = fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n",
      p.left, p.top, kWidth, kHeight);
  const auto text = [&](double x, double y, const char* anchor, const std::string& content) {
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                       content);
  };
  text(p.left - 4, p.top + 10, "end", fmt::format("{:.3g}", p.high));
  text(p.left - 4, p.top + kHeight, "end", fmt::format("{:.3g}", p.low));
  text(p.left, p.top + kHeight + 14, "middle", std::to_string(p.first));
  text(p.left + kWidth, p.top + kHeight + 14, "middle", std::to_string(p.last));
  text(p.left + kWidth / 2, p.top + kHeight + 14, "middle", "epoch");
  text(p.left + kWidth / 2, p.top - 6, "middle", label);
  return out;
}

Panel panel_of(double left, const std::vector<CurvePoint>& points,
               const std::vector<Value>& values) {
  Panel panel{left, 44.0, 1e30, -1e30, points.front().epoch, points.back().epoch};
  for (const CurvePoint& p : points) {
    for (const Value& value : values) {
      const std::optional<double> v = value(p);
      if (!v) continue;
      panel.low = std::min(panel.low, *v);
      panel.high = std::max(panel.high, *v);
    }
  }
  return panel;
}

}  // namespace

std::string curves_svg(const std::string& title, const std::vector<CurvePoint>& points) {
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"780\" height=\"280\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"780\" height=\"280\" "
      "fill=\"white\"/>\n";
  out += fmt::format("<text x=\"390\" y=\"18\" text-anchor=\"middle\" font-size=\"13\">{}</text>\n",
                     title);
  if (!points.empty()) {
    const Value loss = [](const CurvePoint& p) { return std::optional<double>(p.loss); };
    const Value train = [](const CurvePoint& p) { return std::optional<double>(p.accuracy); };
    const Value watched = [](const CurvePoint& p) { return p.watched; };
    const Panel left = panel_of(50.0, points, {loss});
    const Panel right = panel_of(440.0, points, {train, watched});
    out += frame(left, "loss") + line(left, points, loss, "#1f77b4");
    out += frame(right, "accuracy: training (blue), samples set aside (orange)");
    out += line(right, points, train, "#1f77b4") + line(right, points, watched, "#ff7f0e");
  }
  return out + "</svg>\n";
}

std::vector<CurvePoint> read_log(const std::string& csv, const std::string& phase) {
  std::vector<CurvePoint> points;
  std::istringstream lines(csv);
  for (std::string row; std::getline(lines, row);) {
    std::vector<std::string> fields;
    std::istringstream cells(row);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    if (fields.size() != 7 || fields[0] != phase) continue;
    CurvePoint p{std::atoi(fields[1].c_str()), std::strtod(fields[3].c_str(), nullptr),
                 std::strtod(fields[4].c_str(), nullptr), std::nullopt};
    if (!fields[5].empty()) p.watched = std::strtod(fields[5].c_str(), nullptr);
    // A resumed run may repeat epochs that were not in its checkpoint.
    while (!points.empty() && points.back().epoch >= p.epoch) points.pop_back();
    points.push_back(p);
  }
  return points;
}

}  // namespace bat::train
