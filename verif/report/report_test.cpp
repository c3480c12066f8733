// SPDX-License-Identifier: Apache-2.0
// `batkit report`: its files agree with each other, the page draws in a browser without complaint,
// and failures leave nothing behind.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/io/atomic_file.hpp"
#include "synth/area_model.hpp"
#include "synth/page.hpp"
#include "synth/tool.hpp"

namespace bat {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  bool ok = false;
  std::string log;
};

class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = synth::ScratchDir::create("bat-report-test");
    ASSERT_TRUE(made.ok());
    scratch_.emplace(std::move(made).value());
  }

  const fs::path& dir() const { return scratch_->path(); }
  fs::path out() const { return dir() / "out"; }

  Outcome run(std::vector<std::string> argv) const {
    const synth::ToolRun tool{std::move(argv), dir(), dir() / "log", std::chrono::seconds{120}};
    const bool ok = synth::run_tool(tool).ok();
    return {ok, io::read_text(tool.log).value()};
  }

  Outcome report(std::vector<std::string> more,
                 const std::string& environment = "BAT_UNUSED=1") const {
    std::vector<std::string> argv{"env",        environment, BAT_BATKIT, "report",      "micro",
                                  "--no-synth", "--no-run",  "-o",       out().string()};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(std::move(argv));
  }

  /// The page as a browser holds it after drawing, with its console messages; nothing without one.
  std::optional<std::string> drawn(const fs::path& page) const {
    const synth::ToolRun browser{
        {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--user-data-dir=" + (dir() / "profile").string(),
         "--enable-logging=stderr", "--dump-dom", "file://" + page.string()},
        dir(),
        dir() / "browser.log",
        std::chrono::seconds{120}};
    const auto ran = synth::run_tool(browser);
    if (!ran.ok() && ran.error().kind == ErrorKind::kMissingTool) return std::nullopt;
    EXPECT_TRUE(ran.ok()) << ran.error().message;
    return io::read_text(browser.log).value();
  }

  nlohmann::json metrics() const {
    return nlohmann::json::parse(io::read_text(out() / "metrics.json").value());
  }

 private:
  std::optional<synth::ScratchDir> scratch_;
};

// The value of an attribute behind `at`.
std::string attribute(const std::string& text, std::size_t at) {
  const std::size_t start = text.find('"', at) + 1;
  return text.substr(start, text.find('"', start) - start);
}

// Compares each marked number of a page with the metrics; gives how many there are.
int compare_numbers(const std::string& page, const nlohmann::json& metrics) {
  int count = 0;
  for (std::size_t at = page.find("data-pointer="); at != std::string::npos;
       at = page.find("data-pointer=", at + 1)) {
    const std::string pointer = attribute(page, at);
    const double shown = std::stod(attribute(page, page.find("data-value=", at)));
    EXPECT_EQ(metrics.at(nlohmann::json::json_pointer(pointer)).get<double>(), shown) << pointer;
    ++count;
  }
  return count;
}

TEST_F(ReportTest, MetricsAndMarkdownWithoutChartLibrary) {
  ASSERT_TRUE(report({"--no-html"}, "BAT_D3=/nowhere/d3.js").ok);
  EXPECT_FALSE(fs::exists(out() / "report.html"));
  const nlohmann::json json = metrics();
  EXPECT_EQ(json.at("config"), "micro");
  const auto config = load_config("micro");
  const auto area = synth::AreaModel::builtin().value().predict(config.value());
  EXPECT_EQ(json.at("area").at("predicted"), nlohmann::json(synth::to_json(area.value())));
  EXPECT_GT(json.at("timeline").size(), 10U);
  EXPECT_NE(io::read_text(out() / "report.md").value().find("## Published numbers"),
            std::string::npos);
}

TEST_F(ReportTest, MissingChartLibraryLeavesNothing) {
  const Outcome outcome = report({}, "BAT_D3=/nowhere/d3.js");
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.log.find("apt-get install node-d3"), std::string::npos) << outcome.log;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(ReportTest, ForeignFilesAreKept) {
  fs::create_directories(out());
  ASSERT_TRUE(io::write_text_atomic(out() / "notes.txt", "mine\n").ok());
  const Outcome outcome = report({"--no-html"});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.log.find("notes.txt"), std::string::npos) << outcome.log;
  EXPECT_EQ(std::distance(fs::directory_iterator(out()), {}), 1);
}

TEST_F(ReportTest, SynthesisOfAnotherConfigurationIsRefused) {
  const fs::path file = dir() / "other.json";
  ASSERT_TRUE(
      io::write_text_atomic(file, R"({"target":"xcup","modules":[],"config_hash":"00"})").ok());
  const Outcome outcome = report({"--no-html", "--synth-json", file.string()});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.log.find("another configuration"), std::string::npos) << outcome.log;
}

// What `batkit synth --energy` writes, in short.
nlohmann::json energy_run(bool gated) {
  const double clock = gated ? 120.5 : 900.25;
  const auto split = [&](double part) {
    return nlohmann::json{{"clock", clock * part},   {"gates", gated ? 30.0 * part : 0.0},
                          {"internal", 50.0 * part}, {"switching", 60.0 * part},
                          {"leakage", 0.125 * part}, {"total", (clock + 140.0) * part}};
  };
  const auto unit = [&](const char* name, double part) {
    return nlohmann::json{{"module", name},
                          {"instances", 2},
                          {"registers", 40},
                          {"gated_registers", gated ? 36 : 0},
                          {"clock_activity", gated ? 0.25 : 1.0},
                          {"energy_nj", split(part)}};
  };
  return {{"target", "osu018"},
          {"config", "micro"},
          {"config_hash", config_hash(load_config("micro").value())},
          {"model", "random-1"},
          {"samples", 1},
          {"bit_exact", true},
          {"clock_gating", gated},
          {"conditions", "of a test"},
          {"cycles", 1000},
          {"energy_nj", split(1.0)},
          {"power_mw", split(0.5)},
          {"tops_per_watt", gated ? 0.31 : 0.07},
          {"units", {unit("counters", 0.75), unit("fetch", 0.25)}}};
}

