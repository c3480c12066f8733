// SPDX-License-Identifier: Apache-2.0
#include "explore/exploration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <numeric>
#include <optional>
#include <thread>
#include <tuple>

#include "explore/parallel.hpp"
#include "models/io/sha256.hpp"
#include "rtl_gen/estimate/bound.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/fit.hpp"
#include "synth/energy_model.hpp"

namespace bat::explore {
namespace {

/// Limits and features that just hold the model.
void fit(Config& config, const bmt::Model& model, int tokens) {
  int heads = 0;
  int ffn = 0;
  for (int i = 0; i < model.layer_count(); ++i) {
    heads = std::max(heads, model.heads(i));
    ffn = std::max(ffn, model.ffn(i));
  }
  const bool rows = model.input == bmt::InputKind::kFeatures;
  config.features.act_bits = model.act_bits;
  config.features.branches = model.branches;
  config.features.softmax = model.attention == bmt::Attention::kSoftmax;
  config.features.threshold = model.attention == bmt::Attention::kThreshold;
  config.features.tokens = !rows;
  config.features.feature_rows = rows;
  config.features.pruning = model.pruning.used();
  config.limits = {tokens,
                   model.hidden,
                   heads,
                   model.head_dim,
                   ffn,
                   model.classes,
                   rows ? model.features.count : 1,
                   model.max_tokens,
                   1};
}

/// The plan of a point from that of its schedule: keys of neutral axes hardly touch it, and making
/// it anew for each point would take longer than everything else.
Result<Plan> point_plan(const Plan& schedule, const Config& config) {
  if (Status s = check_dsp_rows(config, schedule); !s.ok()) return s.error();
  Plan own = schedule;
  own.axi_addr_bits = config.memory.axi_addr_bits;
  return own;
}

}  // namespace

Exploration::Exploration(Space space, std::vector<Variant> variants, AreaFunction area)
    : space_(std::move(space)), variants_(std::move(variants)), area_(std::move(area)) {
  for (const Metric m : {Metric::kLut, Metric::kFf, Metric::kDsp, Metric::kBram36, Metric::kKge,
                         Metric::kMemoryKbit, Metric::kUtilization}) {
    needs_area_ = needs_area_ || space_.uses(m);
  }
  needs_energy_ = space_.uses(Metric::kEnergyUj) || space_.uses(Metric::kTopsPerWatt);
  needs_area_ = needs_area_ || needs_energy_;
  for (const Variant& variant : variants_) {
    Config config = space_.base;
    config.name.clear();
    config.model.clear();
    if (space_.fit_limits) fit(config, variant.model, variant.tokens);
    bases_.push_back(std::move(config));
  }
  for (std::size_t i = 0; i < space_.axes.size(); ++i) {
    const Axis& axis = space_.axes[i];
    (axis.neutral() ? neutral_axes_ : key_axes_).push_back(i);
    (axis.neutral() ? neutral_combinations_ : key_combinations_) *= axis.size();
  }
}

double Exploration::size() const { return space_.points(variants_.size()); }

Config Exploration::config_of(std::size_t variant, std::uint64_t combination) const {
  Config config = bases_[variant];
  // The last axis varies fastest; axes that leave cycles as they are vary faster than the others.
  for (const auto* axes : {&neutral_axes_, &key_axes_}) {
    for (auto it = axes->rbegin(); it != axes->rend(); ++it) {
      const Axis& axis = space_.axes[*it];
      axis.set(config, combination % axis.size());
      combination /= axis.size();
    }
  }
  return config;
}

Result<Metrics> Exploration::metrics_of(std::size_t variant, std::size_t platform,
                                        const Config& config, const Plan& plan,
                                        double cycles) const {
  const Platform& where = space_.platforms[platform];
  Metrics metrics = variants_[variant].metrics_on(config);
  metrics[index(Metric::kCycles)] = cycles;
  metrics[index(Metric::kLatencyUs)] = cycles / where.clock_mhz;
  if (where.device) metrics[index(Metric::kPrice)] = where.device->price_class;
  if (!needs_area_) return metrics;
  const auto area = area_(config, plan, where.target);
  if (!area.ok()) {
    return Error{
        fmt::format("{}: platform {}: {}", space_.source, where.name(), area.error().message),
        area.error().kind};
  }
  const Area& a = area.value();
  metrics[index(Metric::kLut)] = a.lut;
  metrics[index(Metric::kFf)] = a.ff;
  metrics[index(Metric::kDsp)] = a.dsp;
  metrics[index(Metric::kBram36)] = a.bram36;
  metrics[index(Metric::kKge)] = a.kge;
  metrics[index(Metric::kMemoryKbit)] = a.memory_kbit;
  if (needs_energy_) {
    const Result<synth::EnergyModel>& model = synth::EnergyModel::builtin();
    if (!model.ok()) return model.error();
    const Work work = work_of(plan, variants_[variant].work, variants_[variant].tokens);
    synth::AreaPrediction cells;
    cells.ff = a.registers;
    cells.gate_equivalents = a.kge * 1000;
    const synth::EnergyInputs inputs = synth::energy_inputs(cells, plan, work);
    const double nj = model.value().cost(inputs, where.clock_gates).nj(cycles);
    metrics[index(Metric::kEnergyUj)] = nj / 1000;
    // Two operations a binary product; 1 TOPS/W is one operation a picojoule.
    metrics[index(Metric::kTopsPerWatt)] = nj > 0 ? 2 * inputs.macs / (nj * 1000) : 0;
  }
  if (where.device) {
    const Device& d = *where.device;
    const auto share = [](double used, double there) {
      return used <= 0 ? 0.0 : there > 0 ? used / there : 1e9;
    };
    metrics[index(Metric::kUtilization)] = std::max(
        {share(a.lut, d.lut), share(a.ff, d.ff), share(a.dsp, d.dsp), share(a.bram36, d.bram36)});
  }
  return metrics;
}

bool Exploration::allowed(const Metrics& metrics) const {
  return std::all_of(
      space_.constraints.begin(), space_.constraints.end(), [&](const Constraint& c) {
        const double value = metrics[index(c.metric)];
        // A bound of cycles says nothing about a least number of them, or of what grows with them.
        const bool from_cycles = c.metric == Metric::kCycles || c.metric == Metric::kLatencyUs ||
                                 c.metric == Metric::kEnergyUj;
        const bool falling = c.metric == Metric::kTopsPerWatt;
        return (!c.max || falling || value <= *c.max) && (!c.min || from_cycles || value >= *c.min);
      });
}

bool Exploration::meets(const Metrics& metrics) const {
  return std::all_of(space_.constraints.begin(), space_.constraints.end(),
                     [&](const Constraint& c) {
                       const double value = metrics[index(c.metric)];
                       return (!c.min || value >= *c.min) && (!c.max || value <= *c.max);
                     });
}

Vector Exploration::objectives_of(const Metrics& metrics) const {
  Vector vector{};
  for (std::size_t d = 0; d < space_.objectives.size(); ++d) {
    const Metric m = space_.objectives[d];
    vector[d] = info(m).maximize ? -metrics[index(m)] : metrics[index(m)];
  }
  return vector;
}

/// One run over a space.
class Search {
 public:
  Search(const Exploration& e, Journal& journal, const ExploreOptions& options)
      : e_(e),
        journal_(journal),
        options_(options),
        threads_(options.threads > 0 ? options.threads
                                     : std::max(1U, std::thread::hardware_concurrency())),
        dimensions_(e.space_.objectives.size()) {}

