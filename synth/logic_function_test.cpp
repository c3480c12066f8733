// SPDX-License-Identifier: Apache-2.0
#include "synth/logic_function.hpp"

#include <gtest/gtest.h>

namespace bat::synth {
namespace {

LogicFunction parsed(std::string_view text) {
  const Result<LogicFunction> function = parse_function(text);
  EXPECT_TRUE(function) << function.error().message;
  return function ? function.value() : LogicFunction{};
}

TEST(LogicFunction, ReadsOperatorsByRank) {
  EXPECT_EQ(parsed("A").table, 0b10U);
  EXPECT_TRUE(parsed(" ( A ) ").is_wire());
  EXPECT_FALSE(parsed("!A").is_wire());
  EXPECT_EQ(parsed("(!A)").table, 0b01U);
  EXPECT_EQ(parsed("A'").table, 0b01U);
  EXPECT_EQ(parsed("A''").table, 0b10U);
  EXPECT_EQ(parsed("(!(A B))").table, 0b0111U);
  EXPECT_EQ(parsed("A*B").table, parsed("A & B").table);
  EXPECT_EQ(parsed("A+B").table, parsed("A | B").table);
  EXPECT_EQ(parsed("A^B").table, 0b0110U);
  EXPECT_EQ(parsed("A + B C").table, 0b11101010U);  // A or (B and C)
  EXPECT_EQ(parsed("A B ^ C").table, 0b00101000U);  // A and (B xor C)
  EXPECT_EQ(parsed("(!((S A) + (!S B)))").inputs, (std::vector<std::string>{"S", "A", "B"}));
  EXPECT_EQ(parsed("(((A B)+(B C))+(C A))").table, 0b11101000U);
  EXPECT_EQ(parsed("1").table, 1U);
  EXPECT_EQ(parsed("0").table, 0U);
  EXPECT_EQ(parsed("a b c d e f").table, std::uint64_t{1} << 63);
}

TEST(LogicFunction, ErrorsNameTheText) {
  for (const char* text : {"", "A +", "(A", "A)", "A B C D E F G", "A ? B", "!"}) {
    const Result<LogicFunction> function = parse_function(text);
    ASSERT_FALSE(function) << text;
    EXPECT_NE(function.error().message.find(std::string("`") + text + "`"), std::string::npos);
  }
  EXPECT_FALSE(parse_function(std::string(1000, '(')));
  EXPECT_FALSE(parse_function(std::string(1000, '!') + "A"));
}

}  // namespace
}  // namespace bat::synth
