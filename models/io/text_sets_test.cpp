// SPDX-License-Identifier: Apache-2.0
#include "models/io/text_sets.hpp"

#include <gtest/gtest.h>

namespace bat::io {
namespace {

TEST(LabelFirst, LinesAndTheirFaults) {
  const auto good = parse_label_first("1 a fine film\r\n0 dull\n", "x");
  ASSERT_TRUE(good.ok());
  ASSERT_EQ(good.value().size(), 2U);
  EXPECT_EQ(good.value()[0].text, "a fine film");
  EXPECT_EQ(good.value()[1].label, "0");
  for (const char* bad : {"", "1\n", "1 \n", " a\n"}) {
    EXPECT_FALSE(parse_label_first(bad, "x").ok()) << bad;
  }
  EXPECT_EQ(parse_label_first("1 a\nword\n", "x").error().message.substr(0, 4), "x:2:");
}

TEST(Clinc, PartsAndTheirFaults) {
  const char* text = R"({"train": [["pay my bill", "pay_bill"]], "val": [], "test": [["a"]]})";
  const auto train = parse_clinc(text, "train", "x");
  ASSERT_TRUE(train.ok());
  EXPECT_EQ(train.value()[0].label, "pay_bill");
  EXPECT_FALSE(parse_clinc(text, "val", "x").ok());
  EXPECT_FALSE(parse_clinc(text, "test", "x").ok());
  EXPECT_FALSE(parse_clinc(text, "other", "x").ok());
  EXPECT_FALSE(parse_clinc("[1]", "train", "x").ok());
  EXPECT_FALSE(parse_clinc("{", "train", "x").ok());
}

TEST(Reviews, Sentences) {
  const auto parts = sentences("A fine film. Dull! It cost 3.50 or so?  No end here", 3);
  EXPECT_EQ(parts,
            (std::vector<std::string>{"A fine film.", "It cost 3.50 or so?", "No end here"}));
  EXPECT_TRUE(sentences("", 1).empty());
}

TEST(Reviews, LineBreaksBecomeBlanks) {
  const auto good = parse_reviews(R"([{"t": "one<br /><br />two", "s": 1}])", "x");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good.value()[0].text, "one  two");
  EXPECT_EQ(good.value()[0].label, "1");
  EXPECT_FALSE(parse_reviews(R"([{"t": "one", "s": 2}])", "x").ok());
  EXPECT_FALSE(parse_reviews(R"([{"t": 5, "s": 1}])", "x").ok());
  EXPECT_FALSE(parse_reviews("{}", "x").ok());
}

}  // namespace
}  // namespace bat::io
