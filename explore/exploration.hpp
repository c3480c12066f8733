// SPDX-License-Identifier: Apache-2.0
// The exact Pareto front of a space.
//
// Every point has its area and a lower bound of its cycles (rtl_gen/estimate/bound.hpp), and with
// it one of its energy, which grows with the cycles. The cycle
// model, a thousand times slower, runs only where it can matter: the front of all points is taken
// with bounds in the place of unknown cycles; the points on it get their cycles; whatever a point
// with known cycles dominates is dropped, since its true cycles are no better than its bound. When
// the front holds known points only, it is the front of the space: the same that evaluating every
// point would give.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "explore/cost.hpp"
#include "explore/journal.hpp"
#include "explore/metric.hpp"
#include "explore/pareto.hpp"
#include "explore/progress.hpp"
#include "explore/space.hpp"
#include "explore/variant.hpp"

namespace bat::explore {

/// A point with everything known.
struct Point {
  std::size_t variant = 0;
  std::size_t platform = 0;
  std::uint64_t combination = 0;  ///< of the axes
  Config config;                  ///< named "MODEL-NUMBER"
  Metrics metrics{};
};

struct ExploreOptions {
  unsigned threads = 0;  ///< 0: all cores
  Progress progress;
};

/// Least and largest value of a metric over legal points.
struct Reach {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
};

struct Statistics {
  double points = 0;        ///< of the space
  double illegal = 0;       ///< that no configuration file may say, or whose plan is refused
  double excluded = 0;      ///< by constraints, on bounds already
  double schedules = 0;     ///< distinct (model, configuration, memory) of the legal points
  double evaluated = 0;     ///< schedules that the cycle model had to execute
  double from_journal = 0;  ///< of these, known from an earlier run
  double unfit = 0;         ///< schedules whose model the configuration turned out not to hold
  double seconds = 0;
  std::string first_refusal;  ///< why the first illegal or unfit point is refused
  std::vector<Reach> reach;   ///< of the constrained metrics; of cycles and latency, their bounds
};

struct Front {
  std::vector<Point> points;  ///< by the objectives in their order, then by number
  Statistics statistics;
};

class Exploration {
 public:
  Exploration(Space space, std::vector<Variant> variants, AreaFunction area);

  const Space& space() const { return space_; }
  const std::vector<Variant>& variants() const { return variants_; }

  /// Points of the space.
  double size() const;
  /// Points a person would have to wait for too long, or that take too much memory.
  static constexpr double kMostPoints = 1e9;

  /// Errors of the area model, of a journal that cannot be written.
  Result<Front> run(Journal& journal, const ExploreOptions& options) const;

  /// Every point evaluated by itself, nothing pruned: for tests.
  Result<Front> brute_force() const;

  /// The configuration of a combination for a variant, whether legal or not.
  Config config_of(std::size_t variant, std::uint64_t combination) const;
  /// Model-side metrics, area and, from `cycles`, latency.
  Result<Metrics> metrics_of(std::size_t variant, std::size_t platform, const Config& config,
                             const Plan& plan, double cycles) const;
  /// Whether metrics meet the constraints; true on bounds means that they may.
  bool allowed(const Metrics& metrics) const;
  /// Whether metrics meet the constraints exactly.
  bool meets(const Metrics& metrics) const;
  Vector objectives_of(const Metrics& metrics) const;

 private:
  friend class Search;

  Space space_;
  std::vector<Variant> variants_;
  AreaFunction area_;
  bool needs_energy_ = false;  ///< some metric comes from the energy model
  bool needs_area_ = false;    ///< some metric of the space comes from the area model
  std::vector<Config> bases_;  ///< by variant
  std::vector<std::size_t> key_axes_;
  std::vector<std::size_t> neutral_axes_;
  std::uint64_t key_combinations_ = 1;
  std::uint64_t neutral_combinations_ = 1;
};

/// Why a front is empty: configurations refused, or the constraints that no point meets.
std::string why_empty(const Exploration& exploration, const Statistics& statistics);

}  // namespace bat::explore
