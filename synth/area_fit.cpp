// SPDX-License-Identifier: Apache-2.0
#include "synth/area_fit.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <span>
#include <thread>

#include "rtl_gen/config/schema.hpp"
#include "synth/area_model.hpp"
#include "synth/area_shape.hpp"
#include "synth/liberty.hpp"
#include "synth/module_costs.hpp"

namespace bat::synth {
namespace {

constexpr std::size_t kQuantities = std::size(kAreaQuantities);
constexpr std::size_t kXcupFitted = 3;            // lut, ff, dsp
constexpr std::size_t kFitted = kXcupFitted + 1;  // and um2 of osu018
constexpr std::array<const char*, kFitted> kKeys = {"lut", "ff", "dsp", "um2"};
constexpr std::size_t kMostTerms = 8;

// -------------------------------------------------------------------------------------
// measurements

using ModuleSum = std::array<double, kFitted>;  // over all instances

struct Measured {
  Config config;
  Plan sizes;
  bool fitted = false;
  std::map<std::string, ModuleSum> modules;  // by listed module
  std::array<double, kQuantities> total{};
  std::map<AreaMemory, int> memories;
};

/// The module of the model that counts `base`; nothing for one that counts with its parent.
std::optional<std::string> model_name(const std::string& base) {
  const std::string name = base == "qmm_row_narrow" ? "qmm_row" : base;
  const bool known =
      std::ranges::any_of(area_modules(), [&](const AreaModule& m) { return m.name == name; });
  return known ? std::optional(name) : std::nullopt;
}

int parameter(const ModuleCost& module, const char* name) {
  const auto found = module.parameters.find(name);
  return found == module.parameters.end() ? 0 : std::atoi(found->second.c_str());
}

// Own resources and those of all unlisted modules inside, memories left out.
std::array<double, kFitted> folded(const ModuleCosts& costs, const std::string& name) {
  const ModuleCost& module = costs.modules.at(name);
  std::array<double, kFitted> sum{static_cast<double>(module.own.lut),
                                  static_cast<double>(module.own.ff),
                                  static_cast<double>(module.own.dsp), module.own.area_um2};
  for (const auto& [child, count] : module.children) {
    const std::string& base = costs.modules.at(child).base;
    if (model_name(base) || base == "bat_ram") continue;
    const auto part = folded(costs, child);
    for (std::size_t i = 0; i < kFitted; ++i) sum[i] += static_cast<double>(count) * part[i];
  }
  return sum;
}

void add_costs(Measured& m, const ModuleCosts& costs, Target target) {
  for (const auto& [name, module] : costs.modules) {
    if (module.base == "bat_ram") {
      if (target != Target::kXcup) continue;
      const AreaMemory memory{parameter(module, "Width"), parameter(module, "Depth"),
                              parameter(module, "Groups"), 0};
      m.memories[memory] += static_cast<int>(module.instances);
    }
    const auto counted = model_name(module.base);
    if (!counted) continue;
    ModuleSum& sum = m.modules[*counted];
    const auto instances = static_cast<double>(module.instances);
    const auto one = folded(costs, name);
    if (target == Target::kXcup) {
      for (std::size_t i = 0; i < kXcupFitted; ++i) sum[i] += instances * one[i];
    } else {
      sum[kXcupFitted] += instances * one[kXcupFitted];
    }
  }
  const Resources total = costs.total();
  if (target == Target::kXcup) {
    m.total[0] = static_cast<double>(total.lut);
    m.total[1] = static_cast<double>(total.ff);
    m.total[2] = static_cast<double>(total.dsp);
    m.total[3] = static_cast<double>(total.bram18) / 2.0;
  } else {
    m.total[4] = total.area_um2;
  }
}

std::string memory_text(const AreaMemory& m, int count) {
  return fmt::format("{} x {} bits x {} words, {} write enables", count, m.width, m.depth,
                     m.groups);
}

// Where the model's list of memories is not that of the design.
void compare_memories(const Measured& m, std::vector<std::string>& notes) {
  std::map<AreaMemory, int> listed;
  const AreaMemories memories = area_memories(m.config, m.sizes);
  for (std::size_t i = 0; i < memories.size; ++i) {
    AreaMemory memory = memories.list[i];
    const int count = std::exchange(memory.count, 0);
    listed[memory] += count;
  }
  for (const auto& [memory, count] : m.memories) {
    const auto found = listed.find(memory);
    const int known = found == listed.end() ? 0 : found->second;
    if (known != count) {
      notes.push_back(fmt::format("{}: the design has {}, the model {}", m.config.name,
                                  memory_text(memory, count), known));
    }
  }
  for (const auto& [memory, count] : listed) {
    if (!m.memories.contains(memory)) {
      notes.push_back(fmt::format("{}: the model has {}, the design none", m.config.name,
                                  memory_text(memory, count)));
    }
  }
}

// -------------------------------------------------------------------------------------- regression

struct Problem {
  Eigen::MatrixXd x;  // a row a sample, scaled by its weight
  Eigen::VectorXd y;
};

// Mean square of what each sample misses when it is left out of the fit (by the hat matrix).
double left_out_error(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                      Eigen::VectorXd* solution) {
  const Eigen::Index n = x.cols();
  // A trace of ridge keeps collinear columns apart.
  const Eigen::MatrixXd normal = x.transpose() * x + 1e-9 * Eigen::MatrixXd::Identity(n, n);
  const Eigen::LDLT<Eigen::MatrixXd> solver(normal);
  const Eigen::VectorXd beta = solver.solve(x.transpose() * y);
  if (solution != nullptr) *solution = beta;
  const Eigen::VectorXd residual = y - x * beta;
  double sum = 0.0;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const double leverage = x.row(i).dot(solver.solve(x.row(i).transpose()));
    const double slack = std::max(1.0 - leverage, 0.02);
    sum += residual(i) * residual(i) / (slack * slack);
  }
  return sum / static_cast<double>(x.rows());
}

Eigen::MatrixXd columns(const Eigen::MatrixXd& all, const std::vector<std::size_t>& chosen) {
  Eigen::MatrixXd part(all.rows(), static_cast<Eigen::Index>(chosen.size()));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    part.col(static_cast<Eigen::Index>(i)) = all.col(static_cast<Eigen::Index>(chosen[i]));
  }
  return part;
}

