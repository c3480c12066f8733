// SPDX-License-Identifier: Apache-2.0
// batkit generate: writes the SystemVerilog of a configuration.
#include "rtl_gen/generate.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string config;
  std::string output;
};

int execute(const Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  const auto sizes = plan(config.value());
  if (!sizes.ok()) return fail(sizes.error());
  const std::string output = options.output.empty() ? "out/" + config.value().name : options.output;
  const auto generated = generate(config.value(), sizes.value(), output);
  if (!generated.ok()) return fail(generated.error());
  if (json) {
    print_json({{"config", config.value().name},
                {"hash", config_hash(config.value())},
                {"directory", output},
                {"top", "bat_top"},
                {"files", generated.value().files}});
  } else {
    fmt::print("{}: {} files in {} (top module bat_top, sources in filelist.f)\n",
               config.value().name, generated.value().files.size(), output);
  }
  return kExitOk;
}

}  // namespace

void add_generate(CLI::App& app, Session& session) {
  CLI::App* command = add_command(app, session, "generate",
                                  "Write the SystemVerilog of a configuration, its file list, "
                                  "register map and manifest",
                                  "batkit generate nano -o out/nano");
  auto options = std::make_shared<Options>();
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command->add_option("-o,--output", options->output, "Directory (default: out/NAME)");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
