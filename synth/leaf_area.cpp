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
    const blocks::PopcountShape popcount{shape_.lanes, shape_.stages, shape_.structure};
    if (Status wrote = emit(blocks::popcount(popcount, cells)); !wrote) return wrote.error();
    sources_.top = "popcount";
    if (shape_.cols > 0) {
      if (Status wrote = row(); !wrote) return wrote.error();
    }
    return std::move(sources_);
  }

 private:
  Status row() {
    const auto pe = emit::read_interface(blocks::rtl_source("qmm_pe"));
    if (!pe) return pe.error();
    if (Status wrote = write("qmm_pe", blocks::rtl_source("qmm_pe")); !wrote) return wrote;
    sources_.top = "qmm_row";
    return emit(blocks::qmm_row(
        {shape_.cols, shape_.lanes, shape_.drain, 1, shape_.acc_bits, shape_.shift}, pe.value()));
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

}  // namespace bat::synth
