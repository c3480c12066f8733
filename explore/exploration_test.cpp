// SPDX-License-Identifier: Apache-2.0
#include "explore/exploration.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "explore/output.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::explore {
namespace {

/// An area that grows with the array and depends on the structure of the popcount; cheap structures
/// are not cheap in everything.
Result<Area> test_area(const Config& config, const Plan& plan, const std::string&) {
  const double macs = config.array.rows * config.array.cols * config.array.depth;
  const auto structure = static_cast<double>(config.array.popcount);
  Area area;
  area.lut = std::floor(macs * (1.5 + 0.25 * structure) + 900.0 * plan.rows * plan.lanes +
                        plan.axi_bits * 4 + 100 * config.array.pop_stages + 7 * plan.axi_addr_bits -
                        20.0 * plan.cols * config.array.dsp_rows);
  area.ff = std::floor(macs * (1.0 - 0.2 * structure) + plan.outstanding * 10);
  area.dsp = plan.rows * plan.lanes + plan.cols * config.array.dsp_rows / 2.0;
  area.bram36 = plan.cols * plan.w_ring_words / 1024.0;
  area.registers = 8 * area.ff;
  area.kge = area.lut / 100;
  return area;
}

bmt::Model small_model(std::mt19937_64& g) {
  bmt::RandomModelSpec spec;
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(g() % static_cast<std::uint64_t>(high - low + 1));
  };
  spec.input = pick(0, 1) == 0 ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
  spec.attention = pick(0, 1) == 0 ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
  spec.layers = pick(1, 2);
  spec.hidden = 16 * pick(1, 4);
  spec.ffn = 32 * pick(1, 4);
  spec.max_tokens = pick(4, 20);
  spec.act_bits = 1 << pick(0, 2);
  spec.adversarial = false;
  return bmt::random_model(spec, g());
}

std::vector<Variant> variants(std::mt19937_64& g, int count) {
  std::vector<Variant> list;
  for (int i = 0; i < count; ++i) {
    Variant v =
        model_variant(fmt::format("m{}", i), fmt::format("hash{}-{}", i, g()), small_model(g), 0);
    v.metrics[index(Metric::kAccuracy)] = 0.5 + 0.1 * static_cast<double>(g() % 5);
    v.metrics[index(Metric::kRobustness)] = 0.5 + 0.1 * static_cast<double>(g() % 5);
    list.push_back(std::move(v));
  }
  return list;
}

std::string random_space(std::mt19937_64& g) {
  const auto some = [&](std::vector<std::string> values) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (g() % 3 != 0 || (text.empty() && i + 1 == values.size())) {
        text += (text.empty() ? "" : ", ") + values[i];
      }
    }
    return "[" + text + "]";
  };
  const bool board = g() % 2 == 0;
  std::string text = "task = \"t\"\n[hardware.array]\n";
  text += "rows = " + some({"1", "2", "4"}) + "\ncols = " + some({"4", "8", "16"}) +
          "\ndepth = " + some({"16", "32"}) + "\nlanes = " + some({"1", "2", "8"}) +
          "\npopcount = " + some({"\"lut6\"", "\"" + std::string(to_string(Popcount{})) + "\""}) +
          "\npop_stages = " + some({"0", "1"}) + "\ndsp_rows = " + some({"3", "1", "0", "4"}) +
          "\n";
  text += "[hardware.memory]\naxi_data_bits = " + some({"32", "128"}) +
          "\noutstanding = " + some({"1", "8"}) + "\naxi_addr_bits = " + some({"48", "32"}) + "\n";
  text += board ? "[platform]\ndevices = [\"hx8k\", \"kv260\"]\n"
                : "[platform]\nclock_mhz = [100, 200]\n";
  text += g() % 2 == 0 ? "[objectives]\nminimize = [\"latency_us\", \"lut\"]\n"
                       : "[objectives]\nminimize = [\"cycles\", \"ff\", \"bram36\", \"dsp\"]\n";
  text += g() % 3 == 0 ? "" : "maximize = [\"accuracy\", \"robustness\"]\n";
  text += "[constraints]\nlut = { max = 30000 }\n";
  if (g() % 2 == 0) text += "cycles = { max = 20000 }\n";
  if (g() % 3 == 0) text += "latency_us = { max = 120, min = 3 }\n";
  return text;
}

TEST(Exploration, EqualsBruteForceOnRandomSpaces) {
  std::mt19937_64 g(5);
  double points = 0;
  double schedules = 0;
  double evaluated = 0;
  for (int round = 0; round < 12; ++round) {
    const std::string text = random_space(g);
    auto space = parse_space(text, "random.toml");
    ASSERT_TRUE(space.ok()) << space.error().message << text;
    const Exploration e(std::move(space).value(), variants(g, 2), test_area);
    Journal journal;
    const Front front = e.run(journal, {2, {}}).value();
    const Front brute = e.brute_force().value();
    EXPECT_EQ(to_csv(e, front), to_csv(e, brute)) << text;
    points += front.statistics.points;
    schedules += front.statistics.schedules;
    evaluated += front.statistics.evaluated;
  }
  fmt::print("{} points, {} schedules, {} executed\n", points, schedules, evaluated);
  EXPECT_LT(evaluated, schedules);
}