  Result<Front> run() {
    const auto start = std::chrono::steady_clock::now();
    if (auto error = enumerate()) return *error;
    for (;;) {
      const std::vector<std::uint32_t> front = optimistic_front();
      std::vector<std::uint32_t> open = unknown_of(front);
      if (open.empty()) break;
      evaluate(open);
      drop();
    }
    Front result;
    if (auto error = collect(result)) return *error;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    statistics_.seconds = seconds.count();
    result.statistics = statistics_;
    return result;
  }

 private:
  /// A (model, configuration but for neutral axes, memory).
  struct Schedule {
    std::uint64_t item = 0;  ///< variant * key combinations + combination of key axes
    int bandwidth = 0;
    int latency = 0;
    std::int64_t cycles = -1;  ///< unknown; 0: the model does not fit
  };
  struct Candidate {
    Vector vector{};
    std::uint32_t schedule = 0;
    std::uint32_t platform = 0;
    std::uint64_t neutral = 0;
  };
  struct Legal {
    std::uint64_t neutral = 0;
    Config config;
    Plan plan;
  };
  /// What a chunk of items leaves.
  struct Part {
    std::vector<Schedule> schedules;
    std::vector<Candidate> candidates;  ///< their schedules count from the part's first one
    double illegal = 0;
    double excluded = 0;
    std::string first_refusal;
    std::vector<Reach> reach;
    std::optional<Error> error;
  };

