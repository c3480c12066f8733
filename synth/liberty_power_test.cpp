// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty_power.hpp"

#include <gtest/gtest.h>

#include "synth/liberty.hpp"

namespace bat::synth {
namespace {

constexpr std::string_view kSmall = R"lib(library (tiny) {
  time_unit : "1ns"; voltage_unit : "1V"; capacitive_load_unit (1, pf); nom_voltage : 2.0;
  power_lut_template (both) {
    variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;
    index_1 ("0.1, 0.2"); index_2 ("1, 2, 3");
  }
  power_lut_template (swapped) {
    variable_1 : input_transition_time; variable_2 : total_output_net_capacitance;
    index_1 ("1, 2, 3"); index_2 ("0.1, 0.2");
  }
  power_lut_template (passive) { variable_1 : input_transition_time; index_1 ("1, 2"); }
  cell (INV) {
    pin (A) { direction : input; capacitance : 0.01; }
    pin (Y) { direction : output; function : "!A";
      internal_power () { related_pin : "A";
        rise_power (both) { values ("1, 2, 3", "11, 12, 13"); }
        fall_power (swapped) { values ("1, 11", "2, 12", "3, 13"); } }
    }
  }
  cell (DFF) {
    ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; clear : "!R"; }
    pin (CK) { direction : input; clock : true; capacitance : 0.02;
      internal_power () { power (passive) { index_1 ("1, 5"); values ("0.5, 0.9"); } } }
    pin (D) { direction : input; internal_power () { rise_power (scalar) { values ("0.25"); } } }
    pin (R) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
  }
  cell (LAT) { latch (IQ, IQN) { data_in : "D"; enable : "G"; } pin (Q) { direction : output; function : "IQ"; } }
  cell (DFN) { ff (IQ, IQN) { next_state : "D"; clocked_on : "!CK"; } }
}
)lib";

TEST(LibertyPower, ReadsPinsFunctionsAndTables) {
  const auto read = parse_power_library(kSmall, "tiny.lib");
  ASSERT_TRUE(read) << read.error().message;
  const PowerLibrary& library = read.value();
  EXPECT_EQ(library.voltage, 2.0);
  EXPECT_TRUE(library.has_energy);
  const PowerCell& inverter = library.cells.at("INV");
  EXPECT_EQ(inverter.unusable, "");
  EXPECT_DOUBLE_EQ(inverter.pins.at(*inverter.pin("A")).capacitance, 0.01e-12);
  EXPECT_FALSE(inverter.pin("Z"));
  const CellPin& output = inverter.pins.at(*inverter.pin("Y"));
  EXPECT_FALSE(output.input);
  EXPECT_EQ(output.function->table, 1U);
  ASSERT_EQ(output.energies.size(), 1U);
  EXPECT_EQ(output.energies[0].related_pin, "A");
  for (const EnergyTable& table : {output.energies[0].rise, output.energies[0].fall}) {
    EXPECT_DOUBLE_EQ(table.at(1e-9, 0.1e-12), 1e-12);
    EXPECT_DOUBLE_EQ(table.at(3e-9, 0.2e-12), 13e-12);
    EXPECT_DOUBLE_EQ(table.at(2.5e-9, 0.15e-12), 7.5e-12);
    EXPECT_DOUBLE_EQ(table.at(0.0, 0.0), 1e-12);  // the nearest entry outside
    EXPECT_DOUBLE_EQ(table.at(9e-9, 1e-12), 13e-12);
  }
  const PowerCell& flip_flop = library.cells.at("DFF");
  ASSERT_TRUE(flip_flop.flip_flop);
  EXPECT_EQ(flip_flop.flip_flop->clock, "CK");
  EXPECT_EQ(flip_flop.flip_flop->state, "IQ");
  EXPECT_TRUE(flip_flop.flip_flop->clear);
  EXPECT_FALSE(flip_flop.flip_flop->preset);
  const EnergyGroup& clock = flip_flop.pins.at(*flip_flop.pin("CK")).energies.at(0);
  EXPECT_DOUBLE_EQ(clock.rise.at(3e-9, 0.0), 0.7e-12);
  EXPECT_DOUBLE_EQ(clock.fall.at(3e-9, 0.0), 0.7e-12);
  const EnergyGroup& data = flip_flop.pins.at(*flip_flop.pin("D")).energies.at(0);
  EXPECT_DOUBLE_EQ(data.rise.at(1e-9, 1.0), 0.25e-12);
  EXPECT_DOUBLE_EQ(data.fall.at(1e-9, 1.0), 0.0);
  EXPECT_EQ(library.cells.at("LAT").unusable, "");
  EXPECT_EQ(library.cells.at("LAT").latch->enable, "G");
  EXPECT_EQ(library.cells.at("LAT").latch->output, "Q");
  EXPECT_NE(library.cells.at("DFN").unusable, "");
}

