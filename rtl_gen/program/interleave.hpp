// SPDX-License-Identifier: Apache-2.0
// Softmax attention among other products: the order in which the engine takes both. Internal to the
// schedule.
#pragma once

#include <cstddef>
#include <vector>

#include "rtl_gen/program/schedule.hpp"

namespace bat::schedule {

/// Attention of one head on one row tile.
struct HeadWork {
  std::vector<Op> scores;  ///< tile by tile
  Op softmax;
  Op context;
  /// Operations of the other stream that come before its scores, before its context.
  std::size_t scores_after = 0;
  std::size_t context_after = 0;
};

/// An operation of the other stream, with how many contexts come before it.
struct Beside {
  Op op;
  std::size_t contexts = 0;
};

/// Merges both streams, each in its order. Walks through the program in estimated time: a context
/// as soon as its probabilities are there, a score tile where drain and slots are free, otherwise
/// the next operation of the other stream; so that the engine works while softmax does. Any result
/// is a right program, times decide only how good it is. The heads take turns at the slots
/// of scores and of probabilities.
std::vector<Op> interleave(const Plan& plan, std::vector<HeadWork> heads,
                           std::vector<Beside> beside);

}  // namespace bat::schedule