  std::size_t variant_of(std::uint64_t item) const {
    return static_cast<std::size_t>(item / e_.key_combinations_);
  }
  Config config_of(std::uint64_t item, std::uint64_t neutral) const {
    return e_.config_of(variant_of(item),
                        item % e_.key_combinations_ * e_.neutral_combinations_ + neutral);
  }
  /// What a schedule runs on, whatever the neutral axes say.
  Config schedule_config(std::uint64_t item) const {
    Config config = config_of(item, 0);
    clear_neutral(config);
    return config;
  }

  std::optional<Error> enumerate() {
    constexpr std::uint64_t kChunk = 256;
    const std::uint64_t items = e_.variants_.size() * e_.key_combinations_;
    const auto chunks = static_cast<std::size_t>((items + kChunk - 1) / kChunk);
    std::vector<Part> parts(chunks);
    parallel(
        chunks, threads_,
        [&](std::size_t chunk) {
          const std::uint64_t first = chunk * kChunk;
          for (std::uint64_t i = first; i < std::min(items, first + kChunk); ++i) {
            if (!parts[chunk].error) item(i, parts[chunk]);
          }
        },
        [&](std::size_t done) { report("points", done, chunks); });
    statistics_.points = e_.size();
    for (Part& part : parts) {
      if (part.error) return part.error;
      const auto first = static_cast<std::uint32_t>(schedules_.size());
      schedules_.insert(schedules_.end(), part.schedules.begin(), part.schedules.end());
      for (Candidate& c : part.candidates) {
        c.schedule += first;
        candidates_.push_back(c);
      }
      statistics_.illegal += part.illegal;
      statistics_.excluded += part.excluded;
      if (statistics_.first_refusal.empty()) statistics_.first_refusal = part.first_refusal;
      merge(part.reach);
      part = Part{};
    }
    statistics_.schedules = static_cast<double>(schedules_.size());
    return std::nullopt;
  }

  /// All points of an item: those that no other point of the same schedule dominates stay.
  void item(std::uint64_t i, Part& part) const {
    const std::size_t v = variant_of(i);
    const Variant& variant = e_.variants_[v];
    const Config config = schedule_config(i);
    const auto platforms = e_.space_.platforms.size();
    const auto planned = plan(config);
    Status fits = planned.ok() ? check_fit(config, variant.model) : Status(planned.error());
    if (!fits.ok()) {
      part.illegal += static_cast<double>(e_.neutral_combinations_ * platforms);
      if (part.first_refusal.empty()) part.first_refusal = fits.error().message;
      return;
    }
    const Plan& p = planned.value();
    const std::vector<Legal> legal = legal_points(i, p, part);
    if (legal.empty()) return;
    std::map<std::pair<int, int>, std::uint32_t> memories;
    for (std::size_t platform = 0; platform < platforms; ++platform) {
      const Platform& where = e_.space_.platforms[platform];
      const int bandwidth = where.bandwidth_of(p.axi_bits);
      const MemoryModel memory{where.latency, bandwidth, 64};
      const auto bound = static_cast<double>(cycle_bound(p, variant.work, variant.tokens, memory));
      const auto [place, added] = memories.try_emplace(
          {where.latency, bandwidth}, static_cast<std::uint32_t>(part.schedules.size()));
      if (added) part.schedules.push_back({i, bandwidth, where.latency, -1});
      std::vector<Candidate> own;
      for (const Legal& point : legal) {
        const auto metrics = e_.metrics_of(v, platform, point.config, point.plan, bound);
        if (!metrics.ok()) {
          part.error = metrics.error();
          return;
        }
        note_reach(metrics.value(), part.reach);
        if (!e_.allowed(metrics.value())) {
          part.excluded += 1;
          continue;
        }
        own.push_back({e_.objectives_of(metrics.value()), place->second,
                       static_cast<std::uint32_t>(platform), point.neutral});
      }
      keep_front(own, part.candidates);
    }
  }