// Adds one feature after the other while the error of left-out samples falls.
std::map<std::size_t, double> regress(const Problem& problem) {
  const Eigen::VectorXd scale = problem.x.colwise().norm();
  Eigen::MatrixXd x = problem.x;
  for (Eigen::Index c = 0; c < x.cols(); ++c) {
    if (scale(c) > 0.0) x.col(c) /= scale(c);
  }
  std::vector<std::size_t> chosen;
  double best = problem.y.squaredNorm() / static_cast<double>(problem.y.size());
  const std::size_t most =
      std::min<std::size_t>(kMostTerms, static_cast<std::size_t>(x.rows()) / 3 + 1);
  constexpr double kGain = 0.93;
  constexpr double kExact = 1e-10;
  while (chosen.size() < most && best > kExact) {
    std::optional<std::size_t> next;
    double reached = best * kGain;
    for (std::size_t c = 0; c < kAreaFeatures; ++c) {
      if (scale(static_cast<Eigen::Index>(c)) <= 0.0 || std::ranges::count(chosen, c) > 0) continue;
      std::vector<std::size_t> tried = chosen;
      tried.push_back(c);
      const double error = left_out_error(columns(x, tried), problem.y, nullptr);
      if (error < reached) {
        reached = error;
        next = c;
      }
    }
    if (!next) break;
    chosen.push_back(*next);
    best = reached;
  }
  std::map<std::size_t, double> terms;
  if (chosen.empty()) return terms;
  Eigen::VectorXd beta;
  left_out_error(columns(x, chosen), problem.y, &beta);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    terms[chosen[i]] =
        beta(static_cast<Eigen::Index>(i)) / scale(static_cast<Eigen::Index>(chosen[i]));
  }
  return terms;
}

