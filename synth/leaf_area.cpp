// SPDX-License-Identifier: Apache-2.0
#include "synth/leaf_area.hpp"

#include <fmt/format.h>

#include "rtl_gen/blocks/popcount.hpp"
#include "rtl_gen/blocks/qmm_row.hpp"
#include "rtl_gen/blocks/rtl_sources.hpp"
#include "rtl_gen/emit/writer.hpp"

namespace bat::synth {
namespace {

class LeafWriter {
 public:
  LeafWriter(const LeafShape& shape, const std::filesystem::path& dir) : shape_(shape), dir_(dir) {}

  Result<Sources> run() {
    blocks::PopcountCells cells;
    for (const std::string_view name : blocks::popcount_cells()) {
      auto interface = emit::read_interface(blocks::rtl_source(name));
      if (!interface) return interface.error();
      cells.emplace(name, std::move(interface).value());
      if (Status wrote = write(std::string(name), blocks::rtl_source(name)); !wrote)
        return wrote.error();
    }
    blocks::PopcountShape popcount{shape_.lanes, shape_.stages, shape_.structure};
    popcount.and_form = shape_.and_form;
    if (Status wrote = emit(blocks::popcount(popcount, cells)); !wrote) return wrote.error();
    sources_.top = "popcount";
    if (shape_.cols > 0) {
      const emit::Module ones = blocks::row_ones(popcount, cells);
      if (Status wrote = shape_.and_form ? emit(ones) : Status(Ok{}); !wrote) return wrote.error();
      if (Status wrote = row(emit::interface_of(ones)); !wrote) return wrote.error();
    }
    return std::move(sources_);
  }

 private:
  Status row(const emit::Interface& ones) {
    const char* unit = shape_.dsp ? "qmm_pe_pair" : shape_.and_form ? "qmm_pe_and" : "qmm_pe";
    const auto pe = emit::read_interface(blocks::rtl_source(unit));
    if (!pe) return pe.error();
    if (Status wrote = write(unit, blocks::rtl_source(unit)); !wrote) return wrote;
    if (Status wrote = write("acc_pair", blocks::rtl_source("acc_pair")); !wrote) return wrote;
    blocks::QmmRowShape row_shape{shape_.cols, shape_.lanes,    shape_.drain,
                                  1,           shape_.acc_bits, shape_.shift};
    row_shape.pairs = shape_.dsp;
    row_shape.and_form = shape_.and_form;
    const emit::Module row = blocks::qmm_row(row_shape, pe.value(), "qmm_row", &ones);
    sources_.top = row.name();
    if (Status wrote = emit(row); !wrote || shape_.rows == 1) return wrote;
    const emit::Module array = rows(row);
    sources_.top = array.name();
    return emit(array);
  }

  /// Rows side by side: controls and columns go to all, `a_i` and the outputs are a row's own.
  emit::Module rows(const emit::Module& row) const {
    emit::Module array("qmm_array", {"Rows of dot-product units that share their columns.", "",
                                     "that of a row", "that of a row", "none"});
    const auto is_own = [](const emit::Port& port) {
      return port.direction == emit::Direction::kOutput || port.name == "a_i";
    };
    std::vector<emit::Connection> shared;
    for (const emit::Port& port : row.ports()) {
      if (!is_own(port)) shared.push_back({port.name, array.input(port.name, port.width)});
    }
    for (int r = 0; r < shape_.rows; ++r) {
      std::vector<emit::Connection> connections = shared;
      for (const emit::Port& port : row.ports()) {
        if (!is_own(port)) continue;
        const std::string name = fmt::format("r{}_{}", r, port.name);
        connections.push_back({port.name, port.direction == emit::Direction::kOutput
                                              ? array.output(name, port.width)
                                              : array.input(name, port.width)});
      }
      array.instance(
          {emit::interface_of(row), fmt::format("u_row{}", r), {}, std::move(connections)});
    }
    return array;
  }

  Status emit(const emit::Module& module) {
    const emit::FileHeader header{"0", "leaf", std::string(64, '0')};
    const auto text = bat::emit::write(module, header);
    if (!text) return text.error();
    return write(module.name(), text.value());
  }

  Status write(const std::string& name, std::string_view text) {
    const std::filesystem::path path = std::filesystem::absolute(dir_) / fmt::format("{}.sv", name);
    if (Status wrote = write_text(path, text); !wrote) return wrote;
    sources_.files.push_back(path);
    return Ok{};
  }

  const LeafShape& shape_;
  const std::filesystem::path& dir_;
  Sources sources_;
};

}  // namespace

Result<Sources> leaf_sources(const LeafShape& shape, const std::filesystem::path& dir) {
  return LeafWriter(shape, dir).run();
}

Result<SynthReport> synthesize_leaf(const LeafShape& shape, Target target,
                                    const SynthOptions& options) {
  return in_work_dir(
      options.work_dir, "bat-leaf", [&](const std::filesystem::path& dir) -> Result<SynthReport> {
        const Result<Sources> sources = leaf_sources(shape, dir);
        if (!sources) return sources.error();
        SynthOptions inside = options;
        inside.work_dir = dir;
        Result<SynthReport> report = synthesize_sources(sources.value(), target, inside);
        if (report)
          report.value().config = fmt::format("{} x {} {}", std::max(shape.cols, 1), shape.lanes,
                                              to_string(shape.structure));
        return report;
      });
}

Result<PlaceReport> place_leaf(const LeafShape& shape, const Device& device,
                               const PlaceOptions& options) {
  return in_work_dir(options.work_dir, "bat-leaf",
                     [&](const std::filesystem::path& dir) -> Result<PlaceReport> {
                       const Result<Sources> sources = leaf_sources(shape, dir);
                       if (!sources) return sources.error();
                       PlaceOptions inside = options;
                       inside.work_dir = dir;
                       return place(sources.value(), device, inside);
                     });
}

}  // namespace bat::synth
