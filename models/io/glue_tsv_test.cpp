// SPDX-License-Identifier: Apache-2.0
#include "models/io/glue_tsv.hpp"

#include <gtest/gtest.h>

#include <array>

#include "models/io/mutator.hpp"

namespace bat::io {
namespace {

struct Case {
  GlueTask task;
  const char* text;
  GlueExample last;
};

const std::array<Case, 5> kCases = {{
    {GlueTask::kSst2, "sentence\tlabel\nbad . \t0\n\"quoted \t1\n", {"\"quoted ", "", 1, 0.0F}},
    {GlueTask::kCola,
     "gj04\t1\t\tFirst.\nbc01\t0\t*\tNo newline at the end.",
     {"No newline at the end.", "", 0, 0.0F}},
    {GlueTask::kMrpc,
     "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t10\t11\tOne .\tTwo .\r\n",
     {"One .", "Two .", 1, 0.0F}},
    {GlueTask::kRte,
     "index\tsentence1\tsentence2\tlabel\n0\tA\tB\tentailment\n1\tC\tD\tnot_entailment\n",
     {"C", "D", 1, 0.0F}},
    {GlueTask::kStsb,
     "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
     "0\tmain\tMSRvid\t2012\t0000\tnone\tnone\tA man.\tA woman.\t2.750\n",
     {"A man.", "A woman.", -1, 2.75F}},
}};

TEST(Glue, Layouts) {
  for (const Case& c : kCases) {
    const auto examples = parse_glue(c.text, c.task, "f.tsv");
    ASSERT_TRUE(examples.ok()) << examples.error().message;
    const GlueExample& last = examples.value().back();
    EXPECT_EQ(last.sentence_a, c.last.sentence_a);
    EXPECT_EQ(last.sentence_b, c.last.sentence_b);
    EXPECT_EQ(last.label, c.last.label);
    EXPECT_EQ(last.score, c.last.score);
  }
}

void expect_error(const char* text, GlueTask task, const std::string& message) {
  const auto examples = parse_glue(text, task, "f.tsv");
  ASSERT_FALSE(examples.ok()) << text;
  EXPECT_EQ(examples.error().message, message);
}

TEST(Glue, ErrorsNameFileAndLine) {
  expect_error("text\tlabel\n", GlueTask::kSst2, "f.tsv:1: header must be \"sentence\tlabel\"");
  expect_error("sentence\tlabel\ngood\t1\nbad\t2\n", GlueTask::kSst2,
               "f.tsv:3: label \"2\", must be 0 or 1");
  expect_error("sentence\tlabel\nbad\n", GlueTask::kSst2, "f.tsv:2: 1 columns, must be 2");
  expect_error("gj04\t1\t\tFirst.\tmore\n", GlueTask::kCola, "f.tsv:1: 5 columns, must be 4");
  expect_error("", GlueTask::kCola, "f.tsv:1: no examples");
  expect_error("index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n", GlueTask::kRte,
               "f.tsv:2: label \"maybe\", must be entailment or not_entailment");
  const std::string stsb = kCases[4].text;
  expect_error((stsb + "1\ta\tb\tc\td\te\tf\tg\th\t5.1\n").c_str(), GlueTask::kStsb,
               "f.tsv:3: score \"5.1\", must be a number 0 .. 5");
  expect_error((stsb + "1\ta\tb\tc\td\te\tf\tg\th\tnan\n").c_str(), GlueTask::kStsb,
               "f.tsv:3: score \"nan\", must be a number 0 .. 5");
}

TEST(Glue, TaskNames) {
  EXPECT_EQ(glue_task("SST-2"), GlueTask::kSst2);
  EXPECT_EQ(glue_task("sts_b"), GlueTask::kStsb);
  EXPECT_EQ(glue_task("mnli"), std::nullopt);
}

TEST(Glue, SurvivesDamage) {
  Mutator mutator(3);
  for (const Case& c : kCases) {
    for (int i = 0; i < 4000; ++i) {
      const auto examples = parse_glue(mutator.mutate(std::string(c.text)), c.task, "x");
      EXPECT_TRUE(examples.ok() || !examples.error().message.empty());
    }
  }
}

}  // namespace
}  // namespace bat::io
