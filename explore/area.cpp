// SPDX-License-Identifier: Apache-2.0
#include "explore/cost.hpp"

namespace bat::explore {

AreaFunction area_model() {
  return [](const Config&, const Plan&, const std::string&) -> Result<Area> {
    return Error{"area: no area model"};
  };
}

}  // namespace bat::explore
