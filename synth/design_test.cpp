// SPDX-License-Identifier: Apache-2.0
#include "synth/design.hpp"

#include <gtest/gtest.h>

namespace bat::synth {
namespace {

// Two variants of `leaf` that are alike but for a parameter nothing uses, one that differs, used by
// two parents.
constexpr std::string_view kText = R"(attribute \src "a.sv:1"
module $paramod\leaf\Tap=1
  parameter \Tap 1
  wire width 8 input 2 \a_i
  wire output 1 \q_o
  memory width 8 size 16 \mem
  attribute \src "a.sv:2"
  cell $and $e0_
  end
end
module $paramod\leaf\Tap=2
  parameter \Tap 2
  wire width 8 input 2 \a_i
  wire output 1 \q_o
  memory width 8 size 16 \mem
  attribute \src "a.sv:9"
  cell $and $e0_
  end
end
module $paramod\leaf\W=9
  parameter \Tap 1
  wire width 9 input 2 \a_i
end
module $paramod$00ff\mid
  cell $paramod\leaf\Tap=1 \x
  end
end
module $paramod$00fe\mid
  cell $paramod\leaf\Tap=2 \x
  end
end
attribute \top 1
attribute \keep_hierarchy 1
module \chip
  cell $paramod$00ff\mid \a
  end
  cell $paramod$00fe\mid \b
  end
  cell $paramod\leaf\W=9 \c
  end
end
)";

TEST(Design, MergesAlikeModulesAndNamesTheRest) {
  std::string renamed;
  const Result<Design> parsed = parse_rtlil(kText, "", renamed);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Design& design = parsed.value();
  EXPECT_EQ(design.top, "chip");
  ASSERT_EQ(design.modules.size(), 4U);  // chip, mid, leaf_1, leaf_2
  EXPECT_TRUE(design.modules.at("chip").keep_hierarchy);
  EXPECT_EQ(design.modules.at("chip").children.at("mid"), 2U);
  const auto counts = design.instance_counts();
  EXPECT_EQ(counts.at("chip"), 1U);
  EXPECT_EQ(counts.at("mid"), 2U);

  const std::string leaf = design.modules.at("mid").children.begin()->first;
  EXPECT_EQ(counts.at(leaf), 2U);
  const DesignModule& module = design.modules.at(leaf);
  EXPECT_EQ(module.base, "leaf");
  EXPECT_EQ(module.memory_bits, 128U);
  ASSERT_EQ(module.ports.size(), 2U);
  EXPECT_EQ(module.ports[0].name, "q_o");
  EXPECT_FALSE(module.ports[0].input);
  EXPECT_EQ(module.ports[1].name, "a_i");
  EXPECT_EQ(module.ports[1].width, 8U);
  EXPECT_TRUE(module.ports[1].input);

  EXPECT_EQ(renamed.find("$paramod"), std::string::npos);
  EXPECT_NE(renamed.find("  cell \\mid \\b\n"), std::string::npos);
  EXPECT_NE(renamed.find("  cell $and $e0_\n"), std::string::npos);
}

TEST(Design, PrefixedNames) {
  std::string renamed;
  const Result<Design> prefixed = parse_rtlil(kText, "net_", renamed);
  ASSERT_TRUE(prefixed);
  EXPECT_EQ(prefixed.value().top, "net_chip");
  EXPECT_NE(renamed.find("  cell \\net_mid \\b\n"), std::string::npos);
}

TEST(Design, BrokenTextIsAnError) {
  std::string renamed;
  EXPECT_FALSE(parse_rtlil("", "", renamed));
  EXPECT_FALSE(parse_rtlil("module \\a\nend\n", "", renamed));
  EXPECT_FALSE(parse_rtlil("attribute \\top 1\nmodule \\a\n", "", renamed));
}

}  // namespace
}  // namespace bat::synth
