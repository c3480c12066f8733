// SPDX-License-Identifier: Apache-2.0
// Points a second on one core, from the space's text to its exact front, nothing cached.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "explore/exploration.hpp"

namespace bat::explore {
namespace {

/// BERT-like shapes of six sizes on 320 legal arrays with all that a configuration varies.
std::string space_text() {
  std::string text = R"(
[hardware.array]
rows = { from = 1, to = 32, factor = 2 }
cols = { from = 4, to = 64, factor = 2 }
depth = { from = 16, to = 128, factor = 2 }
lanes = [1, 2, 4, 8]
pop_stages = [0, 1]
popcount = ["lut6", ")" +
                     std::string(to_string(Popcount{})) + R"("]
[hardware.memory]
axi_data_bits = { from = 32, to = 512, factor = 2 }
axi_addr_bits = [32, 40, 48]
[platform]
clock_mhz = [100, 150, 200, 250]
[objectives]
minimize = ["latency_us", "lut"]
)";
  for (int i = 0; i < 6; ++i) {
    text += fmt::format(
        "[[shape]]\nname = \"s{}\"\nlayers = {}\nhidden = {}\nheads = 4\nhead_dim = {}\nffn = {}\n"
        "tokens = 50\nattention = \"{}\"\n",
        i, 2 + i, 64 + 32 * i, 16 + 8 * i, 256 + 128 * i, i % 2 == 0 ? "threshold" : "softmax");
  }
  return text;
}

Result<Area> rough_area(const Config& config, const Plan& plan, const std::string&) {
  const double macs = config.array.rows * config.array.cols * config.array.depth;
  Area area;
  area.lut =
      macs * (config.array.popcount == Popcount{} ? 2.0 : 1.5) + 900.0 * plan.rows * plan.lanes;
  return area;
}

void front_of_a_large_space(benchmark::State& state) {
  const auto space = parse_space(space_text(), "benchmark").value();
  double points = 0;
  for (auto _ : state) {
    std::vector<Variant> variants;
    for (const ShapeModel& shape : space.shapes) variants.push_back(shape_variant(shape));
    const Exploration e(space, std::move(variants), rough_area);
    Journal journal;
    const Front front = e.run(journal, {1, {}}).value();
    benchmark::DoNotOptimize(front.points.data());
    points += front.statistics.points;
    state.counters["schedules"] = front.statistics.schedules;
    state.counters["executed"] = front.statistics.evaluated;
    state.counters["front"] = static_cast<double>(front.points.size());
  }
  state.counters["points/s"] = benchmark::Counter(points, benchmark::Counter::kIsRate);
}
BENCHMARK(front_of_a_large_space)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace bat::explore

BENCHMARK_MAIN();
