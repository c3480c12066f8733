// SPDX-License-Identifier: Apache-2.0
// batkit: the command-line tool.
#include <fmt/format.h>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Generates, verifies and measures hardware for binarized Transformers.", "batkit"};
  app.set_version_flag("--version", BATKIT_VERSION);
  app.require_subcommand(0, 1);
  app.footer(
      "First steps:\n"
      "  batkit configs                 named configurations\n"
      "  batkit run nano --count 20     a trained model on generated hardware, bit-exact\n"
      "\nExit codes: 0 ok, 1 mismatch or failed check, 2 bad input, 3 missing tool.");

  bat::cli::Session session;
  session.command_line = "batkit";
  for (int i = 1; i < argc; ++i) session.command_line += fmt::format(" {}", argv[i]);
  bat::cli::add_configs(app, session);
  bat::cli::add_check(app, session);
  bat::cli::add_generate(app, session);
  bat::cli::add_info(app, session);
  bat::cli::add_run(app, session);
  bat::cli::add_estimate(app, session);
  bat::cli::add_verify(app, session);
  bat::cli::add_synth(app, session);
  bat::cli::add_leaf(app, session);
  bat::cli::add_fit_area(app, session);
  bat::cli::add_report(app, session);
  bat::cli::add_eval(app, session);
  bat::cli::add_train(app, session);
  bat::cli::add_explore(app, session);
  bat::cli::add_select(app, session);
  bat::cli::add_sweep(app, session);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(bat::ErrorKind::kBadInput);
  }
  if (!session.action) {
    fmt::print("{}", app.help());
    return 0;
  }
  return session.action();
}
