// SPDX-License-Identifier: Apache-2.0
// batkit train: trains a model and exports it. The trainer is an optional part of the build.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.hpp"

#ifdef BAT_TRAIN
#include "models/train/trainer.hpp"
#endif

namespace bat::cli {
namespace {

struct Options {
  std::string recipe;
  std::string output;
  std::vector<std::string> settings;
  bool list = false;
};

#ifdef BAT_TRAIN

Result<train::TrainOptions> training_options(const Options& options) {
  auto parsed = train::recipe(options.recipe);
  if (!parsed.ok()) return parsed.error();
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return Error{fmt::format("--set {}: expected KEY=VALUE; keys: {}", setting,
                               fmt::join(train::option_keys(), ", "))};
    }
    const Status set = train::set_option(parsed.value(), setting.substr(0, equals),
                                         setting.substr(equals + 1));
    if (!set.ok()) return set.error();
  }
  if (!options.output.empty()) parsed.value().out = options.output;
  return parsed;
}

nlohmann::ordered_json report_json(const train::TrainReport& report) {
  nlohmann::ordered_json object{{"epochs", report.epochs_done},
                                {"complete", report.complete},
                                {"holdout_accuracy", report.holdout_accuracy},
                                {"checkpoint", report.checkpoint.string()},
                                {"log", report.log.string()},
                                {"model", report.model.string()}};
  if (report.views) {
    object["float_accuracy"] = report.views->float_accuracy;
    object["integer_accuracy"] = report.views->integer_accuracy;
  }
  return object;
}

int execute(const Options& options, bool json) {
  if (options.list) {
    fmt::print("recipes: {}\nkeys: {}\n", fmt::join(train::recipe_names(), ", "),
               fmt::join(train::option_keys(), ", "));
    return kExitOk;
  }
  const auto parsed = training_options(options);
  if (!parsed.ok()) return fail(parsed.error());
  ProgressBar bar("train");
  const auto report = train::train(parsed.value(), [&bar](const train::Progress& progress) {
    const std::string note =
        fmt::format("{} {} loss {:.4f} accuracy {:.4f}", progress.run, progress.phase,
                    progress.stats.loss, progress.stats.accuracy);
    bar.update(static_cast<std::size_t>(progress.stats.epoch),
               static_cast<std::size_t>(progress.epochs), note);
    return true;
  });
  if (!report.ok()) return fail(report.error());
  if (json) {
    print_json(report_json(report.value()));
    return kExitOk;
  }
  fmt::print("trained {} epochs, holdout accuracy {:.4f}\n", report.value().epochs_done,
             report.value().holdout_accuracy);
  if (report.value().views) {
    fmt::print("test accuracy: float view {:.4f}, integer view {:.4f}\nmodel: {}\n",
               report.value().views->float_accuracy, report.value().views->integer_accuracy,
               report.value().model.string());
  }
  return kExitOk;
}

#else

int execute(const Options&, bool) {
  return fail(Error{
      "this batkit was built without the trainer; run: cmake/install_packages.sh --train && "
      "cmake -B build -G Ninja -DBAT_TRAIN=ON && cmake --build build",
      ErrorKind::kMissingTool});
}

#endif

}  // namespace

void add_train(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "train", "Train a model by a recipe and export its integer view",
                  "batkit train fashion-nano -o checkpoints/fashion-nano --set seed=1");
  auto options = std::make_shared<Options>();
  command->add_option("recipe", options->recipe, "Recipe (see --list)");
  command->add_option("-o,--output", options->output, "Folder for checkpoint, log, model and card");
  command->add_option("--set", options->settings, "KEY=VALUE; may be repeated")->take_all();
  command->add_flag("--list", options->list, "List recipes and keys");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
