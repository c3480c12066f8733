// SPDX-License-Identifier: Apache-2.0
// Documents and rules of a register map; verif/system drives the slave that is made from one.
#include "rtl_gen/emit/register_map.hpp"

#include <gtest/gtest.h>

#include "rtl_gen/emit/check.hpp"

namespace bat::emit {
namespace {

RegisterMap small_map() {
  RegisterMap map;
  map.module_name = "small_regs";
  map.purpose = "Two registers.";
  map.address_bits = 6;
  map.registers = {{0x00, "ID", "Identity.", {{"", 0, 32, FieldKind::kConstant, 7, "value"}}},
                   {0x04,
                    "CTRL",
                    "Control.",
                    {{"ON", 0, 1, FieldKind::kControl, 1, "runs"},
                     {"GO", 4, 2, FieldKind::kPulse, 0, "starts"}}}};
  map.windows = {{0x10, 3, "DATA", "Words."}};
  return map;
}

TEST(RegisterMap, ModuleKeepsTheEmitterRules) {
  ASSERT_TRUE(check(small_map()).ok());
  const Status status = check(register_module(small_map()));
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST(RegisterMap, RefusesOverlaps) {
  RegisterMap twice = small_map();
  twice.registers[1].offset = 0;
  EXPECT_FALSE(check(twice).ok());
  RegisterMap window = small_map();
  window.windows[0].offset = 0x04;
  EXPECT_FALSE(check(window).ok());
  RegisterMap outside = small_map();
  outside.registers[1].offset = 64;
  EXPECT_FALSE(check(outside).ok());
  RegisterMap fields = small_map();
  fields.registers[1].fields[1].lsb = 0;
  EXPECT_FALSE(check(fields).ok());
  RegisterMap wide = small_map();
  wide.registers[1].fields[1].lsb = 31;
  EXPECT_FALSE(check(wide).ok());
}

TEST(RegisterMap, HeaderAndTable) {
  const std::string header = register_header(small_map(), {"0.1.0", "c", "00"});
  EXPECT_NE(header.find("inline constexpr std::uint32_t kCtrl = 0x04;"), std::string::npos);
  EXPECT_NE(header.find("inline constexpr int kCtrlGoLsb = 4;"), std::string::npos);
  EXPECT_NE(header.find("inline constexpr int kDataWords = 3;"), std::string::npos);
  const std::string table = register_markdown(small_map());
  EXPECT_NE(table.find("| | | 5:4 | GO | rw, self-clearing | starts |"), std::string::npos);
  EXPECT_NE(table.find("| 0x10 .. 0x18 | DATA |"), std::string::npos);
}

}  // namespace
}  // namespace bat::emit
