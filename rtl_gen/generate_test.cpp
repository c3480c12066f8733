// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/generate.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace bat {
namespace {

namespace fs = std::filesystem;

class GenerateFolder : public ::testing::Test {
 protected:
  GenerateFolder()
      : folder_(fs::temp_directory_path() / ("bat_generate_test_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~GenerateFolder() override { fs::remove_all(folder_); }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static Result<GenerateReport> run(const Config& config, const fs::path& output) {
    return generate(config, plan(config).value(), output);
  }

  fs::path folder_;
};

bool has(const GeneratedDesign& design, const std::string& name) {
  for (const GeneratedFile& file : design.sources) {
    if (file.name == "rtl/" + name + ".sv") return true;
  }
  return false;
}

TEST(GenerateDesign, EveryNamedConfiguration) {
  for (const std::string& name : config_names()) {
    SCOPED_TRACE(name);
    const auto config = load_config(name);
    ASSERT_TRUE(config.ok());
    const auto sizes = plan(config.value());
    ASSERT_TRUE(sizes.ok()) << sizes.error().message;
    const auto design = generate_design(config.value(), sizes.value());
    ASSERT_TRUE(design.ok()) << design.error().message;
    EXPECT_EQ(design.value().sources.front().name, "rtl/bat_pkg.sv");
    EXPECT_EQ(design.value().sources.back().name, "rtl/bat_top.sv");
    EXPECT_TRUE(has(design.value(), "bat_regs"));
    EXPECT_EQ(has(design.value(), "smx_unit"), config.value().features.softmax);
  }
}

TEST(GenerateDesign, ShapesAtTheEdges) {
  const auto expect = [](int rows, int cols, int depth, int lanes, int bits, int branches,
                         int axi) {
    Config config;
    config.array = {rows, cols, depth, lanes, 1, Popcount::kFlat};
    config.features.act_bits = bits;
    config.features.branches = branches;
    config.memory.axi_data_bits = axi;
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(cols) + "x" + std::to_string(depth));
    const auto sizes = plan(config);
    ASSERT_TRUE(sizes.ok()) << sizes.error().message;
    const auto design = generate_design(config, sizes.value());
    EXPECT_TRUE(design.ok()) << (design.ok() ? "" : design.error().message);
  };
  expect(1, 2, 8, 1, 1, 1, 32);
  expect(1, 2, 8, 2, 8, 2, 1024);
  expect(2, 2, 8, 2, 1, 1, 64);
  expect(4, 16, 64, 8, 4, 1, 256);
  expect(8, 8, 8, 8, 2, 2, 512);
  expect(64, 64, 128, 8, 1, 1, 128);
}

TEST(GenerateDesign, FeaturesThatAreOffVanish) {
  Config config;
  config.features.softmax = false;
  config.features.tokens = false;
  const auto design = generate_design(config, plan(config).value());
  ASSERT_TRUE(design.ok()) << design.error().message;
  EXPECT_FALSE(has(design.value(), "smx_unit"));
}

TEST(GenerateDesign, RowsInDspBlocks) {
  Config config;
  config.features.feature_rows = false;
  const auto modules = [&config](int rows) {
    config.array.dsp_rows = rows;
    const auto design = generate_design(config, plan(config).value());
    EXPECT_TRUE(design.ok()) << design.error().message;
    std::string found;
    for (const char* name : {"qmm_row", "qmm_row_narrow", "qmm_row_dsp", "qmm_pe", "acc_pair"}) {
      if (has(design.value(), name)) found += std::string(name) + " ";
    }
    return found;
  };
  EXPECT_EQ(modules(0), "qmm_row qmm_row_narrow qmm_pe ");
  EXPECT_EQ(modules(6), "qmm_row qmm_row_narrow qmm_row_dsp qmm_pe acc_pair ");
  EXPECT_EQ(modules(7), "qmm_row qmm_row_dsp qmm_pe acc_pair ");
  EXPECT_EQ(modules(8), "qmm_row qmm_row_dsp acc_pair ");
}

TEST_F(GenerateFolder, WritesAllAndReplacesItsOwn) {
  const fs::path output = folder_ / "design";
  const Config config;
  for (int pass = 0; pass < 2; ++pass) {
    const auto report = run(config, output);
    ASSERT_TRUE(report.ok()) << report.error().message;
    for (const std::string& file : report.value().files) EXPECT_TRUE(fs::exists(output / file));
  }
  std::istringstream list(text_of(output / "filelist.f"));
  std::string line;
  int files = 0;
  for (; std::getline(list, line); ++files) EXPECT_TRUE(fs::exists(output / line)) << line;
  EXPECT_GT(files, 20);
  EXPECT_NE(text_of(output / "manifest.json").find(config_hash(config)), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(GenerateFolder, LeavesForeignFilesAlone) {
  const fs::path output = folder_ / "mine";
  fs::create_directories(output);
  std::ofstream(output / "notes.txt") << "keep";
  EXPECT_FALSE(run(Config{}, output).ok());
  EXPECT_TRUE(fs::exists(output / "notes.txt"));
  EXPECT_FALSE(run(Config{}, output / "notes.txt").ok());
}

}  // namespace
}  // namespace bat