// By the model's number of instances: some classes (FIFOs, arbiters) stand for all of the design.
// Relative errors count: a sample's row is divided by its value, or by a part of the mean when it
// is smaller.
std::map<std::size_t, double> fit_quantity(const std::vector<const Measured*>& samples,
                                           const AreaModule& module, std::size_t quantity) {
  std::vector<double> values;
  double mean = 0.0;
  for (const Measured* m : samples) {
    const ModuleSum& sum = m->modules.at(std::string(module.name));
    values.push_back(sum[quantity] / module.instances(m->config, m->sizes));
    mean += values.back() / static_cast<double>(samples.size());
  }
  if (mean <= 0.0) return {};
  Problem problem;
  const auto rows = static_cast<Eigen::Index>(samples.size());
  problem.x.resize(rows, static_cast<Eigen::Index>(kAreaFeatures));
  problem.y.resize(rows);
  for (Eigen::Index r = 0; r < rows; ++r) {
    const Measured& m = *samples[static_cast<std::size_t>(r)];
    constexpr double kLeast = 0.3;
    const double value = values[static_cast<std::size_t>(r)];
    const double weight = 1.0 / std::max(value, kLeast * mean);
    const auto features = area_feature_values(m.config, m.sizes);
    for (std::size_t c = 0; c < kAreaFeatures; ++c)
      problem.x(r, static_cast<Eigen::Index>(c)) = features[c] * weight;
    problem.y(r) = value * weight;
  }
  return regress(problem);
}

nlohmann::ordered_json fit_module(const std::vector<const Measured*>& samples,
                                  const AreaModule& module) {
  std::map<std::size_t, nlohmann::ordered_json> terms;
  for (std::size_t q = 0; q < kFitted; ++q) {
    for (const auto& [feature, value] : fit_quantity(samples, module, q)) {
      terms[feature][kKeys[q]] = std::stod(fmt::format("{:.5g}", value));
    }
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [feature, values] : terms)
    json[std::string(area_features()[feature].name)] = values;
  return json;
}

// A popcount as it is generated for a configuration, measured alone.
struct MeasuredPopcount {
  Config config;
  std::array<double, kFitted> cost{};
};

std::string popcount_entry(const MeasuredPopcount& m) {
  nlohmann::ordered_json one;
  for (std::size_t i = 0; i < kFitted; ++i) {
    if (m.cost[i] > 0.0) one[kKeys[i]] = m.cost[i];
  }
  const nlohmann::ordered_json entry{{"module", "popcount"},
                                     {"structure", to_string(m.config.array.popcount)},
                                     {"depth", m.config.array.depth},
                                     {"stages", m.config.array.pop_stages},
                                     {"terms", {{"one", one}}}};
  return "  " + entry.dump();
}

// One entry a line keeps the committed file readable in a comparison.
std::string coefficients_text(const std::vector<const Measured*>& fitted,
                              const std::vector<MeasuredPopcount>& popcounts, double ge_um2) {
  std::vector<std::string> entries;
  for (const AreaModule& type : area_modules()) {
    if (type.by_popcount) continue;
    std::vector<const Measured*> samples;
    for (const Measured* m : fitted) {
      const auto found = m->modules.find(std::string(type.name));
      if (found != m->modules.end() && type.instances(m->config, m->sizes) > 0.0)
        samples.push_back(m);
    }
    if (samples.empty()) continue;
    const nlohmann::ordered_json entry{
        {"module", type.name}, {"samples", samples.size()}, {"terms", fit_module(samples, type)}};
    entries.push_back("  " + entry.dump());
  }
  for (const MeasuredPopcount& m : popcounts) entries.push_back(popcount_entry(m));
  return fmt::format("{{\"ge_um2\": {},\n \"modules\": [\n{}\n ]}}\n", ge_um2,
                     fmt::join(entries, ",\n"));
}

// ----------------------------------------------------------------------------------------- drawing

