// SPDX-License-Identifier: Apache-2.0
// batkit train: trains a model and exports it. The trainer is an optional part of the build.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "cli/commands.hpp"

#ifdef BAT_TRAIN
#include "models/train/trainer.hpp"
#endif

namespace bat::cli {
namespace {

struct Options {
  std::string recipe;
  std::map<std::string, std::string> settings;  ///< by key, those that were given
  bool list = false;
};

#ifdef BAT_TRAIN

Result<train::TrainOptions> training_options(const Options& options) {
  auto parsed = options.recipe.empty() ? Result<train::TrainOptions>(train::TrainOptions{})
                                       : train::recipe(options.recipe);
  if (!parsed.ok()) return parsed.error();
  for (const auto& [key, value] : options.settings) {
    const Status set = train::set_option(parsed.value(), key, value);
    if (!set.ok()) return set.error();
  }
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
    object["metric"] = report.views->metric;
    object["float_view"] = report.views->float_metric;
    object["integer_view"] = report.views->integer_metric;
    for (const auto& [name, value] : report.views->others) object[name] = value;
  }
  if (report.float_test) object["float_view"] = *report.float_test;
  return object;
}

int execute(const Options& options, bool json) {
  if (options.list) {
    fmt::print("{}\n", fmt::join(train::recipe_names(), "\n"));
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
    const train::ViewReport& views = *report.value().views;
    fmt::print("{} on {} samples: float view {:.4f}, integer view {:.4f}\nmodel: {}\n",
               views.metric, views.samples, views.float_metric, views.integer_metric,
               report.value().model.string());
  }
  if (report.value().float_test) {
    fmt::print("float network on the test set: {:.4f}\n", *report.value().float_test);
  }
  return kExitOk;
}

#else

int execute(const Options&, bool) {
  return fail(
      Error{"this batkit was built without the trainer; run: cmake/install_packages.sh --train && "
            "cmake -B build -G Ninja -DBAT_TRAIN=ON && cmake --build build",
            ErrorKind::kMissingTool});
}

#endif

}  // namespace

void add_train(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "train", "Train a model by a recipe and export its integer view",
                  "batkit train --recipe fashion-nano --seed 1 --out checkpoints/fashion-nano");
  auto options = std::make_shared<Options>();
  command->add_option("--recipe", options->recipe,
                      "Recipe to start from (see --list; default: none)");
  command->add_flag("--list", options->list, "List the recipes");
#ifdef BAT_TRAIN
  for (const std::string& key : train::option_keys()) {
    if (key == "recipe") continue;
    command
        ->add_option_function<std::string>(
            "--" + key,
            [options, key](const std::string& value) { options->settings[key] = value; },
            "Overrides the recipe")
        ->type_name("VALUE");
  }
#else
  command->allow_extras();  // so that a full training command gets the message on how to build
#endif
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
