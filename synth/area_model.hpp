// SPDX-License-Identifier: Apache-2.0
// Area of a configuration without running a synthesis tool: linear models of the modules, fitted on
// synthesis runs (synth/area_model/fit.sh), summed over their instances. Memories are mapped by the
// rules of the flow.
//
// Targets: xcup for LUT, FF, DSP and BRAM36; osu018 for area and gate equivalents (logic only;
// memories as bits). Errors on configurations outside the fit: docs/area.md, section "Area model".
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::synth {

struct AreaPrediction {
  double lut = 0.0;     ///< LUT sites on xcup, LUT memory included
  double ff = 0.0;      ///< flip-flops on xcup
  double dsp = 0.0;     ///< multiplier blocks on xcup
  double bram36 = 0.0;  ///< block RAMs on xcup; a half one counts 0.5
  double um2 = 0.0;     ///< standard cells of osu018 in square micrometres, without memories
  double gate_equivalents = 0.0;  ///< um2 divided by the area of NAND2X1
  double memory_bits = 0.0;       ///< bits of all RAMs
};

AreaPrediction& operator+=(AreaPrediction& sum, const AreaPrediction& part);

/// Keys: lut, ff, dsp, bram36, area_um2, ge, memory_bits.
nlohmann::ordered_json to_json(const AreaPrediction& area);

/// Share of one module class in a prediction: all its instances together.
struct ModulePrediction {
  std::string_view module;  ///< name of the module in the source; `memories` for the RAMs
  double instances = 0.0;
  AreaPrediction area;
};

class AreaModel {
 public:
  /// The model that is built into the program.
  static Result<AreaModel> builtin();
  /// Reads coefficients; `source` names the text in errors.
  static Result<AreaModel> parse(std::string_view json, std::string_view source);

  /// A few microseconds. `plan` must be that of `config`.
  AreaPrediction predict(const Config& config, const Plan& plan) const;
  /// Plans first; the error is that of the plan.
  Result<AreaPrediction> predict(const Config& config) const;

  /// The parts of which `predict` is the sum.
  std::vector<ModulePrediction> modules(const Config& config, const Plan& plan) const;

 private:
  struct Term {
    std::size_t feature = 0;
    double lut = 0.0;
    double ff = 0.0;
    double dsp = 0.0;
    double um2 = 0.0;
  };
  struct Module {
    std::size_t type = 0;  ///< index in area_modules()
    Popcount popcount{};   ///< of a popcount: its structure, lanes and registers
    int depth = 0;
    int stages = 0;
    std::vector<Term> terms;
  };

  template <typename Visit>
  void visit(const Config& config, const Plan& plan, const Visit& visit) const;

  std::vector<Module> modules_;
  double ge_um2_ = 24.0;
};

}  // namespace bat::synth
