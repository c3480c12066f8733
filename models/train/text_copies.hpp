// SPDX-License-Identifier: Apache-2.0
// Altered copies of training texts: more text of the kind of a task for a teacher to label.
#pragma once

#include <span>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"

namespace bat::train {

/// `count` copies of each sample (tokens "[CLS] a [SEP]" or "[CLS] a [SEP] b [SEP]"), without
/// labels. In a copy one piece in ten is dropped, one in ten replaced by a piece drawn from all
/// texts, one in twenty swapped with the next. Of the copies of pairs, three in ten have their
/// halves exchanged, two in ten are a text beside an altered copy of itself, one in ten a text
/// beside the second one of another pair. No copy is longer than `model.max_tokens`. Every call
/// gives the same.
std::vector<bmt::Sample> altered_copies(std::span<const bmt::Sample> samples, int count,
                                        const bmt::Model& model);

}  // namespace bat::train
