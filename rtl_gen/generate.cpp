// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/generate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>

#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"
#include "rtl_gen/blocks/bat_registers.hpp"
#include "rtl_gen/blocks/popcount.hpp"
#include "rtl_gen/blocks/qmm_row.hpp"
#include "rtl_gen/blocks/rtl_sources.hpp"
#include "rtl_gen/blocks/top.hpp"
#include "rtl_gen/emit/writer.hpp"
#include "rtl_gen/source_order.hpp"

namespace bat {
namespace {

namespace fs = std::filesystem;

std::string sha256_of(std::string_view text) {
  return io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Result<emit::Interface> leaf(std::string_view name) {
  return emit::read_interface(blocks::rtl_source(name));
}

/// Emits the modules of one configuration.
class DesignEmitter {
 public:
  DesignEmitter(const Config& config, const Plan& plan)
      : config_(config),
        plan_(plan),
        header_{blocks::generator_version(), config.name, config_hash(config)} {}

  Result<GeneratedDesign> run() {
    const auto package = emit::read_package(blocks::rtl_source("bat_pkg"));
    if (!package) return package.error();
    package_ = package.value();
    for (const auto step : {&DesignEmitter::popcount, &DesignEmitter::row,
                            &DesignEmitter::registers, &DesignEmitter::top}) {
      if (const Status status = (this->*step)(); !status) return status.error();
    }
    GeneratedDesign design;
    for (const auto& [name, text] : source_order(modules_, "bat_top")) {
      design.sources.push_back({"rtl/" + name + ".sv", text});
    }
    documents(design);
    return design;
  }

 private:
  Status add(const emit::Module& module) {
    auto text = emit::write(module, header_, package_);
    if (!text) return text.error();
    modules_[module.name()] = std::move(text).value();
    return Ok{};
  }

  Status popcount() {
    blocks::PopcountCells cells;
    for (const std::string_view name : blocks::popcount_cells()) {
      auto interface = leaf(name);
      if (!interface) return interface.error();
      cells.emplace(name, std::move(interface).value());
    }
    blocks::PopcountShape shape;
    shape.lanes = plan_.depth;
    shape.stages = config_.array.pop_stages;
    shape.topology = config_.array.popcount;
    shape.and_form = config_.array.and_lanes;
    if (shape.and_form) {
      const emit::Module ones = blocks::row_ones(shape, cells);
      ones_ = emit::interface_of(ones);
      if (Status status = add(ones); !status) return status;
    }
    return add(blocks::popcount(shape, cells));
  }

  Status row() {
    const auto pe = leaf(config_.array.and_lanes ? "qmm_pe_and" : "qmm_pe");
    const auto pair = leaf("qmm_pe_pair");
    if (!pe) return pe.error();
    if (!pair) return pair.error();
    const int dsp_rows = config_.array.dsp_rows;
    blocks::QmmRowShape shape{plan_.cols, plan_.depth, plan_.lanes, plan_.branches, plan_.acc_bits};
    shape.and_form = config_.array.and_lanes;
    const auto emit_row = [&](const std::string& name, bool pairs, emit::Interface& interface) {
      shape.pairs = pairs;
      const emit::Module module =
          blocks::qmm_row(shape, pairs ? pair.value() : pe.value(), name, &ones_);
      interface = emit::interface_of(module);
      return add(module);
    };
    const bool first_in_dsp = dsp_rows == plan_.rows;
    if (Status status = emit_row("qmm_row", first_in_dsp, interfaces_.row); !status) return status;
    interfaces_.other_row = interfaces_.dsp_row = interfaces_.row;
    const bool same_sums = plan_.row_acc_bits == plan_.acc_bits;
    if (!same_sums) {
      shape.acc_bits = plan_.row_acc_bits;
      // The classifier and a patch embedding have 8 planes; no other product of one-bit codes
      // doubles.
      shape.shift = plan_.max_bits > 1 || config_.features.feature_rows;
    }
    const int others_in_dsp = std::min(dsp_rows, plan_.rows - 1);
    if (others_in_dsp > 0 && !(same_sums && first_in_dsp)) {
      const Status status = emit_row("qmm_row_dsp", true, interfaces_.dsp_row);
      if (!status) return status;
    }
    if (others_in_dsp == plan_.rows - 1 || same_sums) return Ok{};
    return emit_row("qmm_row_narrow", false, interfaces_.other_row);
  }

  Status registers() {
    map_ = blocks::bat_registers(config_, plan_);
    if (const Status status = emit::check(map_); !status) return status;
    const emit::Module module = emit::register_module(map_);
    interfaces_.registers = emit::interface_of(module);
    return add(module);
  }

  Status top() {
    const auto module = blocks::top(config_, plan_, interfaces_, package_);
    if (!module) return module.error();
    return add(module.value());
  }

  void documents(GeneratedDesign& design) const {
    std::string list;
    for (const GeneratedFile& file : design.sources) list += file.name + "\n";
    design.documents.push_back({"filelist.f", list});
    design.documents.push_back({"regs.hpp", emit::register_header(map_, header_)});
    design.documents.push_back({"regs.md", emit::register_markdown(map_)});
    design.documents.push_back({"manifest.json", manifest(design)});
  }

  std::string manifest(const GeneratedDesign& design) const {
    nlohmann::ordered_json json;
    json["generator"] = "batkit";
    json["version"] = header_.generator_version;
    json["name"] = config_.name;
    json["hash"] = header_.config_hash;
    json["configuration"] = canonical_text(config_);
    json["top"] = "bat_top";
    nlohmann::ordered_json parameters;
    for (const auto& [name, value] : blocks::common_parameters(config_, plan_)) {
      parameters[name] = value;
    }
    json["parameters"] = parameters;
    json["derived"] = {{"row_tiles", plan_.row_tiles},       {"max_a", plan_.max_a},
                       {"act_region", plan_.act_region},     {"prob_words", plan_.prob_words},
                       {"xb_codes", plan_.xb_codes},         {"xb_features", plan_.xb_features},
                       {"t_tile_words", plan_.t_tile_words}, {"p_tile_words", plan_.p_tile_words},
                       {"w_write_bits", plan_.w_write_bits}};
    nlohmann::ordered_json files;
    for (const auto* list : {&design.sources, &design.documents}) {
      for (const GeneratedFile& file : *list) files[file.name] = sha256_of(file.text);
    }
    json["files"] = files;
    return json.dump(2) + "\n";
  }

  const Config& config_;
  const Plan& plan_;
  emit::FileHeader header_;
  emit::Constants package_;
  std::map<std::string, std::string, std::less<>> modules_;
  blocks::EmittedInterfaces interfaces_;
  emit::Interface ones_;  ///< of row_ones, AND form only
  emit::RegisterMap map_;
};

Error file_error(const fs::path& path, const std::error_code& code) {
  return Error{fmt::format("{}: {}", path.string(), code.message())};
}

bool holds_files(const fs::path& folder) {
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(folder, code)) {
    if (!entry.is_directory()) return true;
  }
  return false;
}

/// A folder that may be replaced: absent, without files, or an earlier result.
Status check_output(const fs::path& output) {
  std::error_code code;
  if (!fs::exists(output, code)) return Ok{};
  if (!fs::is_directory(output, code)) {
    return Error{fmt::format("{}: exists and is not a directory", output.string())};
  }
  if (!holds_files(output)) return Ok{};
  const auto manifest = io::read_text(output / "manifest.json");
  const bool ours =
      manifest.ok() &&
      nlohmann::json::parse(manifest.value(), nullptr, false).value("generator", "") == "batkit";
  if (ours) return Ok{};
  return Error{fmt::format(
      "{}: holds files that no generate run has written; choose an empty or new directory",
      output.string())};
}

Status write_files(const std::vector<GeneratedFile>& files, const fs::path& folder,
                   std::vector<std::string>& names) {
  for (const GeneratedFile& file : files) {
    const fs::path path = folder / file.name;
    std::error_code code;
    fs::create_directories(path.parent_path(), code);
    if (code) return file_error(path.parent_path(), code);
    if (const Status status = io::write_text_atomic(path, file.text); !status) return status;
    names.push_back(file.name);
  }
  return Ok{};
}

/// Puts `fresh` in the place of `output`.
Status replace_folder(const fs::path& fresh, const fs::path& output) {
  std::error_code code;
  const fs::path old = fresh.string() + ".old";
  const bool existed = fs::exists(output, code);
  if (existed) fs::rename(output, old, code);
  if (code) return file_error(output, code);
  fs::rename(fresh, output, code);
  if (code) {
    const Error error = file_error(output, code);
    if (existed) fs::rename(old, output, code);
    return error;
  }
  fs::remove_all(old, code);
  return Ok{};
}

}  // namespace

Result<GeneratedDesign> generate_design(const Config& config, const Plan& plan) {
  return DesignEmitter(config, plan).run();
}

Result<GenerateReport> generate(const Config& config, const Plan& plan, const fs::path& output) {
  const auto design = generate_design(config, plan);
  if (!design) return design.error();
  const fs::path target = fs::absolute(output).lexically_normal();
  const fs::path place = target.has_filename() ? target : target.parent_path();
  if (const Status status = check_output(place); !status) return status.error();
  std::error_code code;
  fs::create_directories(place.parent_path(), code);
  if (code) return file_error(place.parent_path(), code);
  const fs::path fresh = place.string() + fmt::format(".new-{}", ::getpid());
  GenerateReport report;
  Status status = write_files(design.value().sources, fresh, report.files);
  if (status) status = write_files(design.value().documents, fresh, report.files);
  if (status) status = replace_folder(fresh, place);
  if (!status) {
    fs::remove_all(fresh, code);
    return status.error();
  }
  std::sort(report.files.begin(), report.files.end());
  return report;
}

}  // namespace bat