class Draw {
 public:
  Draw(std::uint64_t seed, int number)
      : random_(seed * 1000003 + static_cast<std::uint64_t>(number)) {}

  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  /// Both ends powers of two.
  int power(int low, int high) {
    int steps = 0;
    while (low << steps < high) ++steps;
    return low << between(0, steps);
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  int one_of(std::initializer_list<int> values) {
    return *(values.begin() + between(0, static_cast<int>(values.size()) - 1));
  }

 private:
  std::mt19937_64 random_;
};

Config draw_config(Draw& d) {
  Config c;
  c.array.rows = d.power(2, 32);
  c.array.cols = std::max(c.array.rows, d.power(4, 32));
  c.array.depth = std::max(c.array.cols, d.power(16, 128));
  c.array.lanes = std::min(d.power(1, 4), c.array.cols);
  c.array.pop_stages = d.between(0, 2);
  c.array.popcount =
      static_cast<Popcount>(d.between(0, static_cast<int>(std::size(config::kPopcountNames)) - 1));
  c.features.act_bits = d.one_of({1, 1, 1, 2, 4, 8});
  c.features.branches = d.chance(25) ? 2 : 1;
  c.features.softmax = d.chance(65);
  c.features.threshold = !c.features.softmax || d.chance(50);
  c.features.tokens = d.chance(60);
  c.features.feature_rows = !c.features.tokens || d.chance(40);
  c.features.pruning = d.chance(40);
  c.limits.tokens = d.one_of({16, 32, 64, 128, 256, 384});
  c.limits.head_dim = d.one_of({16, 32, 64});
  c.limits.heads = d.one_of({2, 4, 8, 12});
  c.limits.hidden = d.one_of({64, 128, 256, 384, 512, 768});
  c.limits.ffn = c.limits.hidden * d.one_of({2, 4});
  c.limits.classes = d.one_of({2, 10, 32, 150});
  c.limits.features = d.one_of({16, 64, 256});
  c.limits.positions = c.limits.tokens;
  c.limits.sentences = d.one_of({1, 1, 2, 4});
  c.memory.axi_data_bits = d.power(32, 512);
  c.memory.axi_addr_bits = d.one_of({32, 40, 48});
  c.memory.max_burst = d.power(4, 32);
  c.memory.outstanding = d.power(2, 32);
  c.buffers.queue_depth = d.power(4, 32);
  c.buffers.job_queue_depth = d.one_of({2, 4});
  return c;
}

// ------------------------------------------------------------------------------------------- runs

Status measure(Measured& m, const AreaFitOptions& options, std::size_t& mapped) {
  SynthOptions synth;
  synth.timeout = options.timeout;
  for (const Target target : {Target::kXcup, Target::kOsu018}) {
    const auto costs = module_costs(m.config, target, options.cache, synth);
    if (!costs) {
      return Error{
          fmt::format("{} on {}: {}", m.config.name, to_string(target), costs.error().message),
          costs.error().kind};
    }
    mapped += costs.value().mapped;
    add_costs(m, costs.value(), target);
  }
  return Ok{};
}

Status measure(MeasuredPopcount& m, const AreaFitOptions& options, std::size_t& mapped) {
  SynthOptions synth;
  synth.timeout = options.timeout;
  for (const Target target : {Target::kXcup, Target::kOsu018}) {
    const auto costs = module_costs(m.config, target, options.cache, synth, "popcount");
    if (!costs) return costs.error();
    mapped += costs.value().mapped;
    const Resources total = costs.value().total();
    if (target == Target::kXcup) {
      m.cost = {static_cast<double>(total.lut), static_cast<double>(total.ff),
                static_cast<double>(total.dsp), 0.0};
    } else {
      m.cost[3] = total.area_um2;
    }
  }
  return Ok{};
}

// Both kinds of measurement, `options.jobs` at a time.
template <typename Item>
Status measure_all(std::vector<Item>& all, const AreaFitOptions& options, std::size_t& mapped) {
  std::atomic<std::size_t> next{0};
  std::size_t done = 0;
  std::mutex guard;
  Status status = Ok{};
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      std::size_t fresh = 0;
      const Status result = measure(all[i], options, fresh);
      const std::lock_guard lock(guard);
      mapped += fresh;
      if (!result && status) status = result.error();
      if (!status) return;
      if (options.progress) options.progress(++done, all.size(), all[i].config.name);
    }
  };
  std::vector<std::jthread> threads;
  for (int j = 0; j < options.jobs; ++j) threads.emplace_back(work);
  threads.clear();
  return status;
}

// Every structure with every number of lanes and registers that a configuration may have.
std::vector<MeasuredPopcount> popcounts() {
  std::vector<MeasuredPopcount> all;
  for (std::size_t kind = 0; kind < std::size(config::kPopcountNames); ++kind) {
    for (int depth = 8; depth <= 128; depth *= 2) {
      for (int stages = 0; stages <= 2; ++stages) {
        Config c;
        c.array.popcount = static_cast<Popcount>(kind);
        c.array.depth = depth;
        c.array.pop_stages = stages;
        c.name = fmt::format("popcount-{}-{}-{}", to_string(c.array.popcount), depth, stages);
        all.push_back({std::move(c), {}});
      }
    }
  }
  return all;
}

