// SPDX-License-Identifier: Apache-2.0
#include "explore/build.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "explore/output.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::explore {
namespace {

Exploration small_exploration() {
  const char* text =
      "[hardware.array]\nrows = [2, 4, 8]\ncols = [8, 16]\ndepth = 32\n"
      "popcount = [\"lut6\", \"block14\"]\n"
      "[objectives]\nminimize = [\"cycles\", \"lut\"]\n"
      "[[shape]]\nname = \"a\"\nlayers = 1\nhidden = 32\nheads = 2\nhead_dim = 16\nffn = 64\n"
      "tokens = 8\n[[shape]]\nname = \"b\"\nlayers = 2\nhidden = 32\nheads = 2\nhead_dim = 16\n"
      "ffn = 64\ntokens = 8\n";
  Space space = parse_space(text, "s.toml").value();
  std::vector<Variant> variants;
  for (const ShapeModel& shape : space.shapes) variants.push_back(shape_variant(shape));
  return {std::move(space), std::move(variants), {}};
}

/// Every combination as a point.
Front everything(const Exploration& e) {
  Front front;
  for (std::size_t v = 0; v < e.variants().size(); ++v) {
    for (std::uint64_t c = 0; c < static_cast<std::uint64_t>(e.space().configurations()); ++c) {
      Point point;
      point.variant = v;
      point.combination = c;
      point.config = e.config_of(v, c);
      point.config.name = fmt::format("p{}", front.points.size());
      point.metrics[index(Metric::kCycles)] = 100;
      point.metrics[index(Metric::kLut)] = 110;
      front.points.push_back(std::move(point));
    }
  }
  return front;
}

TEST(Build, PointsAreUnlikeEachOther) {
  const Exploration e = small_exploration();
  const Front front = everything(e);
  ASSERT_EQ(front.points.size(), 24U);
  EXPECT_EQ(spread(e, front, 1), (std::vector<std::size_t>{0}));
  EXPECT_EQ(spread(e, front, 2), (std::vector<std::size_t>{0, 23}));
  EXPECT_TRUE(spread(e, Front{}, 3).empty());
  const auto all = spread(e, front, 100);
  EXPECT_EQ(std::set<std::size_t>(all.begin(), all.end()).size(), 24U);
  const auto ten = spread(e, front, 10);
  std::set<std::size_t> models;
  std::set<int> rows;
  std::set<Popcount> structures;
  for (const std::size_t i : ten) {
    models.insert(front.points[i].variant);
    rows.insert(front.points[i].config.array.rows);
    structures.insert(front.points[i].config.array.popcount);
  }
  EXPECT_EQ(models.size(), 2U);
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_EQ(structures.size(), 2U);
}

TEST(Build, ErrorsAndTheirSummary) {
  BuildReport report;
  report.comparisons = {{"a", "lut", 110, 100}, {"b", "lut", 98, 100}, {"a", "dsp", 2, 0}};
  EXPECT_DOUBLE_EQ(report.comparisons[0].error(), 0.1);
  EXPECT_DOUBLE_EQ(report.comparisons[2].error(), 1);
  const auto summary = report.summary();
  EXPECT_DOUBLE_EQ(summary.at("lut").mean, 0.06);
  EXPECT_DOUBLE_EQ(summary.at("lut").worst, 0.1);
  EXPECT_EQ(summary.at("dsp").points, 1);
  EXPECT_EQ(to_text(report),
            "| predicted / measured (error) | lut | dsp |\n|---|---:|---:|\n"
            "| `a` | 110 / 100 (+10.00 %) | 2 / 0 (+100.00 %) |\n"
            "| `b` | 98 / 100 (-2.00 %) |  |\n"
            "| mean error | 6.00 % | 100.00 % |\n| worst error | 10.00 % | 100.00 % |\n");
}

// A stand-in for batkit writes down that it was called and answers as batkit does.
TEST(Build, BuiltPointsAreNotBuiltAgain) {
  const Exploration e = small_exploration();
  const Front front = everything(e);
  const io::TemporaryFolder folder;
  const auto tool = folder.path() / "batkit";
  const std::string calls = (folder.path() / "calls").string();
  ASSERT_TRUE(io::write_text_atomic(
      tool, "#!/bin/sh\necho \"$1\" >> " + calls +
                "\nif [ \"$1\" = run ]; then echo '{\"counters\": {\"cycles_active\": 100}}'\n"
                "else case \"$2\" in *p23*) test -f " +
                calls + ".go || exit 1;; esac\necho '{\"lut\": 100}'\nfi\n"));
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  LaunchOptions options;
  options.folder = folder.path() / "out";
  options.retries = 0;
  options.parallel = 1;
  const auto build = [&](const std::string& version) {
    return build_points(e, front, {0, 23}, tool.string(), version, options).value();
  };
  const auto count = [&] {
    const std::string text = io::read_text(calls).value();
    return std::count(text.begin(), text.end(), '\n');
  };
  const BuildReport first = build("1");
  EXPECT_EQ(first.failures.size(), 1U);
  EXPECT_EQ(first.comparisons.size(), 3U);
  EXPECT_EQ(count(), 4);
  ASSERT_TRUE(io::write_text_atomic(calls + ".go", ""));
  const BuildReport second = build("1");
  EXPECT_TRUE(second.failures.empty());
  EXPECT_EQ(second.comparisons.size(), 4U);
  EXPECT_EQ(count(), 5);  // what had failed, nothing else
  EXPECT_EQ(to_text(build("1")), to_text(second));
  EXPECT_EQ(count(), 5);
  (void)build("2");
  EXPECT_EQ(count(), 9);
}

}  // namespace
}  // namespace bat::explore
