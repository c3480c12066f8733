// SPDX-License-Identifier: Apache-2.0
// The networks that a run starts from, and the vocabulary that they bring.
#pragma once

#include <optional>
#include <string>

#include "models/train/options.hpp"
#include "models/train/session.hpp"

namespace bat::train {

struct Sources {
  std::optional<StoredNetwork> start;
  std::optional<StoredNetwork> teacher;
  std::optional<StoredNetwork> teacher_start;
  std::string vocab;  ///< of the checkpoints; empty: that of the options
};

/// Loads what `options` name; folders are Hugging Face checkpoints. Where no vocabulary is named,
/// `options.vocab` becomes that of such a folder.
Result<Sources> load_sources(TrainOptions& options);

/// Brings all networks to the vocabulary of the task.
Status use_vocab(Sources& sources, const std::string& vocab);

}  // namespace bat::train
