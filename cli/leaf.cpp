// SPDX-License-Identifier: Apache-2.0
// batkit leaf: area or placement of a popcount, a row of dot-product units or an array of them by
// itself.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "rtl_gen/config/schema.hpp"
#include "synth/leaf_area.hpp"

namespace bat::cli {
namespace {

struct Options {
  synth::LeafShape shape;
  std::string structure = "block14";
  std::string form = "xnor";
  std::string target = "xcup";
  std::string work_dir;
  std::string device;
  synth::PlaceOptions place;
};

/// GE a lane of the popcounts of a row, with what the row counts for all of them.
double popcount_share(const Options& options, const synth::SynthReport& report) {
  double area = 0;
  for (const synth::ModuleReport& module : report.modules) {
    if (module.name != "popcount" && module.name != "row_ones") continue;
    area += module.total.area_um2 * static_cast<double>(module.instances);
  }
  return area / report.ge_um2 / options.shape.macs();
}

/// Area a lane in the measure of the target.
nlohmann::ordered_json summary(const Options& options, const synth::SynthReport& report) {
  const double macs = options.shape.macs();
  nlohmann::ordered_json json{{"structure", options.structure}, {"form", options.form},
                              {"lanes", options.shape.lanes},   {"cols", options.shape.cols},
                              {"rows", options.shape.rows},     {"stages", options.shape.stages},
                              {"target", options.target},       {"ff", report.total.ff}};
  if (report.ge_um2 > 0) {
    json["ge"] = report.ge();
    json["ge_per_mac"] = report.ge() / macs;
    if (options.shape.cols > 0) json["popcount_ge_per_lane"] = popcount_share(options, report);
  } else {
    const auto luts = static_cast<double>(report.total.lut);
    const auto exits = static_cast<double>(report.total.carry_exits);
    json["lut"] = report.total.lut;
    json["lut_sites"] = report.total.lut + report.total.carry_exits;
    json["carry"] = report.total.carry;
    json["dsp"] = report.total.dsp;
    json["lut_per_mac"] = luts / macs;
    json["lut_sites_per_mac"] = (luts + exits) / macs;
  }
  return json;
}

int execute_place(const Options& options, bool json) {
  const auto device = synth::parse_device(options.device);
  if (!device.ok()) return fail(device.error());
  synth::PlaceOptions place = options.place;
  if (!options.work_dir.empty()) place.work_dir = options.work_dir;
  const auto report = synth::place_leaf(options.shape, device.value(), place);
  if (!report.ok()) return fail(report.error());
  if (json) {
    print_json(synth::to_json(report.value()));
  } else {
    fmt::print("{}", synth::to_markdown(report.value()));
  }
  return kExitOk;
}

int execute(Options options, bool json) {
  const auto* const found = std::ranges::find(config::kPopcountNames, options.structure);
  if (found == std::end(config::kPopcountNames)) {
    return fail(Error{fmt::format("`{}` is no structure; structures are {}", options.structure,
                                  fmt::join(config::kPopcountNames, ", "))});
  }
  options.shape.structure = static_cast<Popcount>(found - std::begin(config::kPopcountNames));
  if (options.shape.cols > 0 && options.shape.drain > options.shape.cols) {
    return fail(Error{fmt::format("--drain is {}, must be at most --cols ({})", options.shape.drain,
                                  options.shape.cols)});
  }
  if (options.shape.dsp && (options.shape.cols % 2 != 0 || options.shape.acc_bits > 24)) {
    return fail(
        Error{"--dsp pairs columns and has 24 bits a sum: give an even --cols and at most "
              "--acc-bits 24"});
  }
  if (options.form != "xnor" && options.form != "and") {
    return fail(Error{fmt::format("`{}` is no form; forms are xnor, and", options.form)});
  }
  options.shape.and_form = options.form == "and";
  const bool adders =
      options.shape.structure == Popcount::kFlat || options.shape.structure == Popcount::kFaTree;
  if (options.shape.and_form && (!adders || options.shape.dsp)) {
    return fail(Error{"--form and takes --structure flat or fa_tree and no --dsp"});
  }
  if (options.shape.cols == 0 && options.shape.rows > 1) {
    return fail(Error{"--rows is for units: give --cols too"});
  }
  if (!options.device.empty()) return execute_place(options, json);
  const auto target = synth::parse_target(options.target);
  if (!target.ok()) return fail(target.error());
  synth::SynthOptions synth_options;
  if (!options.work_dir.empty()) synth_options.work_dir = options.work_dir;
  const auto report = synth::synthesize_leaf(options.shape, target.value(), synth_options);
  if (!report.ok()) return fail(report.error());
  const auto object = summary(options, report.value());
  if (json) {
    print_json(object);
  } else {
    for (const auto& [key, value] : object.items()) {
      fmt::print("{:<18} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return kExitOk;
}

}  // namespace

void add_leaf(CLI::App& app, Session& session) {
  CLI::App* command = add_command(app, session, "leaf",
                                  "Area of a popcount, or of rows of dot-product units, by itself",
                                  "batkit leaf --lanes 256 --structure block14 --target xcup");
  auto options = std::make_shared<Options>();
  command->add_option("--structure", options->structure, "flat, fa_tree, lut6, chain or block14")
      ->capture_default_str();
  command->add_option("--form", options->form, "What a lane does with its two bits: xnor or and")
      ->capture_default_str();
  command->add_option("--lanes", options->shape.lanes, "Bits of a dot product a cycle")
      ->capture_default_str()
      ->check(CLI::Range(2, 1024));
  command->add_option("--stages", options->shape.stages, "Pipeline registers in the popcount")
      ->capture_default_str()
      ->check(CLI::Range(0, 2));
  command->add_option("--cols", options->shape.cols, "0: the popcount alone; else units of a row")
      ->capture_default_str()
      ->check(CLI::Range(0, 64));
  command->add_option("--rows", options->shape.rows, "Rows of units that share their columns")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->add_option("--acc-bits", options->shape.acc_bits, "Accumulator bits of a row")
      ->capture_default_str()
      ->check(CLI::Range(11, 48));
  command->add_option("--drain", options->shape.drain, "Columns that leave the shadow a cycle")
      ->capture_default_str()
      ->check(CLI::IsMember({1, 2, 4, 8}));
  command->add_flag("!--one-plane", options->shape.shift,
                    "Of a row: leave out the doubling that products of several planes need");
  command->add_flag("--dsp", options->shape.dsp,
                    "Of a row: pairs of accumulators in DSP blocks (xcup)");
  command->add_option("--target", options->target, "xcup, ice40 or osu018")->capture_default_str();
  command->add_option(
      "--place", options->device,
      "Place and route on hx1k, hx8k, up5k (iCE40), 25k, 45k or 85k (ECP5) with nextpnr instead");
  command->add_option("--mhz", options->place.mhz, "Clock that placement aims at")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1000.0));
  command->add_option("--seed", options->place.seed, "Seed of the placement")
      ->capture_default_str();
  command->add_option("--work-dir", options->work_dir, "Keep scripts, logs and netlists here");
  command->callback([&session, options] {
    session.action = [&session, options] { return execute(*options, session.json); };
  });
}

}  // namespace bat::cli