std::string error_of(std::string_view body) {
  const std::string text =
      "library (x) { capacitive_load_unit (1, pf); nom_voltage : 1.8;\n"
      "power_lut_template (t) { variable_1 : input_transition_time; index_1 (\"1, 2\"); }\n"
      "cell (A) { pin (Y) { direction : input; internal_power () {\n" +
      std::string(body) + "\n} } } }";
  const auto read = parse_power_library(text, "x.lib");
  return read ? "" : read.error().message;
}

TEST(LibertyPower, BrokenTablesAndUnitsAreNamedWithTheirLine) {
  EXPECT_EQ(error_of("rise_power (t) { values (\"1, 2\"); }"), "");
  EXPECT_EQ(error_of("rise_power (t) { values (\"1, two\"); }"), "x.lib:4: `two` is not a number");
  EXPECT_EQ(error_of("rise_power (t) { values (\"1\"); }"),
            "x.lib:4: 1 values do not fill a table of 2 x 1");
  EXPECT_EQ(error_of("rise_power (t) { index_1 (\"2, 1\"); values (\"1, 2\"); }"),
            "x.lib:4: 2 values do not fill a table of 2 x 1");
  EXPECT_EQ(error_of("rise_power (u) { values (\"1, 2\"); }"),
            "x.lib:4: there is no table template `u`");
  EXPECT_EQ(error_of("rise_power (t) { }"), "x.lib:4: a table without values");
  EXPECT_EQ(error_of("rise_power (scalar) { values (\"1, 2\"); }"),
            "x.lib:4: a scalar has one value");
  const auto library = [](std::string_view text) {
    const auto read = parse_power_library(text, "x.lib");
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(library("library (x) { nom_voltage : 1; }"),
            "x.lib:1: `capacitive_load_unit` is missing");
  EXPECT_EQ(library("library (x) { capacitive_load_unit (1, pq); nom_voltage : 1; }"),
            "x.lib:1: `1pq` is not a unit");
  EXPECT_EQ(library("library (x) { capacitive_load_unit (1, ff); }"),
            "x.lib:1: `nom_voltage` is missing");
  EXPECT_EQ(library("library (x) { capacitive_load_unit (1, ff); nom_voltage : high; }"),
            "x.lib:1: `high` is not a number");
  EXPECT_EQ(load_power_library("no/such.lib").error().kind, ErrorKind::kMismatch);
}

TEST(LibertyPower, ReadsTheInstalledLibrary) {
  const auto file = find_osu018();
  if (!file) GTEST_SKIP() << file.error().message;
  const auto read = load_power_library(file.value());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_DOUBLE_EQ(read.value().voltage, 1.8);
  EXPECT_TRUE(read.value().has_energy);
  const PowerCell& flip_flop = read.value().cells.at("DFFPOSX1");
  EXPECT_EQ(flip_flop.unusable, "");
  const CellPin& clock = flip_flop.pins.at(*flip_flop.pin("CLK"));
  EXPECT_DOUBLE_EQ(clock.energies.at(0).fall.at(0.06e-9, 0.0), 0.11034e-12);
  const PowerCell& adder = read.value().cells.at("FAX1");
  EXPECT_EQ(adder.pins.at(*adder.pin("YS")).function->table, 0b10010110U);
  EXPECT_EQ(adder.pins.at(*adder.pin("YC")).function->table, 0b11101000U);
  EXPECT_TRUE(read.value().cells.at("DFFSR").flip_flop->preset);
  const PowerCell& latch = read.value().cells.at("LATCH");
  EXPECT_EQ(latch.unusable, "");
  EXPECT_EQ(latch.latch->enable, "CLK");
  EXPECT_EQ(latch.latch->output, "Q");
  EXPECT_FALSE(latch.latch->active_low);
  EXPECT_NE(read.value().cells.at("DFFNEGX1").unusable, "");
}

}  // namespace
}  // namespace bat::synth
