// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty.hpp"

#include <gtest/gtest.h>

namespace bat::synth {
namespace {

constexpr std::string_view kSmall = R"lib(/* a
comment */
library (tiny) {
  time_unit : "1ns";
  capacitive_load_unit (1,pf);
  define(x, y, string)
  operating_conditions ( typical ) { process : 1; }
  cell (NAND2X1) { area : 24; pin(Y) { function : "(!(A B))"; timing() { values ( \
     "0.1, 0.2", "0.3, 0.4"); } } pin(A) { direction : input; } }
  cell ("DFF") { area : 96.5; ff (IQ,IQN) { next_state : "D"; } pin(Q) { function : "IQ"; } }
  cell (FILL) { area : 8; }
}
)lib";

TEST(Liberty, ReadsAreasFunctionsAndStorage) {
  const Result<Liberty> library = parse_liberty(kSmall, "tiny.lib");
  ASSERT_TRUE(library) << library.error().message;
  EXPECT_EQ(library.value().name, "tiny");
  ASSERT_EQ(library.value().cells.size(), 3U);
  const LibertyCell& nand = library.value().cells.at("NAND2X1");
  EXPECT_EQ(nand.area, 24.0);
  EXPECT_TRUE(nand.has_function);
  EXPECT_FALSE(nand.sequential);
  EXPECT_EQ(library.value().cells.at("DFF").area, 96.5);
  EXPECT_TRUE(library.value().cells.at("DFF").sequential);
  EXPECT_FALSE(library.value().cells.at("FILL").has_function);
  EXPECT_EQ(library.value().gate_equivalent().value(), 24.0);
}

std::string error_of(std::string_view text) {
  const Result<Liberty> library = parse_liberty(text, "x.lib");
  return library ? "" : library.error().message;
}

TEST(Liberty, ErrorsNameTheLine) {
  EXPECT_EQ(error_of("lib (x) {}"), "x.lib:1: expected `library`");
  EXPECT_EQ(error_of("library (x) {\n cell (A) {\n  area : big;\n }\n}"),
            "x.lib:3: `big` is not an area");
  EXPECT_EQ(error_of("library (x) {\n cell (A) { area : -1; } }"), "x.lib:2: `-1` is not an area");
  EXPECT_EQ(error_of("library (x) {\n cell () { }\n}"), "x.lib:2: a cell without a name");
  EXPECT_EQ(error_of("library (x) {\n cell (A) { }\n cell (A) { }\n}"),
            "x.lib:3: cell `A` is defined twice");
  EXPECT_EQ(error_of("library (x) {\n a : \"text\n"),
            "x.lib:2: a string or comment that does not end");
  EXPECT_EQ(error_of("library (x) {\n a : 1\n}"), "x.lib:3: `;` is missing after `a`");
  EXPECT_EQ(error_of("library (x) {\n a = 1;\n}"), "x.lib:2: expected `:` or `(` after `a`");
  EXPECT_EQ(error_of("library (x) {\n"), "x.lib:2: unexpected `end of file`");
  EXPECT_EQ(error_of("library (x) { }\n}"), "x.lib:2: text after the library group");
  EXPECT_EQ(error_of("library (x"), "x.lib:1: a `(` that is never closed");
}

TEST(Liberty, DeepNestingIsRefused) {
  std::string text = "library (x) ";
  for (int i = 0; i < 5000; ++i) text += "{ g () ";
  EXPECT_EQ(error_of(text), "x.lib:1: groups nested too deeply");
}

TEST(Liberty, GateEquivalentNeedsNand) {
  EXPECT_FALSE(parse_liberty("library (x) { }", "x.lib").value().gate_equivalent());
}

TEST(Liberty, ReadsTheInstalledLibrary) {
  const Result<std::filesystem::path> file = find_osu018();
  if (!file) GTEST_SKIP() << file.error().message;
  const Result<Liberty> library = read_liberty(file.value());
  ASSERT_TRUE(library) << library.error().message;
  EXPECT_EQ(library.value().name, "osu018_stdcells");
  EXPECT_EQ(library.value().cells.size(), 32U);
  EXPECT_EQ(library.value().cells.at("FAX1").area, 120.0);
  EXPECT_EQ(library.value().cells.at("HAX1").area, 80.0);
  EXPECT_TRUE(library.value().cells.at("DFFSR").sequential);
  EXPECT_EQ(library.value().gate_equivalent().value(), 24.0);
}

}  // namespace
}  // namespace bat::synth
