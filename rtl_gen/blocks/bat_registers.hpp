// SPDX-License-Identifier: Apache-2.0
// The register map of BAT (docs/architecture.md section 7) for one configuration.
#pragma once

#include "rtl_gen/config/config.hpp"
#include "rtl_gen/emit/register_map.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::blocks {

/// Generator version as MAJOR.MINOR.PATCH, also in register VERSION.
std::string generator_version();

emit::RegisterMap bat_registers(const Config& config, const Plan& plan);

}  // namespace bat::blocks
