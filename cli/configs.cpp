// SPDX-License-Identifier: Apache-2.0
// batkit configs: lists named configurations, prints one, prints the schema.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string name;
  bool schema = false;
};

std::string shape_text(const Config& config) {
  return fmt::format("{}x{}x{}", config.array.rows, config.array.cols, config.array.depth);
}

nlohmann::ordered_json summary(const std::string& name, const Config& config) {
  return {{"name", name},
          {"shape", shape_text(config)},
          {"lanes", config.array.lanes},
          {"binary_macs_per_cycle", config.array.rows * config.array.cols * config.array.depth},
          {"act_bits", config.features.act_bits},
          {"branches", config.features.branches},
          {"axi_data_bits", config.memory.axi_data_bits},
          {"model", config.model},
          {"hash", config_hash(config)}};
}

int list_configurations(bool json) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& name : config_names()) {
    const auto config = load_config(name);
    if (!config.ok()) return fail(config.error());
    all.push_back(summary(name, config.value()));
  }
  if (json) {
    print_json({{"configs", all}});
    return kExitOk;
  }
  fmt::print("{:<10} {:>10} {:>6} {:>10} {:>5}  {}\n", "name", "TRxTCxTK", "lanes", "MAC/cycle",
             "AXI", "default model");
  for (const auto& entry : all) {
    fmt::print("{:<10} {:>10} {:>6} {:>10} {:>5}  {}\n", entry["name"].get<std::string>(),
               entry["shape"].get<std::string>(), entry["lanes"].get<int>(),
               entry["binary_macs_per_cycle"].get<int>(), entry["axi_data_bits"].get<int>(),
               entry["model"].get<std::string>());
  }
  return kExitOk;
}

int show_configuration(const std::string& name, bool json) {
  const auto config = load_config(name);
  if (!config.ok()) return fail(config.error());
  if (json) {
    auto object = summary(name, config.value());
    object["toml"] = canonical_text(config.value());
    print_json(object);
  } else {
    const std::string_view source = config_source(name);
    fmt::print("{}", source.empty() ? canonical_text(config.value()) : std::string(source));
  }
  return kExitOk;
}

int execute(const Options& options, bool json) {
  if (options.schema) {
    fmt::print("{}\n", json ? config_schema_json() : config_schema_text());
    return kExitOk;
  }
  if (options.name.empty()) return list_configurations(json);
  return show_configuration(options.name, json);
}

}  // namespace

void add_configs(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "configs", "List the named configurations, or print one of them",
                  "batkit configs nano > mine.toml   # start a configuration of your own");
  auto options = std::make_shared<Options>();
  command->add_option("name", options->name, "Configuration to print");
  command->add_flag("--schema", options->schema,
                    "Print every key of the configuration file with range and meaning");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