TEST_F(ReportTest, EnergyOfBothKindsIsShown) {
  std::vector<std::string> more;
  for (const bool gated : {false, true}) {
    const fs::path file = dir() / (gated ? "gated.json" : "ungated.json");
    ASSERT_TRUE(io::write_text_atomic(file, energy_run(gated).dump()).ok());
    more.insert(more.end(), {"--energy-json", file.string()});
  }
  const bool page = synth::find_d3().ok();
  if (!page) more.push_back("--no-html");
  const Outcome outcome = report(more);
  ASSERT_TRUE(outcome.ok) << outcome.log;
  const nlohmann::json json = metrics();
  EXPECT_EQ(json.at("energy").at("gated"), energy_run(true));
  EXPECT_EQ(json.at("energy").at("ungated"), energy_run(false));
  const std::string text = io::read_text(out() / "report.md").value();
  for (const char* part : {"## Energy", "TOPS/W", "| counters | 2 | 40 | 36 |"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  if (!page) return;
  const std::string html = io::read_text(out() / "report.html").value();
  EXPECT_NE(html.find("/energy/gated/energy_nj/total"), std::string::npos);
  EXPECT_GT(compare_numbers(html, json), 50);
  const auto dom = drawn(out() / "report.html");
  if (!dom) GTEST_SKIP() << "chromium is not installed (cmake/install_packages.sh --report)";
  EXPECT_EQ(dom->find("CONSOLE"), std::string::npos) << dom->substr(dom->find("CONSOLE"), 300);
  EXPECT_NE(dom->find("data-drawn=\"5\""), std::string::npos);
  EXPECT_GT(compare_numbers(*dom, json), 50);
}

TEST_F(ReportTest, OtherFilesAreNoEnergy) {
  const fs::path file = dir() / "area.json";
  ASSERT_TRUE(
      io::write_text_atomic(file, R"({"target":"osu018","modules":[],"config_hash":"00"})").ok());
  const Outcome outcome = report({"--no-html", "--energy-json", file.string()});
  EXPECT_FALSE(outcome.ok);
  EXPECT_NE(outcome.log.find("synth --energy"), std::string::npos) << outcome.log;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(ReportTest, PageDrawsInABrowser) {
  if (!synth::find_d3().ok())
    GTEST_SKIP() << "D3 is not installed (cmake/install_packages.sh --report)";
  ASSERT_TRUE(report({}).ok);
  const std::string page = io::read_text(out() / "report.html").value();
  EXPECT_EQ(page.find("<script src"), std::string::npos);  // nothing from elsewhere
  EXPECT_EQ(page.find("rel=\"stylesheet\""), std::string::npos);
  EXPECT_GT(compare_numbers(page, metrics()), 20);

  const auto dom = drawn(out() / "report.html");
  if (!dom) GTEST_SKIP() << "chromium is not installed (cmake/install_packages.sh --report)";
  EXPECT_EQ(dom->find("CONSOLE"), std::string::npos) << dom->substr(dom->find("CONSOLE"), 300);
  EXPECT_NE(dom->find("data-drawn=\"3\""), std::string::npos);
  EXPECT_NE(dom->find("class=\"box\""), std::string::npos);
  EXPECT_GT(compare_numbers(*dom, metrics()), 20);
}

TEST_F(ReportTest, PointsDrawInABrowser) {
  if (!synth::find_d3().ok())
    GTEST_SKIP() << "D3 is not installed (cmake/install_packages.sh --report)";
  synth::Scatter chart;
  chart.caption = "points";
  chart.axes = {{"cycles", true}, {"accuracy", false}, {"lut", true}};
  chart.points = {{"small", "a", {2000, 0.8, 500}, "rows = 2\n"},
                  {"large", "b", {100, 0.9, 9000}, "rows = 32\n"},
                  {"middle", "a", {700, 0.85, 3000}, "</script>"}};
  synth::Page page;
  page.title = "Points";
  page.sections = {{"Front", {chart}}};
  const auto html = synth::to_html(page);
  ASSERT_TRUE(html.ok()) << html.error().message;
  ASSERT_TRUE(io::write_text_atomic(dir() / "points.html", html.value()).ok());
  const auto dom = drawn(dir() / "points.html");
  if (!dom) GTEST_SKIP() << "chromium is not installed (cmake/install_packages.sh --report)";
  EXPECT_EQ(dom->find("CONSOLE"), std::string::npos) << dom->substr(dom->find("CONSOLE"), 300);
  EXPECT_NE(dom->find("data-drawn=\"1\""), std::string::npos);
  int circles = 0;
  for (std::size_t at = dom->find("<circle"); at != std::string::npos;
       at = dom->find("<circle", at + 1)) {
    ++circles;
  }
  EXPECT_EQ(circles, 3);
}

}  // namespace
}  // namespace bat
