// SPDX-License-Identifier: Apache-2.0
// The models of the zoo whose masks were trained, and accelerators that hold them.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "models/bmt/model.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat {

/// Models of the zoo with pruned blocks, by file size; unreadable files fail the test that asks.
std::vector<bmt::Model> pruned_zoo_models();

/// `base` with limits and features that just hold all of `models`, masks built in. The words of the
/// array get so many bits, at most those of `base`, that blocks, groups and heads are whole words.
Config holding(Config base, std::span<const bmt::Model> models);

/// The same, but what `base` has built in stays: only what the models need is added.
Config enlarged(const Config& base, std::span<const bmt::Model> models);

}  // namespace bat