  void note_reach(const Metrics& metrics, std::vector<Reach>& reach) const {
    reach.resize(e_.space_.constraints.size());
    for (std::size_t c = 0; c < reach.size(); ++c) {
      const double value = metrics[index(e_.space_.constraints[c].metric)];
      reach[c].least = std::min(reach[c].least, value);
      reach[c].largest = std::max(reach[c].largest, value);
    }
  }

  void merge(const std::vector<Reach>& reach) {
    statistics_.reach.resize(e_.space_.constraints.size());
    for (std::size_t c = 0; c < reach.size(); ++c) {
      Reach& all = statistics_.reach[c];
      all.least = std::min(all.least, reach[c].least);
      all.largest = std::max(all.largest, reach[c].largest);
    }
  }

  /// Points of an item that neutral axes leave legal: array.dsp_rows may ask for too much.
  std::vector<Legal> legal_points(std::uint64_t i, const Plan& schedule, Part& part) const {
    std::vector<Legal> list;
    list.reserve(e_.neutral_combinations_);
    for (std::uint64_t n = 0; n < e_.neutral_combinations_; ++n) {
      Config config = config_of(i, n);
      const auto planned = point_plan(schedule, config);
      if (planned.ok()) {
        list.push_back({n, std::move(config), planned.value()});
        continue;
      }
      part.illegal += static_cast<double>(e_.space_.platforms.size());
      if (part.first_refusal.empty()) part.first_refusal = planned.error().message;
    }
    return list;
  }

  void keep_front(const std::vector<Candidate>& own, std::vector<Candidate>& all) const {
    std::vector<Vector> vectors;
    vectors.reserve(own.size());
    for (const Candidate& c : own) vectors.push_back(c.vector);
    for (const std::uint32_t i : pareto_front(vectors, dimensions_)) all.push_back(own[i]);
  }

  /// Candidates, by place, that nothing dominates, bounds in the place of unknown cycles.
  std::vector<std::uint32_t> optimistic_front() {
    std::vector<Vector> vectors;
    vectors.reserve(candidates_.size());
    for (const Candidate& c : candidates_) vectors.push_back(c.vector);
    return pareto_front(vectors, dimensions_);
  }

  std::vector<std::uint32_t> unknown_of(const std::vector<std::uint32_t>& front) const {
    std::vector<std::uint32_t> open;
    for (const std::uint32_t i : front) {
      const std::uint32_t s = candidates_[i].schedule;
      if (schedules_[s].cycles < 0) open.push_back(s);
    }
    std::sort(open.begin(), open.end());
    open.erase(std::unique(open.begin(), open.end()), open.end());
    return open;
  }

