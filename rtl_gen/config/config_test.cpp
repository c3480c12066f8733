// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/config/config.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rtl_gen/config/schema.hpp"

namespace bat {
namespace {

std::string error_of(std::string_view toml) {
  const Result<Config> result = parse_config(toml, "c.toml");
  return result ? "no error" : result.error().message;
}

TEST(Config, DefaultIsLegal) { EXPECT_TRUE(validate(Config{}).ok()); }

TEST(Config, EveryNamedConfigurationParsesAndNamesItself) {
  for (const std::string& name : config_names()) {
    const Result<Config> config = load_config(name);
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config.value().name, name);
    EXPECT_FALSE(config.value().model.empty());
  }
}

TEST(Config, CanonicalTextParsesBackToTheSameValue) {
  for (const std::string& name : config_names()) {
    const Config config = load_config(name).value();
    const Result<Config> again = parse_config(canonical_text(config), "canonical");
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(canonical_text(again.value()), canonical_text(config));
    EXPECT_EQ(config_hash(again.value()), config_hash(config));
  }
}

TEST(Config, HashIgnoresNamesAndSeesEveryOtherKey) {
  Config config;
  const std::string hash = config_hash(config);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash.substr(56), fmt::format("{:08x}", config_hash32(config)));
  config.name = "other";
  config.model = "other";
  EXPECT_EQ(config_hash(config), hash);
  for (const config::Key& key : config::keys()) {
    if (key.section.empty()) continue;
    Config changed = config;
    if (const auto* member = std::get_if<int& (*)(Config&)>(&key.member)) ++(*member)(changed);
    if (const auto* member = std::get_if<bool& (*)(Config&)>(&key.member)) {
      (*member)(changed) = !(*member)(changed);
    }
    if (const auto* member = std::get_if<Popcount& (*)(Config&)>(&key.member)) {
      (*member)(changed) = Popcount::kLut6;
    }
    if (const auto* member = std::get_if<bmt::Protection& (*)(Config&)>(&key.member)) {
      (*member)(changed) = bmt::Protection::kParity;
    }
    EXPECT_NE(config_hash(changed), hash) << key.path();
  }
}

TEST(Config, ErrorsNamePlaceRuleAndNearestValue) {
  EXPECT_EQ(error_of("[array]\nrows = 3\n"),
            "c.toml:2:1: array.rows: is 3, must be power of two, 1 .. 64; nearest legal value is "
            "2");
  EXPECT_EQ(error_of("[array]\n  rows = 16\n  cols = 8\n"),
            "c.toml:3:3: array.cols: is 8, must be at least array.rows (16); nearest legal value "
            "is 16");
  EXPECT_EQ(error_of("[array]\npopcount = \"block14\"\nand_lanes = true\n"),
            "c.toml:2:1: array.popcount: is \"block14\", array.and_lanes takes \"flat\" or "
            "\"fa_tree\"; nearest legal value is \"fa_tree\"");
  EXPECT_EQ(error_of("[array]\ndsp_rows = 2\nand_lanes = true\n"),
            "c.toml:2:1: array.dsp_rows: is 2, must be 0 with array.and_lanes; nearest legal value "
            "is 0");
  EXPECT_EQ(error_of("[array]\nrow = 4\n"),
            "c.toml:2:1: array.row: unknown key; nearest legal value is array.rows");
  EXPECT_EQ(error_of("[arrays]\nrows = 4\n"),
            "c.toml:1:2: arrays: unknown key; nearest legal value is array");
  EXPECT_EQ(error_of("[limits]\nhidden = \"big\"\n"),
            "c.toml:2:1: limits.hidden: must be integer, 1 .. 4096; nearest legal value is 128");
  EXPECT_EQ(error_of("[limits]\nhidden = 99999999999\n"),
            "c.toml:2:1: limits.hidden: is 2147483647, must be integer, 1 .. 4096; nearest legal "
            "value is 4096");
  EXPECT_EQ(error_of("array = 3\n"), "c.toml:1:1: array: must be a section");
  EXPECT_EQ(error_of("[array]\npopcount = \"magic\"\n"),
            "c.toml:2:1: array.popcount: must be one of \"flat\", \"fa_tree\", \"lut6\", "
            "\"chain\", \"block14\"; nearest legal value is \"flat\"");
  EXPECT_EQ(error_of("[memory]\nweight_protection = \"ecc\"\n"),
            "c.toml:2:1: memory.weight_protection: must be one of \"none\", \"parity\", "
            "\"majority\"; nearest legal value is \"none\"");
  EXPECT_NE(error_of("[array\nrows = 4\n").find("c.toml:1:"), std::string::npos);
  EXPECT_NE(error_of("[array]\nrows = 4\nrows = 4\n").find("c.toml:3:"), std::string::npos);
}

TEST(Config, InconsistentValuesAreRefused) {
  const auto rule = [](auto change) {
    Config config;
    change(config);
    const Status status = validate(config);
    return status ? std::string("legal") : status.error().message;
  };
  EXPECT_NE(rule([](Config& c) { c.array.depth = 8, c.array.cols = 16; }).find("array.depth"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) { c.array.rows = 1, c.array.depth = 128; }).find("64 * array.rows"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.array.rows = c.array.cols = 2, c.array.dsp_rows = 3;
            }).find("array.dsp_rows"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.array.rows = c.array.cols = 2, c.array.lanes = 4;
            }).find("array.lanes"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.features.softmax = c.features.threshold = false;
            }).find("one attention"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.features.tokens = c.features.feature_rows = false;
            }).find("one input"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.limits.heads = 64, c.limits.head_dim = 256;
            }).find("nearest legal value is 63"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) { c.limits.positions = 3; }).find("limits.positions"),
            std::string::npos);
  EXPECT_NE(rule([](Config& c) {
              c.memory.axi_data_bits = 1024, c.memory.max_burst = 256;
            }).find("nearest legal value is 32"),
            std::string::npos);
  EXPECT_NE(
      rule([](Config& c) { c.buffers.weight_ring_words = 100; }).find("nearest legal value is 128"),
      std::string::npos);
}

TEST(Config, SchemaListsEveryKey) {
  const std::string text = config_schema_text();
  const std::string json = config_schema_json();
  for (const config::Key& key : config::keys()) {
    EXPECT_NE(text.find(key.name), std::string::npos) << key.path();
    EXPECT_NE(json.find(fmt::format("\"{}\"", key.path())), std::string::npos) << key.path();
  }
}

TEST(Config, UnknownNameListsTheNamedOnes) {
  const Result<Config> config = load_config("nonesuch");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("base, edge, micro, nano"), std::string::npos);
}

TEST(Parse, CharactersBeyondAsciiOnlyInComments) {
  EXPECT_TRUE(parse_config("# Gr\xC3\xB6\xC3\x9F"
                           "e\nname = \"a\"  # caf\xC3\xA9\n",
                           "c.toml")
                  .ok());
  for (const char* text : {"\xC3\xA9 = 1\n", "name = \xC3\xA9\n", "\xC3\xA9",
                           "name = \"caf\xC3\xA9 # x\"\n", "name = '#\xC3\xA9'\n", "\xFF\n"}) {
    const auto config = parse_config(text, "c.toml");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_NE(config.error().message.find("c.toml:1: characters beyond ASCII"), std::string::npos)
        << config.error().message;
  }
}

}  // namespace
}  // namespace bat