Result<std::vector<Measured>> configurations(const AreaFitOptions& options) {
  std::vector<Measured> all;
  const auto add = [&all](Config config, bool fitted) -> Status {
    auto sizes = plan(config);
    if (!sizes) return sizes.error();
    all.push_back({std::move(config), sizes.value(), fitted, {}, {}, {}});
    return Ok{};
  };
  for (int i = 0; i < options.samples + options.held_out; ++i) {
    Config config = sample_config(options.seed, i);
    if (Status added = add(std::move(config), i < options.samples); !added) return added.error();
  }
  for (const std::string& name : config_names()) {
    auto config = load_config(name);
    if (!config) return config.error();
    if (Status added = add(std::move(config).value(), false); !added) return added.error();
  }
  return all;
}

AreaError compare(const Measured& m, const AreaModel& model, double ge_um2) {
  const AreaPrediction p = model.predict(m.config, m.sizes);
  AreaError error;
  error.config = m.config.name;
  error.fitted = m.fitted;
  std::ranges::copy(m.total, error.measured);
  error.measured[4] /= ge_um2;
  const std::array<double, kQuantities> predicted{p.lut, p.ff, p.dsp, p.bram36, p.gate_equivalents};
  std::ranges::copy(predicted, error.predicted);
  return error;
}

}  // namespace

double AreaError::relative(std::size_t quantity) const {
  const double difference = std::abs(predicted[quantity] - measured[quantity]);
  if (difference < 0.5) return 0.0;
  return measured[quantity] > 0.0 ? difference / measured[quantity] : 1.0;
}

std::string AreaFit::markdown() const {
  std::string text = "| configuration |";
  for (const std::string_view quantity : kAreaQuantities)
    text += fmt::format(" {} measured | predicted | error |", quantity);
  text += "\n|---|";
  for (std::size_t q = 0; q < kQuantities; ++q) text += "---:|---:|---:|";
  text += '\n';
  for (const bool fitted : {false, true}) {
    double mean[kQuantities] = {};
    double worst[kQuantities] = {};
    double count = 0.0;
    for (const AreaError& e : errors) {
      if (e.fitted != fitted) continue;
      count += 1.0;
      for (std::size_t q = 0; q < kQuantities; ++q) {
        mean[q] += e.relative(q);
        worst[q] = std::max(worst[q], e.relative(q));
      }
      if (fitted) continue;
      text += fmt::format("| `{}` |", e.config);
      for (std::size_t q = 0; q < kQuantities; ++q) {
        text += fmt::format(" {:.10g} | {:.0f} | {:.1f} % |", std::round(2.0 * e.measured[q]) / 2.0,
                            e.predicted[q], 100.0 * e.relative(q));
      }
      text += '\n';
    }
    for (const char* kind : {"mean", "worst"}) {
      text += fmt::format("| **{} of {:.0f} {}** |", kind, count, fitted ? "fitted" : "not fitted");
      const double* values = std::string_view(kind) == "mean" ? mean : worst;
      for (std::size_t q = 0; q < kQuantities; ++q) {
        const double value = kind[0] == 'm' ? values[q] / std::max(count, 1.0) : values[q];
        text += fmt::format(" | | {:.1f} % |", 100.0 * value);
      }
      text += '\n';
    }
  }
  return text;
}

Config sample_config(std::uint64_t seed, int number) {
  Draw draw(seed, number);
  for (;;) {
    Config config = draw_config(draw);
    config.name = fmt::format("sample-{}", number);
    if (plan(config)) return config;
  }
}

Result<AreaFit> fit_area(const AreaFitOptions& options) {
  auto found = configurations(options);
  if (!found) return found.error();
  std::vector<Measured>& all = found.value();
  const Result<std::filesystem::path> library = find_osu018();
  if (!library) return library.error();
  const Result<Liberty> liberty = read_liberty(library.value());
  if (!liberty) return liberty.error();
  const Result<double> ge = liberty.value().gate_equivalent();
  if (!ge) return ge.error();

  AreaFit fit;
  if (Status measured = measure_all(all, options, fit.mapped); !measured) return measured.error();
  std::vector<MeasuredPopcount> counts = popcounts();
  if (Status measured = measure_all(counts, options, fit.mapped); !measured)
    return measured.error();
  std::vector<const Measured*> fitted;
  for (const Measured& m : all) {
    if (m.fitted) fitted.push_back(&m);
    compare_memories(m, fit.notes);
  }
  fit.coefficients = coefficients_text(fitted, counts, ge.value());
  const Result<AreaModel> model = AreaModel::parse(fit.coefficients, "the new fit");
  if (!model) return model.error();
  for (const Measured& m : all) fit.errors.push_back(compare(m, model.value(), ge.value()));
  return fit;
}

}  // namespace bat::synth
