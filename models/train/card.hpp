// SPDX-License-Identifier: Apache-2.0
// The model card: what a reader needs to judge a trained model, as Markdown.
#pragma once

#include <filesystem>

#include "models/bmt/model.hpp"
#include "models/train/trainer.hpp"

namespace bat::train {

Status write_card(const TrainOptions& options, const bmt::Model& model, const TrainReport& report,
                  const std::filesystem::path& path);

}  // namespace bat::train
