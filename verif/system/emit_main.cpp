// SPDX-License-Identifier: Apache-2.0
// Writes the design of a configuration for the checks of this folder: emit_design CONFIG DIRECTORY.
// CONFIG is a name, a TOML file, or TRxTCxTK:lanes:bits:branches:axi:attention:inputs, such as
// 4x8x16:2:4:1:128:both:features, with masks 4x8x16:2:4:1:128:both:features:pruning; further words
// at the end: parity or majority (guarded weights), dsp (accumulators of all rows but the first in
// DSP blocks), and (lanes that AND).
#include <cstdio>
#include <sstream>
#include <string>

#include "rtl_gen/generate.hpp"

namespace {

bat::Result<bat::Config> parse_shape(const std::string& text) {
  bat::Config config;
  config.name = "shape";
  char colon[6];
  char by[2];
  std::string modes;
  std::istringstream in(text);
  in >> config.array.rows >> by[0] >> config.array.cols >> by[1] >> config.array.depth >>
      colon[0] >> config.array.lanes >> colon[1] >> config.features.act_bits >> colon[2] >>
      config.features.branches >> colon[3] >> config.memory.axi_data_bits >> colon[4];
  if (!in || !std::getline(in, modes)) return bat::Error{"bad shape: " + text};
  config.features.softmax = modes.find("threshold") == std::string::npos;
  config.features.threshold = modes.find("softmax") == std::string::npos;
  config.features.tokens = modes.find("features") == std::string::npos;
  config.features.feature_rows = modes.find("tokens") == std::string::npos;
  config.array.dsp_rows = modes.find("dsp") == std::string::npos ? 0 : config.array.rows - 1;
  config.array.and_lanes = modes.find("and") != std::string::npos;
  config.features.pruning = modes.find("pruning") != std::string::npos;
  if (modes.find("parity") != std::string::npos) {
    config.memory.weight_protection = bat::bmt::Protection::kParity;
  } else if (modes.find("majority") != std::string::npos) {
    config.memory.weight_protection = bat::bmt::Protection::kMajority;
  }
  if (const bat::Status status = bat::validate(config); !status) return status.error();
  return config;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string name = argv[1];
  const auto config =
      name.find(':') == std::string::npos ? bat::load_config(name) : parse_shape(name);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return 1;
  }
  const auto sizes = bat::plan(config.value());
  if (!sizes) {
    std::fprintf(stderr, "%s\n", sizes.error().message.c_str());
    return 1;
  }
  const auto report = bat::generate(config.value(), sizes.value(), argv[2]);
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return report ? 0 : 1;
}
