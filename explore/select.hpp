// SPDX-License-Identifier: Apache-2.0
// The cheapest device that meets a latency and an accuracy.
//
// One exploration over all devices with the objectives price, latency, accuracy answers every
// question: whatever meets a latency and an accuracy at some price, a point of the front does so
// too, at that price or below.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explore/exploration.hpp"

namespace bat::explore {

struct Query {
  double latency_us = 0;
  double accuracy = 0;
};

struct Selection {
  Query query;
  std::optional<std::size_t> point;            ///< of the front: the cheapest, of these the fastest
  std::string reason;                          ///< where there is none: which constraint fails
  std::optional<std::size_t> fast_enough;      ///< the most accurate point within the latency
  std::optional<std::size_t> accurate_enough;  ///< the fastest point with the accuracy
};

Selection select(const Exploration& exploration, const Front& front, const Query& query);

/// The built-in space for a task. Devices whose cells the area model does not know are left out;
/// `left_out` says which and why.
Result<Space> select_space(const std::string& task, const std::string& data,
                           const AreaFunction& area, std::vector<std::string>& left_out);

}  // namespace bat::explore
