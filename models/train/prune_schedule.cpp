// SPDX-License-Identifier: Apache-2.0
#include "models/train/prune_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace bat::train {
namespace {

int blocks_of(int inputs, int block) { return (inputs + block - 1) / block; }

/// Whether a cut of `size` never ends inside a head and leaves whole heads.
bool fits_heads(int size, int head_dim, bool heads_go) {
  return head_dim % size == 0 || (!heads_go && size % head_dim == 0);
}

Error misfit(const char* key, int size, const TrainOptions& o) {
  return Error{fmt::format(
      "option {}={}: must divide head_dim ({}){}; nearest legal value is {}", key, size, o.head_dim,
      o.prune_heads > 0 ? " where heads are pruned too" : " or be a multiple of it", o.head_dim)};
}

/// Pruning that would round to nothing in every matrix.
Status check_effect(const TrainOptions& o) {
  const std::array inputs = {o.hidden, (o.heads - o.prune_heads) * o.head_dim, o.ffn};
  int most = 1;
  for (const int each : inputs) {
    const int blocks = blocks_of(each, o.prune_block);
    if (pruned_of(blocks, o.prune) > 0) return Ok{};
    most = std::max(most, blocks);
  }
  return Error{fmt::format(
      "option prune={}: prunes nothing, as a row has {} block(s) of {} inputs at most (hidden {}, "
      "attention {}, ffn {}); a smaller prune_block or a share of {:.3f} would",
      o.prune, most, o.prune_block, inputs[0], inputs[1], inputs[2], 0.5 / most)};
}

struct Rule {
  bool met;
  const char* text;
};

}  // namespace

double PruneSchedule::ramp(int done) const {
  if (done <= begin) return 0.0;
  if (done >= end) return 1.0;
  const double left = 1.0 - static_cast<double>(done - begin) / static_cast<double>(end - begin);
  return 1.0 - left * left * left;
}

int pruned_of(int count, double share) {
  return std::clamp(static_cast<int>(std::lround(share * count)), 0, std::max(0, count - 1));
}

PruneSchedule prune_schedule(const TrainOptions& o) {
  PruneSchedule schedule;
  schedule.blocks = o.prune;
  schedule.fine = o.prune_fine;
  schedule.heads = o.prune_heads;
  schedule.taylor = o.prune_by == "taylor";
  schedule.begin = static_cast<int>(std::floor(o.prune_begin * o.epochs));
  schedule.end = static_cast<int>(std::floor(o.prune_end * o.epochs));
  return schedule;
}

Status check_pruning(const TrainOptions& o) {
  const auto share = [](double s) { return s >= 0.0 && s < 1.0; };
  const PruneSchedule schedule = prune_schedule(o);
  const bool off = !o.prunes();
  const std::array rules = {
      Rule{share(o.prune), "prune must be in [0, 1)"},
      Rule{share(o.prune_fine), "prune_fine must be in [0, 1)"},
      Rule{o.prune_heads >= 0 && o.prune_heads < o.heads,
           "prune_heads must be 0 .. heads - 1: one head of a layer stays"},
      Rule{o.prune_block >= 1 && o.prune_block <= bmt::kMaxBinaryLength,
           "prune_block must be 1 .. 16383"},
      Rule{o.prune_columns >= 1 && o.prune_columns <= bmt::kMaxBinaryLength,
           "prune_columns must be 1 .. 16383"},
      Rule{o.prune_by == "magnitude" || o.prune_by == "taylor",
           "prune_by must be magnitude or taylor"},
      Rule{o.prune_begin >= 0.0 && o.prune_begin < o.prune_end && o.prune_end < 1.0,
           "prune_begin and prune_end must be shares of the epochs, 0 <= begin < end < 1"},
      Rule{off || (schedule.end > schedule.begin && schedule.end < o.epochs),
           "prune_end: too few epochs to prune and to train on with what is left; more epochs, or "
           "prune_begin and prune_end further apart"},
      Rule{off || o.act_bits > 0, "prune: a float network (act_bits=0) is not pruned"},
      Rule{off || o.weights == "binary" || o.weights == "ternary",
           "prune needs weights=binary or weights=ternary"},
      Rule{o.prune_fine == 0.0 || o.weights == "ternary",
           "prune_fine needs weights=ternary: a weight of 0 is two branches that cancel"},
  };
  for (const Rule& rule : rules) {
    if (!rule.met) return Error{fmt::format("option {}", rule.text)};
  }
  if (o.prune == 0.0) return Ok{};
  for (const auto& [key, size] :
       {std::pair{"prune_block", o.prune_block}, std::pair{"prune_columns", o.prune_columns}}) {
    if (!fits_heads(size, o.head_dim, o.prune_heads > 0)) return misfit(key, size, o);
  }
  return check_effect(o);
}

}  // namespace bat::train
