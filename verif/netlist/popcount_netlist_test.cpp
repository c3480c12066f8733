// SPDX-License-Identifier: Apache-2.0
// Mapped netlists of every popcount structure and of rows of dot-product units against their
// source, which counts with $countones, and the area that docs/area.md states for them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "synth/leaf_area.hpp"
#include "synth/netlist_check.hpp"

namespace bat::synth {
namespace {

struct Case {
  Target target;
  LeafShape shape;

  friend void PrintTo(const Case& which, std::ostream* out) {
    *out << to_string(which.shape.structure) << ' ' << which.shape.lanes << " on "
         << to_string(which.target);
  }
};

LeafShape popcount(Popcount structure, int lanes, int stages = 0) {
  LeafShape shape;
  shape.structure = structure;
  shape.lanes = lanes;
  shape.stages = stages;
  return shape;
}

LeafShape row(Popcount structure, int lanes, int stages) {
  LeafShape shape = popcount(structure, lanes, stages);
  shape.cols = 4;
  shape.acc_bits = 17;
  shape.drain = 2;
  return shape;
}

LeafShape row_in_dsp(Popcount structure, int lanes, bool shift) {
  LeafShape shape = row(structure, lanes, 1);
  shape.dsp = true;
  shape.shift = shift;
  return shape;
}

LeafShape and_form(LeafShape shape) {
  shape.and_form = true;
  return shape;
}

class PopcountNetlist : public testing::TestWithParam<Case> {};

TEST_P(PopcountNetlist, EqualsItsSource) {
  const auto scratch = ScratchDir::create("bat-popcount-test");
  ASSERT_TRUE(scratch) << scratch.error().message;
  const auto sources = leaf_sources(GetParam().shape, scratch.value().path());
  ASSERT_TRUE(sources) << sources.error().message;
  CheckOptions options;
  options.cycles = 20'000;
  options.timeout = std::chrono::seconds(900);
  options.modules = {"popcount", "qmm_pe", "qmm_pe_and", "qmm_pe_pair", "qmm_row", "row_ones"};
  const auto check = check_netlist(sources.value(), GetParam().target, options);
  ASSERT_TRUE(check) << check.error().message;
  EXPECT_TRUE(check.value().equal()) << to_markdown(check.value());
}

INSTANTIATE_TEST_SUITE_P(
    Structures, PopcountNetlist,
    testing::Values(Case{Target::kXcup, popcount(Popcount::kBlock14, 64)},
                    Case{Target::kXcup, popcount(Popcount::kBlock14, 256, 2)},
                    Case{Target::kXcup, popcount(Popcount::kBlock14, 768)},
                    Case{Target::kXcup, popcount(Popcount::kBlock14, 31, 1)},
                    Case{Target::kXcup, popcount(Popcount::kChain, 64, 2)},
                    Case{Target::kXcup, popcount(Popcount::kChain, 768)},
                    Case{Target::kXcup, popcount(Popcount::kLut6, 64)},
                    Case{Target::kXcup, popcount(Popcount::kFlat, 64)},
                    Case{Target::kXcup, popcount(Popcount::kFaTree, 64, 2)},
                    Case{Target::kXcup, row(Popcount::kBlock14, 64, 2)},
                    Case{Target::kXcup, row_in_dsp(Popcount::kBlock14, 64, true)},
                    Case{Target::kXcup, row_in_dsp(Popcount::kChain, 32, false)},
                    Case{Target::kOsu018, row_in_dsp(Popcount::kFaTree, 16, true)},
                    Case{Target::kOsu018, popcount(Popcount::kFaTree, 64, 2)},
                    Case{Target::kOsu018, popcount(Popcount::kFaTree, 768)},
                    Case{Target::kOsu018, popcount(Popcount::kBlock14, 64)},
                    Case{Target::kOsu018, popcount(Popcount::kChain, 64)},
                    Case{Target::kOsu018, popcount(Popcount::kLut6, 64)},
                    Case{Target::kOsu018, row(Popcount::kFaTree, 64, 1)},
                    Case{Target::kOsu018, and_form(popcount(Popcount::kFaTree, 64))},
                    Case{Target::kOsu018, and_form(popcount(Popcount::kFaTree, 256, 2))},
                    Case{Target::kOsu018, and_form(popcount(Popcount::kFlat, 64, 1))},
                    Case{Target::kOsu018, and_form(row(Popcount::kFaTree, 64, 0))},
                    Case{Target::kOsu018, and_form(row(Popcount::kFaTree, 64, 1))},
                    Case{Target::kOsu018, and_form(row(Popcount::kFaTree, 64, 2))},
                    Case{Target::kXcup, and_form(row(Popcount::kFaTree, 32, 2))},
                    Case{Target::kIce40, popcount(Popcount::kBlock14, 64)},
                    Case{Target::kIce40, popcount(Popcount::kFaTree, 64)}),
    [](const auto& which) {
      const LeafShape& shape = which.param.shape;
      return fmt::format("{}_{}_p{}_c{}{}{}_{}", to_string(shape.structure), shape.lanes,
                         shape.stages, shape.cols, shape.dsp ? "_dsp" : "",
                         shape.and_form ? "_and" : "", to_string(which.param.target));
    });

// The figures of docs/area.md, with nothing to spare for growth.
TEST(PopcountArea, StaysWithinTheStatedFigures) {
  for (const int lanes : {64, 256, 768}) {
    const auto tables = synthesize_leaf(popcount(Popcount::kBlock14, lanes), Target::kXcup, {});
    ASSERT_TRUE(tables) << tables.error().message;
    const Resources& use = tables.value().total;
    EXPECT_LE(static_cast<double>(use.lut), 0.85 * lanes);
    EXPECT_LE(static_cast<double>(use.lut + use.carry_exits), 0.95 * lanes);
    const auto cells = synthesize_leaf(popcount(Popcount::kFaTree, lanes), Target::kOsu018, {});
    ASSERT_TRUE(cells) << cells.error().message;
    EXPECT_LE(cells.value().ge(), 7.0 * lanes);
  }
  LeafShape array = and_form(row(Popcount::kFaTree, 64, 0));
  array.cols = 32;
  const auto lanes_and = synthesize_leaf(array, Target::kOsu018, {});
  ASSERT_TRUE(lanes_and) << lanes_and.error().message;
  double area = 0;
  for (const ModuleReport& module : lanes_and.value().modules) {
    if (module.name != "popcount" && module.name != "row_ones") continue;
    area += module.total.area_um2 * static_cast<double>(module.instances);
  }
  EXPECT_LE(area / lanes_and.value().ge_um2, 6.2 * array.macs());
}

}  // namespace
}  // namespace bat::synth
