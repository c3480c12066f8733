// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "explore/cost.hpp"
#include "synth/area_model.hpp"

namespace bat::explore {

AreaFunction area_model() {
  auto loaded = std::make_shared<Result<synth::AreaModel>>(synth::AreaModel::builtin());
  return
      [loaded](const Config& config, const Plan& plan, const std::string& target) -> Result<Area> {
        if (!loaded->ok()) return loaded->error();
        const bool cells = target == "osu018";
        if (!cells && target != "xcup") {
          return Error{
              fmt::format("target {}: the area model knows the cells of xcup and osu018", target)};
        }
        const synth::AreaPrediction p = loaded->value().predict(config, plan);
        Area area;
        if (cells) {
          area.registers = p.ff;
          area.kge = p.gate_equivalents / 1000;
          area.memory_kbit = p.memory_bits / 1024;
        } else {
          area = {p.lut, p.ff, p.dsp, p.bram36, 0, 0};
        }
        return area;
      };
}

}  // namespace bat::explore
