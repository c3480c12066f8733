// SPDX-License-Identifier: Apache-2.0
// Energy of an inference on standard cells (osu018) without running a tool: what `batkit synth
// --energy` would measure, from the area model and closed forms of the work.
//
//   clock, ungated   k FF cycles
//   clock, gated     k FF cycles + m macs + r lanes        (gates included)
//   work             g GE cycles + m macs + r lanes        (internal and switching)
//
// FF and GE: flip-flops and gates of the area model; macs: steps of the array times its size;
// lanes: cycles of a lane of the rows (drains, LayerNorm, softmax) times lanes. The coefficients
// are fitted to measured runs (synth/energy_model/runs.jsonl) by least squares of relative errors,
// none below 0, for designs with and without clock gates separately. Leakage is left out: in
// osu018 it is below a thousandth. Memories are not counted, as in the runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"
#include "rtl_gen/estimate/bound.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "synth/area_model.hpp"

namespace bat::synth {

struct EnergyInputs {
  double ff = 0.0;
  double ge = 0.0;
  double macs = 0.0;
  double lanes = 0.0;
};

EnergyInputs energy_inputs(const AreaPrediction& area, const Plan& plan, const Work& work);

/// Nanojoules that grow with the cycles, and those that do not.
struct EnergyCost {
  double per_cycle_nj = 0.0;
  double fixed_nj = 0.0;
  double nj(double cycles) const { return per_cycle_nj * cycles + fixed_nj; }
};

/// A measured inference.
struct EnergySample {
  std::string config;
  std::string model;
  bool gated = false;
  bool fitted = true;  ///< false: kept out of the fit, for its error
  EnergyInputs inputs;
  double cycles = 0.0;
  double clock_nj = 0.0;  ///< gates included
  double work_nj = 0.0;
  double leakage_nj = 0.0;
};

/// One line of JSON with the keys config, model, gated, fit, ff, ge, macs, lanes, cycles, clock_nj,
/// work_nj, leakage_nj.
std::string to_line(const EnergySample& sample);

class EnergyModel {
 public:
  /// Fitted to the runs that are built into the program.
  static const Result<EnergyModel>& builtin();
  /// Fits to lines of JSON; `source` names them in errors. Errors: a line that is no sample, fewer
  /// than four fitted samples of a kind (a kind with none is left out).
  static Result<EnergyModel> fit(std::string_view lines, std::string_view source);

  EnergyCost cost(const EnergyInputs& inputs, bool gated) const;
  const std::vector<EnergySample>& samples() const { return samples_; }

 private:
  struct Kind {
    double clock_ff = 0.0, clock_macs = 0.0, clock_lanes = 0.0;
    double work_ge = 0.0, work_macs = 0.0, work_lanes = 0.0;
  };
  Status fit_kind(bool gated);

  std::vector<EnergySample> samples_;
  Kind kinds_[2];
};

}  // namespace bat::synth