// Energy grows with the cycles: its bound is one, and constraints on it hold on true cycles.
TEST(Exploration, EnergyFrontsEqualBruteForce) {
  std::mt19937_64 g(41);
  double schedules = 0;
  double evaluated = 0;
  std::size_t found = 0;
  for (int round = 0; round < 10; ++round) {
    std::string text = random_space(g);
    text.resize(text.find("[platform]"));
    text += fmt::format(
        "[platform]\ntarget = \"osu018\"\nclock_mhz = [100, 150]\nclock_gates = {}\n"
        "[objectives]\nminimize = [\"energy_uj\", \"{}\"]\n{}[constraints]\n"
        "tops_per_watt = {{ min = {} }}\n{}",
        round % 2 == 0, round % 3 == 0 ? "latency_us" : "kge",
        round % 4 == 0 ? "maximize = [\"tops_per_watt\"]\n" : "", round % 2 == 0 ? 0.002 : 0.0005,
        round % 5 == 0 ? "energy_uj = { max = 40, min = 1 }\n" : "");
    auto space = parse_space(text, "random.toml");
    ASSERT_TRUE(space.ok()) << space.error().message << text;
    const Exploration e(std::move(space).value(), variants(g, 2), test_area);
    Journal journal;
    const Front front = e.run(journal, {2, {}}).value();
    EXPECT_EQ(to_csv(e, front), to_csv(e, e.brute_force().value())) << text;
    for (const Point& point : front.points) EXPECT_GT(point.metrics[index(Metric::kEnergyUj)], 0.0);
    found += front.points.size();
    schedules += front.statistics.schedules;
    evaluated += front.statistics.evaluated;
  }
  fmt::print("{} schedules, {} executed, {} points\n", schedules, evaluated, found);
  EXPECT_GT(found, 10U);
  EXPECT_LT(evaluated, schedules);
}

// Each configuration counts the figure of its own guard, and points that differ in it alone share
// their schedule.
TEST(Exploration, ProtectionIsAnAxis) {
  using bmt::Protection;
  const char* text =
      "task = \"t\"\n[hardware.array]\nrows = 2\ncols = 8\ndepth = [16, 32]\n"
      "[hardware.memory]\nweight_protection = [\"none\", \"parity\", \"majority\"]\n"
      "[objectives]\nminimize = [\"lut\", \"cycles\"]\nmaximize = [\"flip_accuracy\"]\n";
  const auto area = [](const Config& config, const Plan& plan, const std::string& target) {
    auto result = test_area(config, plan, target);
    result.value().lut += 100.0 * static_cast<double>(config.memory.weight_protection);
    return result;
  };
  std::mt19937_64 g(23);
  std::vector<Variant> list = variants(g, 1);
  list[0].guards = {{Protection::kNone, 0},
                    {Protection::kParity, 16},
                    {Protection::kParity, 32},
                    {Protection::kMajority, 0}};
  list[0].figures.reference = 0.8;
  list[0].figures.noise = 0.6;
  list[0].figures.flips = {0.4, 0.65, 0.6, 0.7};
  const Exploration e(parse_space(text, "guards.toml").value(), list, area);
  Journal journal;
  const Front front = e.run(journal, {1, {}}).value();
  EXPECT_EQ(to_csv(e, front), to_csv(e, e.brute_force().value()));
  ASSERT_GE(front.points.size(), 3U);
  EXPECT_EQ(front.statistics.schedules, 2);
  for (const Point& point : front.points) {
    const bool narrow = point.config.array.depth == 16;
    const Protection p = point.config.memory.weight_protection;
    const double flips = p == Protection::kNone       ? 0.4
                         : p == Protection::kMajority ? 0.7
                                                      : (narrow ? 0.65 : 0.6);
    EXPECT_EQ(point.metrics[index(Metric::kFlipAccuracy)], flips);
    EXPECT_DOUBLE_EQ(point.metrics[index(Metric::kRobustness)], (0.6 + flips) / 1.6);
  }
}

// Accumulators in DSP blocks change area alone: such points share a schedule. A value that an array
// cannot have drops its own points, not those of the other values.
TEST(Exploration, DspRowsAreAnAxisOfOneSchedule) {
  const char* text =
      "task = \"t\"\n[hardware.array]\nrows = [2, 4]\ncols = 8\ndepth = 32\n"
      "dsp_rows = [3, 0, 1]\n[objectives]\nminimize = [\"lut\", \"cycles\", \"dsp\"]\n";
  std::mt19937_64 g(31);
  const Exploration e(parse_space(text, "dsp.toml").value(), variants(g, 1), test_area);
  Journal journal;
  const Front front = e.run(journal, {1, {}}).value();
  EXPECT_EQ(to_csv(e, front), to_csv(e, e.brute_force().value()));
  EXPECT_EQ(front.statistics.schedules, 2);
  EXPECT_EQ(front.statistics.illegal, 1);
  EXPECT_NE(front.statistics.first_refusal.find("array.dsp_rows"), std::string::npos);
  std::map<int, int> values;
  for (const Point& point : front.points) ++values[point.config.array.dsp_rows];
  EXPECT_EQ(values.size(), 3U);
}

