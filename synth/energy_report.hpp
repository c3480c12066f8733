// SPDX-License-Identifier: Apache-2.0
// The energy of a run as people and scripts read it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "synth/energy.hpp"

namespace bat::synth {

/// What ran while the transitions were counted.
struct EnergyRun {
  std::string config;
  std::string config_hash;
  std::string model;
  std::size_t samples = 1;
  bool bit_exact = true;         ///< the netlist's logits are those of the golden model
  std::uint64_t operations = 0;  ///< of the array in all samples; a binary MAC is two
};

/// The conditions that every figure stands under.
std::string conditions(const EnergyReport& report);

/// Keys: config, config_hash, target, library, model, samples, bit_exact, conditions, cycles (all
/// samples), mapped_ns, critical_ns, clock_ns, power_mw and energy_nj (an inference) with clock,
/// internal, switching, leakage, total and sta_internal, operations (an inference), tops,
/// tops_per_watt (null without operations), units[] (module, instances, cells, registers,
/// quiet_registers, register_activity, gate_activity, energy_nj), memories[] (module, width, depth,
/// instances, bits, reads and writes an inference).
nlohmann::ordered_json to_json(const EnergyReport& report, const EnergyRun& run);

std::string to_markdown(const EnergyReport& report, const EnergyRun& run);

}  // namespace bat::synth