  std::string journal_key(const Schedule& s, const Variant& variant, const Config& config) const {
    const std::string text = fmt::format("{} {} {} {} {}", variant.hash, config_hash(config),
                                         variant.tokens, s.latency, s.bandwidth);
    return io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})
        .substr(0, 32);
  }

  void evaluate(const std::vector<std::uint32_t>& open) {
    std::vector<std::string> refusals(open.size());
    std::atomic<std::size_t> known{0};
    parallel(
        open.size(), threads_,
        [&](std::size_t i) {
          Schedule& s = schedules_[open[i]];
          const Variant& variant = e_.variants_[variant_of(s.item)];
          const Config config = schedule_config(s.item);
          const std::string key = journal_key(s, variant, config);
          if (const auto found = journal_.find(key)) {
            s.cycles = *found;
            ++known;
            return;
          }
          const auto cycles = exact_cycles(config, plan(config).value(), variant.model,
                                           variant.tokens, {s.latency, s.bandwidth, 64});
          s.cycles = cycles.ok() ? cycles.value() : 0;
          if (!cycles.ok()) refusals[i] = cycles.error().message;
          journal_.add(key, s.cycles);
        },
        [&](std::size_t done) {
          report("schedules", static_cast<std::size_t>(statistics_.evaluated) + done,
                 schedules_.size());
        });
    statistics_.evaluated += static_cast<double>(open.size());
    statistics_.from_journal += static_cast<double>(known.load());
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (schedules_[open[i]].cycles > 0) continue;
      statistics_.unfit += 1;
      if (statistics_.first_refusal.empty()) statistics_.first_refusal = refusals[i];
    }
  }

  /// Puts known cycles into the candidates; drops those that then break a constraint, and those
  /// that a known one dominates.
  void drop() {
    std::erase_if(candidates_, [&](Candidate& c) {
      const std::int64_t cycles = schedules_[c.schedule].cycles;
      if (cycles < 0) return false;
      return cycles == 0 || !set_cycles(c, static_cast<double>(cycles));
    });
    std::vector<Vector> known;
    for (const Candidate& c : candidates_) {
      if (schedules_[c.schedule].cycles > 0) known.push_back(c.vector);
    }
    std::vector<Vector> front;
    for (const std::uint32_t i : pareto_front(known, dimensions_)) front.push_back(known[i]);
    std::vector<Vector> all;
    all.reserve(candidates_.size());
    for (const Candidate& c : candidates_) all.push_back(c.vector);
    const std::vector<std::uint8_t> lost = dominated_by(front, all, dimensions_);
    std::size_t at = 0;
    std::erase_if(candidates_, [&](const Candidate&) { return lost[at++] != 0; });
  }

  /// False where a constraint on cycles is broken.
  bool set_cycles(Candidate& c, double cycles) const {
    if (e_.needs_energy_) {
      const Schedule& s = schedules_[c.schedule];
      const Config config = config_of(s.item, c.neutral);
      const auto metrics =
          e_.metrics_of(variant_of(s.item), c.platform, config, plan(config).value(), cycles);
      if (!metrics.ok()) return false;  // it gave numbers for the bound
      c.vector = e_.objectives_of(metrics.value());
      return e_.meets(metrics.value());
    }
    const double clock = e_.space_.platforms[c.platform].clock_mhz;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      if (e_.space_.objectives[d] == Metric::kCycles) c.vector[d] = cycles;
      if (e_.space_.objectives[d] == Metric::kLatencyUs) c.vector[d] = cycles / clock;
    }
    return cycles_allowed(cycles, clock);
  }

  bool cycles_allowed(double cycles, double clock) const {
    return std::all_of(e_.space_.constraints.begin(), e_.space_.constraints.end(),
                       [&](const Constraint& k) {
                         const double value = k.metric == Metric::kCycles ? cycles : cycles / clock;
                         if (k.metric != Metric::kCycles && k.metric != Metric::kLatencyUs) {
                           return true;
                         }
                         return (!k.min || value >= *k.min) && (!k.max || value <= *k.max);
                       });
  }

  std::optional<Error> collect(Front& result) {
    for (const Candidate& c : candidates_) {
      const Schedule& s = schedules_[c.schedule];
      if (s.cycles <= 0) continue;
      Point point;
      point.variant = variant_of(s.item);
      point.platform = c.platform;
      point.combination = s.item % e_.key_combinations_ * e_.neutral_combinations_ + c.neutral;
      point.config = config_of(s.item, c.neutral);
      const auto metrics = e_.metrics_of(point.variant, point.platform, point.config,
                                         plan(point.config).value(), static_cast<double>(s.cycles));
      if (!metrics.ok()) return metrics.error();
      point.metrics = metrics.value();
      result.points.push_back(std::move(point));
    }
    sort(e_, result);
    return std::nullopt;
  }

  void report(std::string_view what, std::size_t done, std::size_t total) const {
    if (options_.progress) options_.progress(what, done, total);
  }

 public:
  static void sort(const Exploration& e, Front& front) {
    const std::size_t dimensions = e.space_.objectives.size();
    std::sort(front.points.begin(), front.points.end(), [&](const Point& a, const Point& b) {
      const Vector va = e.objectives_of(a.metrics);
      const Vector vb = e.objectives_of(b.metrics);
      for (std::size_t d = 0; d < dimensions; ++d) {
        if (va[d] != vb[d]) return va[d] < vb[d];
      }
      return std::tie(a.variant, a.combination, a.platform) <
             std::tie(b.variant, b.combination, b.platform);
    });
    for (Point& point : front.points) {
      std::string name = e.variants_[point.variant].name;
      name = name.substr(name.find_last_of('/') + 1);
      point.config.name =
          fmt::format("{}-{}", name.substr(0, name.find(".safetensors")), point.combination);
    }
  }

 private:
  const Exploration& e_;
  Journal& journal_;
  const ExploreOptions& options_;
  unsigned threads_;
  std::size_t dimensions_;
  std::vector<Schedule> schedules_;
  std::vector<Candidate> candidates_;
  Statistics statistics_;
};

