// SPDX-License-Identifier: Apache-2.0
// batkit fit-area: repeats the fit of the area model. For maintainers; not listed in the help.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "models/io/atomic_file.hpp"
#include "synth/area_fit.hpp"

namespace bat::cli {
namespace {

struct Options {
  synth::AreaFitOptions fit;
  std::string cache;
  std::string output;
  std::string errors;
};

int execute(Options options) {
  options.fit.cache = options.cache;
  options.fit.progress = [](std::size_t done, std::size_t total, const std::string& name) {
    log(fmt::format("{} of {}: {}", done, total, name));
  };
  const auto fit = synth::fit_area(options.fit);
  if (!fit.ok()) return fail(fit.error());
  for (const std::string& note : fit.value().notes) log("memories: " + note);
  const std::string table = fit.value().markdown();
  for (const auto& [file, text] :
       {std::pair{options.output, fit.value().coefficients}, std::pair{options.errors, table}}) {
    if (file.empty()) continue;
    const Status written = io::write_text_atomic(file, text);
    if (!written.ok()) return fail(written.error());
  }
  fmt::print("{}\n{} modules mapped, the others were in {}\n", table, fit.value().mapped,
             options.cache);
  return kExitOk;
}

}  // namespace

void add_fit_area(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "fit-area", "Fit the area model on synthesis runs",
                  "batkit fit-area --cache build/area --out synth/area_model/coefficients.json");
  command->group("");
  auto options = std::make_shared<Options>();
  command->add_option("--cache", options->cache, "Folder of measured modules")->required();
  command->add_option("--out", options->output, "File for the coefficients");
  command->add_option("--errors", options->errors, "File for the table of errors");
  command->add_option("--samples", options->fit.samples, "Configurations to fit on")
      ->capture_default_str()
      ->check(CLI::Range(4, 1000));
  command->add_option("--held-out", options->fit.held_out, "More of them for the error only")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  command->add_option("--seed", options->fit.seed, "Of the drawing")->capture_default_str();
  command->add_option("--jobs", options->fit.jobs, "Synthesis runs at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->callback(
      [&session, options] { session.action = [options] { return execute(*options); }; });
}

}  // namespace bat::cli
