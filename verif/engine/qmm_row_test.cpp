// SPDX-License-Identifier: Apache-2.0
// Emitted text of a small row against golden/. After an intended change run this test once with
// BAT_REGENERATE=1 and review the difference.
#include "rtl_gen/blocks/qmm_row.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "rtl_gen/blocks/popcount.hpp"
#include "rtl_gen/blocks/rtl_sources.hpp"
#include "rtl_gen/emit/writer.hpp"

namespace bat::blocks {
namespace {

emit::Interface leaf(const char* name) {
  auto result = emit::read_interface(rtl_source(name));
  EXPECT_TRUE(result.ok()) << name;
  return result.ok() ? result.value() : emit::Interface{};
}

void compare(const emit::Module& module, const std::string& file) {
  const auto text = emit::write(module, {"0.0.0", "golden", std::string(64, '0')});
  ASSERT_TRUE(text.ok()) << text.error().message;
  const std::filesystem::path path = std::filesystem::path(BAT_ENGINE_GOLDEN) / file;
  if (std::getenv("BAT_REGENERATE") != nullptr) {
    std::ofstream(path) << text.value();
    return;
  }
  std::ifstream golden(path);
  ASSERT_TRUE(golden) << path << " is missing; run with BAT_REGENERATE=1";
  std::stringstream want;
  want << golden.rdbuf();
  EXPECT_EQ(text.value(), want.str()) << "run with BAT_REGENERATE=1 if the change is intended";
}

TEST(EmittedEngine, Row) { compare(qmm_row({4, 16, 2, 2, 20}, leaf("qmm_pe")), "qmm_row.sv"); }

TEST(EmittedEngine, Popcount) {
  PopcountCells cells;
  for (const std::string_view name : popcount_cells()) {
    cells.emplace(name, leaf(std::string(name).c_str()));
  }
  compare(popcount({8, 2, Popcount::kFaTree}, cells), "popcount_fa_tree.sv");
  compare(popcount({8, 1, Popcount::kLut6}, cells), "popcount_lut6.sv");
  compare(popcount({8, 0, Popcount::kChain}, cells), "popcount_chain.sv");
  compare(popcount({16, 2, Popcount::kBlock14}, cells), "popcount_block14.sv");
}

}  // namespace
}  // namespace bat::blocks