std::string why_empty(const Exploration& e, const Statistics& s) {
  const std::string refused =
      s.first_refusal.empty() ? "" : "; the first refused configuration: " + s.first_refusal;
  if (s.illegal >= s.points) return "no configuration is legal for a model" + refused;
  std::string unmet;
  for (std::size_t c = 0; c < s.reach.size(); ++c) {
    const Constraint& k = e.space().constraints[c];
    const bool from_cycles = k.metric == Metric::kCycles || k.metric == Metric::kLatencyUs;
    if (k.max && s.reach[c].least > *k.max) {
      unmet += fmt::format("; {}: max {:g}, the least is {}{:.6g}", info(k.metric).name, *k.max,
                           from_cycles ? "no less than " : "", s.reach[c].least);
    }
    if (k.min && !from_cycles && s.reach[c].largest < *k.min) {
      unmet += fmt::format("; {}: min {:g}, the largest is {:.6g}", info(k.metric).name, *k.min,
                           s.reach[c].largest);
    }
  }
  if (unmet.empty()) unmet = "; each alone may be met, but not all at once";
  return "no point meets the constraints" + unmet + refused;
}

Result<Front> Exploration::run(Journal& journal, const ExploreOptions& options) const {
  return Search(*this, journal, options).run();
}

Result<Front> Exploration::brute_force() const {
  std::vector<Point> all;
  std::vector<Vector> vectors;
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    for (std::uint64_t c = 0; c < key_combinations_ * neutral_combinations_; ++c) {
      const Config config = config_of(v, c);
      const auto planned = plan(config);
      if (!planned.ok()) continue;
      for (std::size_t platform = 0; platform < space_.platforms.size(); ++platform) {
        const Platform& where = space_.platforms[platform];
        const auto cycles =
            exact_cycles(config, planned.value(), variants_[v].model, variants_[v].tokens,
                         {where.latency, where.bandwidth_of(planned.value().axi_bits), 64});
        if (!cycles.ok()) continue;
        const auto metrics =
            metrics_of(v, platform, config, planned.value(), static_cast<double>(cycles.value()));
        if (!metrics.ok()) return metrics.error();
        if (!meets(metrics.value())) continue;
        all.push_back({v, platform, c, config, metrics.value()});
        vectors.push_back(objectives_of(metrics.value()));
      }
    }
  }
  Front front;
  for (const std::uint32_t i : pareto_front(vectors, space_.objectives.size())) {
    front.points.push_back(all[i]);
  }
  Search::sort(*this, front);
  return front;
}

}  // namespace bat::explore