TEST(WeightGuard, NamesWhatAFigureIsFiledUnder) {
  Config config;
  config.array.depth = 64;
  EXPECT_EQ(WeightGuard::of(config).text(), "");
  config.memory.weight_protection = bmt::Protection::kParity;
  EXPECT_EQ(WeightGuard::of(config).text(), ", parity of 64 bits");
  config.memory.weight_protection = bmt::Protection::kMajority;
  EXPECT_EQ(WeightGuard::of(config).text(), ", majority");
  EXPECT_EQ(own_test_set("sst2"), "glue/SST-2");
  EXPECT_EQ(own_test_set("fashion-mnist"), "");
}

TEST(Exploration, SameWithAnyNumberOfThreadsAndResumed) {
  std::mt19937_64 g(17);
  const Space space = parse_space(random_space(g), "random.toml").value();
  const Exploration e(space, variants(g, 3), test_area);
  const io::TemporaryFolder folder;
  const auto file = folder.path() / "journal.txt";
  Journal none;
  const Front one = e.run(none, {1, {}}).value();
  {
    const auto journal = Journal::open(file, "1").value();
    const Front three = e.run(*journal, {3, {}}).value();
    EXPECT_EQ(to_json(e, one).dump(), to_json(e, three).dump());
    EXPECT_EQ(three.statistics.from_journal, 0);
  }
  const auto journal = Journal::open(file, "1").value();
  const Front again = e.run(*journal, {2, {}}).value();
  EXPECT_EQ(to_json(e, one).dump(), to_json(e, again).dump());
  EXPECT_EQ(again.statistics.from_journal, again.statistics.evaluated);
  EXPECT_GT(again.statistics.evaluated, 0);
}

TEST(Exploration, PointsAreConfigurationsThatHoldTheModel) {
  std::mt19937_64 g(23);
  const Space space = parse_space(random_space(g), "random.toml").value();
  const Exploration e(space, variants(g, 2), test_area);
  Journal journal;
  const Front front = e.run(journal, {2, {}}).value();
  ASSERT_FALSE(front.points.empty());
  for (const Point& point : front.points) {
    const auto config = parse_config(configuration_text(e, point), "point.toml");
    ASSERT_TRUE(config.ok()) << config.error().message;
    const auto planned = plan(config.value());
    ASSERT_TRUE(planned.ok());
    const Variant& v = e.variants()[point.variant];
    const Platform& p = space.platforms[point.platform];
    EXPECT_EQ(
        static_cast<double>(exact_cycles(config.value(), planned.value(), v.model, v.tokens,
                                         {p.latency, p.bandwidth_of(planned.value().axi_bits), 64})
                                .value()),
        point.metrics[index(Metric::kCycles)]);
  }
}

TEST(Exploration, NoPointLeftIsAnEmptyFront) {
  std::mt19937_64 g(29);
  const Space space = parse_space(
                          "task = \"t\"\n[objectives]\nminimize = [\"cycles\", "
                          "\"lut\"]\n[constraints]\ncycles = { max = 3 }\n",
                          "s.toml")
                          .value();
  const Exploration e(space, variants(g, 1), test_area);
  Journal journal;
  const Front front = e.run(journal, {1, {}}).value();
  EXPECT_TRUE(front.points.empty());
  EXPECT_EQ(front.statistics.excluded, 1);
  EXPECT_EQ(front.statistics.evaluated, 0);
  EXPECT_NE(why_empty(e, front.statistics)
                .find("no point meets the constraints; cycles: max 3, the least is no less than "),
            std::string::npos);
}

TEST(Exploration, SaysWhyAFrontIsEmpty) {
  std::mt19937_64 g(29);
  const std::vector<Variant> one = variants(g, 1);
  const auto reason = [&](const std::string& hardware, const std::string& constraints) {
    const std::string text = "task = \"t\"\n" + hardware +
                             "[objectives]\nminimize = [\"cycles\", \"lut\"]\n[constraints]\n" +
                             constraints;
    const Exploration e(parse_space(text, "s.toml").value(), one, test_area);
    Journal journal;
    const Front front = e.run(journal, {1, {}}).value();
    EXPECT_TRUE(front.points.empty());
    return why_empty(e, front.statistics);
  };
  EXPECT_EQ(reason("", "accuracy = { min = 0.99 }\nlut = { max = 1e9 }\n").substr(0, 58),
            "no point meets the constraints; accuracy: min 0.99, the la");
  EXPECT_EQ(reason("[hardware.array]\nrows = 32\ncols = 4\n", "").substr(0, 74),
            "no configuration is legal for a model; the first refused configuration: ar");
}

}  // namespace
}  // namespace bat::explore
