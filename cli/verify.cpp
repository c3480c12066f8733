// SPDX-License-Identifier: Apache-2.0
// batkit verify: random models, inputs and stalls through the RTL, every tensor compared.
#include "sim/verify.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/stall_option.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat::cli {
namespace {

struct Options {
  std::string config;
  sim::StallMode stall = sim::StallMode::kNone;
  bool stall_given = false;
  sim::VerifyOptions verify;
};

int execute(Options& options, bool json) {
  const auto config = load_config(options.config);
  if (!config.ok()) return fail(config.error());
  options.verify.config_argument = options.config;
  if (options.stall_given) options.verify.stall = options.stall;
  ProgressBar bar("verify");
  options.verify.progress = [&bar](std::size_t done, std::size_t total) {
    bar.update(done, total);
  };
  const auto result = sim::verify(config.value(), options.verify);
  if (!result.ok()) return fail(result.error());
  if (json) {
    print_json(result.value().json());
  } else {
    fmt::print("{}: {} of {} cases passed, {} bits compared over {} cycles\n", options.config,
               result.value().cases - result.value().failures.size(), result.value().cases,
               result.value().compared_bits, result.value().cycles);
  }
  for (const auto& failure : result.value().failures) log(failure.text());
  return result.value().passed() ? kExitOk : kExitMismatch;
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  CLI::App* command = add_command(
      app, session, "verify",
      "Random models, inputs and stalls through the RTL; every intermediate tensor is compared",
      "batkit verify nano --cases 20 --seed 1 --json");
  auto options = std::make_shared<Options>();
  const std::map<std::string, sim::Backend> backends{{"rtl", sim::Backend::kRtl},
                                                     {"interpreter", sim::Backend::kInterpreter}};
  command->add_option("config", options->config, "Named configuration or TOML file")->required();
  command->add_option("--cases", options->verify.cases, "Number of cases")->capture_default_str();
  command->add_option("--seed", options->verify.seed, "Seed of the first case")
      ->capture_default_str();
  CLI::Option* stall =
      command->add_option("--stall", options->stall, "Fix the stall mode (default: by the seed)");
  stall->transform(CLI::CheckedTransformer(stall_modes()));
  command->add_option("--backend", options->verify.backend, "rtl or interpreter")
      ->transform(CLI::CheckedTransformer(backends))
      ->default_str("rtl");
  command->add_flag("--structures", options->verify.structures,
                    "RTL with popcounts as they are synthesized, not as $countones");
  command->add_option("--trace", options->verify.trace, "Write an FST waveform of the last case");
  command->callback([&session, options, stall] {
    options->stall_given = stall->count() != 0;
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
