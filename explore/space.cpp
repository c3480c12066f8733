// SPDX-License-Identifier: Apache-2.0
#include "explore/space.hpp"

#include <climits>
#include <cmath>

#include "explore/pareto.hpp"
#include "explore/toml_reader.hpp"
#include "models/io/atomic_file.hpp"
#include "rtl_gen/config/ascii_text.hpp"

namespace bat::explore {
namespace {

class SpaceParser {
 public:
  SpaceParser(std::string_view text, std::string_view source)
      : text_(text), source_(source), reader_(source_, message_) {}

  Result<Space> run() {
    const Result<std::string> ascii = config::ascii_text(text_, source_);
    if (!ascii.ok()) return ascii.error();
    const toml::parse_result parsed = toml::parse(ascii.value(), source_);
    if (!parsed) {
      const auto at = parsed.error().source().begin;
      return Error{
          fmt::format("{}:{}:{}: {}", source_, at.line, at.column, parsed.error().description())};
    }
    space_.source = source_;
    if (!root(parsed.table())) return Error{message_};
    return std::move(space_);
  }

 private:
  bool root(const toml::table& root) {
    return reader_.only(root, "",
                        {"task", "models", "shape", "hardware", "platform", "robustness",
                         "objectives", "constraints"}) &&
           reader_.text(root, "task", space_.task) && models(root) && shapes(root) &&
           hardware(root) && platform(root) && robustness(root) && objectives(root) &&
           constraints(root) && consistent(root);
  }

  bool models(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "models", table)) return false;
    if (table == nullptr) return true;
    return reader_.only(*table, "models", {"names", "tokens", "data", "test_sets"}) &&
           reader_.texts(*table, "names", space_.models) &&
           reader_.number(*table, "tokens", 1, bmt::kMaxTokens, space_.tokens) &&
           reader_.text(*table, "data", space_.data) &&
           reader_.text(*table, "test_sets", space_.test_sets);
  }

  bool shapes(const toml::table& root) {
    const toml::node* node = root.get("shape");
    if (node == nullptr) return true;
    const toml::array* list = node->as_array();
    if (list == nullptr) return reader_.fail(*node, "shape", "must be [[shape]] sections");
    for (const toml::node& item : *list) {
      const toml::table* table = item.as_table();
      if (table == nullptr) return reader_.fail(item, "shape", "must be [[shape]] sections");
      if (!shape(*table)) return false;
    }
    return true;
  }

  bool shape(const toml::table& table) {
    ShapeModel s;
    bmt::RandomModelSpec& spec = s.spec;
    std::string attention = "threshold";
    std::string input = "tokens";
    spec.classes = 2;
    spec.act_bits = 1;
    spec.adversarial = false;
    const bool read =
        reader_.only(table, "shape",
                     {"name", "layers", "hidden", "heads", "head_dim", "ffn", "tokens", "classes",
                      "act_bits", "branches", "attention", "input", "features", "pooler"}) &&
        reader_.text(table, "name", s.name) &&
        reader_.number(table, "layers", 1, bmt::kMaxLayers, spec.layers) &&
        reader_.number(table, "hidden", 1, bmt::kMaxHidden, spec.hidden) &&
        reader_.number(table, "heads", 1, bmt::kMaxHeads, spec.heads) &&
        reader_.number(table, "head_dim", 1, bmt::kMaxHeadDim, spec.head_dim) &&
        reader_.number(table, "ffn", 1, bmt::kMaxFfn, spec.ffn) &&
        reader_.number(table, "tokens", 1, bmt::kMaxTokens, s.tokens) &&
        reader_.number(table, "classes", 1, bmt::kMaxClasses, spec.classes) &&
        reader_.number(table, "act_bits", 1, 8, spec.act_bits) &&
        reader_.number(table, "branches", 1, 2, spec.branches) &&
        reader_.number(table, "features", 1, bmt::kMaxFeatures, spec.features) &&
        reader_.text(table, "attention", attention) && reader_.text(table, "input", input);
    if (!read) return false;
    for (const std::string_view key :
         {"name", "layers", "hidden", "heads", "head_dim", "ffn", "tokens"}) {
      if (!table.contains(key))
        return reader_.fail(table, fmt::format("shape.{}", key), "is missing");
    }
    if (attention != "softmax" && attention != "threshold") {
      return reader_.fail(*table.get("attention"), "attention", "must be softmax or threshold");
    }
    if (input != "tokens" && input != "features") {
      return reader_.fail(*table.get("input"), "input", "must be tokens or features");
    }
    if (!legal_name(s.name)) {
      return reader_.fail(*table.get("name"), "shape.name",
                          "must be 1 .. 64 letters, digits, '.', '_' and '-'");
    }
    for (const ShapeModel& other : space_.shapes) {
      if (other.name != s.name) continue;
      return reader_.fail(*table.get("name"), "shape.name", fmt::format("names {} twice", s.name));
    }
    if (spec.act_bits != 1 && spec.act_bits != 2 && spec.act_bits != 4 && spec.act_bits != 8) {
      return reader_.fail(*table.get("act_bits"), "act_bits", "must be 1, 2, 4 or 8");
    }
    spec.attention = attention == "softmax" ? bmt::Attention::kSoftmax : bmt::Attention::kThreshold;
    spec.input = input == "tokens" ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
    spec.max_tokens = s.tokens;
    spec.pooler = spec.input == bmt::InputKind::kTokens;
    if (const toml::node* pooler = table.get("pooler")) {
      if (!pooler->is_boolean()) return reader_.fail(*pooler, "pooler", "must be true or false");
      spec.pooler = *pooler->value<bool>();
    }
    space_.shapes.push_back(std::move(s));
    return true;
  }

  static bool legal_name(std::string_view name) {
    constexpr std::size_t kLongest = 64;
    return !name.empty() && name.size() <= kLongest &&
           std::all_of(name.begin(), name.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
           });
  }

  bool hardware(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "hardware", table)) return false;
    if (table == nullptr) return true;
    std::string base;
    if (!reader_.text(*table, "base", base)) return false;
    if (!base.empty()) {
      auto loaded = load_config(base);
      if (!loaded.ok())
        return reader_.fail(*table->get("base"), "hardware.base", loaded.error().message);
      space_.base = std::move(loaded).value();
    }
    if (const toml::node* fit = table->get("fit")) {
      if (!fit->is_boolean()) return reader_.fail(*fit, "hardware.fit", "must be true or false");
      space_.fit_limits = *fit->value<bool>();
    }
    for (const auto& [key, node] : *table) {
      if (key.str() == "base" || key.str() == "fit") continue;
      if (!section(key.str(), key, node)) return false;
    }
    return order_axes(), true;
  }

  bool section(std::string_view name, const toml::key& at, const toml::node& node) {
    const auto keys = config::keys();
    const bool known = std::any_of(keys.begin(), keys.end(), [&](const config::Key& key) {
      return !key.section.empty() && key.section == name;
    });
    if (!known) {
      message_ = fmt::format(
          "{}:{}:{}: hardware.{}: unknown key; known are base, fit and the sections of a "
          "configuration (batkit configs --schema)",
          source_, at.source().begin.line, at.source().begin.column, name);
      return false;
    }
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return reader_.fail(node, fmt::format("hardware.{}", name), "must be a section");
    for (const auto& [key, value] : *table) {
      const auto found = std::find_if(keys.begin(), keys.end(), [&](const config::Key& k) {
        return k.section == name && k.name == key.str();
      });
      if (found == keys.end()) {
        message_ = fmt::format(
            "{}:{}:{}: hardware.{}.{}: unknown key of a configuration (batkit "
            "configs --schema)",
            source_, key.source().begin.line, key.source().begin.column, name, key.str());
        return false;
      }
      if (!axis(*found, value)) return false;
    }
    return true;
  }

  bool axis(const config::Key& key, const toml::node& node) {
    Axis axis;
    axis.key = &key;
    if (const toml::table* range = node.as_table()) {
      if (!expand(key, *range, axis)) return false;
    } else if (const toml::array* list = node.as_array()) {
      if (list->empty())
        return reader_.fail(node, key.path(), "is an empty list: no value is left");
      for (const toml::node& item : *list) {
        if (!value(key, item, item, axis)) return false;
      }
    } else if (!value(key, node, node, axis)) {
      return false;
    }
    space_.axes.push_back(std::move(axis));
    return true;
  }

  /// { from = 8, to = 64, factor = 2 } or { from = 1, to = 9, step = 2 }.
  bool expand(const config::Key& key, const toml::table& range, Axis& axis) {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t step = 0;
    std::int64_t factor = 0;
    constexpr double kMost = INT_MAX;
    const bool read = reader_.only(range, key.path(), {"from", "to", "step", "factor"}) &&
                      reader_.number(range, "from", 0, kMost, from) &&
                      reader_.number(range, "to", 0, kMost, to) &&
                      reader_.number(range, "step", 1, kMost, step) &&
                      reader_.number(range, "factor", 2, kMost, factor);
    if (!read) return false;
    if (!range.contains("from") || !range.contains("to") || (step > 0) == (factor > 0)) {
      return reader_.fail(range, key.path(), "a range needs from, to and either step or factor");
    }
    if (from > to) {
      return reader_.fail(range, key.path(),
                          fmt::format("the range from {} to {} is empty", from, to));
    }
    if (factor > 0 && from == 0) {
      return reader_.fail(range, key.path(), "a range with a factor cannot start at 0");
    }
    for (std::int64_t v = from; v <= to; v = factor > 0 ? v * factor : v + step) {
      if (axis.size() >= kMaxValues) {
        return reader_.fail(range, key.path(),
                            fmt::format("the range has more than {} values", kMaxValues));
      }
      const toml::value<std::int64_t> literal(v);
      if (!value(key, literal, range, axis)) return false;
    }
    return true;
  }

  /// One value: it must be legal for the key by itself, and new.
  bool value(const config::Key& key, const toml::node& node, const toml::node& at, Axis& axis) {
    const std::string literal = text_of(node);
    if (literal.empty())
      return reader_.fail(at, key.path(), "must be an integer, a truth value or a name");
    const Result<Config> donor = legal_value(key, node, literal);
    if (!donor.ok()) return reader_.fail(at, key.path(), donor.error().message);
    if (std::find(axis.texts.begin(), axis.texts.end(), literal) != axis.texts.end()) {
      return reader_.fail(at, key.path(), fmt::format("lists {} twice", literal));
    }
    if (axis.size() >= kMaxValues) {
      return reader_.fail(at, key.path(), fmt::format("has more than {} values", kMaxValues));
    }
    axis.texts.push_back(literal);
    axis.donors.push_back(donor.value());
    return true;
  }

  static std::string text_of(const toml::node& node) {
    if (const auto v = node.value_exact<std::int64_t>()) return std::to_string(*v);
    if (const auto v = node.value_exact<bool>()) return *v ? "true" : "false";
    if (const auto v = node.value_exact<std::string>()) return fmt::format("\"{}\"", *v);
    return {};
  }

  /// A configuration in which the key has the value. Integers and truth values are set directly,
  /// because rules between keys count for whole configurations only; names are parsed.
  static Result<Config> legal_value(const config::Key& key, const toml::node& node,
                                    const std::string& literal) {
    Config donor;
    const Error error{fmt::format("is {}, must be {}", literal, config::range_text(key))};
    if (auto* member = std::get_if<int& (*)(Config&)>(&key.member)) {
      const auto v = node.value_exact<std::int64_t>();
      if (!v || *v < key.min || *v > key.max) return error;
      const auto bits = static_cast<std::uint64_t>(*v);
      if (key.power_of_two && (bits & (bits - 1)) != 0) return error;
      (*member)(donor) = static_cast<int>(*v);
      return donor;
    }
    if (auto* member = std::get_if<bool& (*)(Config&)>(&key.member)) {
      const auto v = node.value_exact<bool>();
      if (!v) return error;
      (*member)(donor) = *v;
      return donor;
    }
    auto parsed =
        parse_config(fmt::format("[{}]\n{} = {}\n", key.section, key.name, literal), "value");
    if (!parsed.ok()) return error;
    return parsed;
  }

  /// Axes in the order of the schema, so that the order of a file does not matter.
  void order_axes() {
    std::sort(space_.axes.begin(), space_.axes.end(),
              [](const Axis& a, const Axis& b) { return a.key < b.key; });
  }

  bool platform(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "platform", table)) return false;
    std::vector<std::string> names;
    std::vector<double> clocks;
    Platform common;
    if (table != nullptr) {
      if (!reader_.only(
              *table, "platform",
              {"devices", "target", "clock_mhz", "latency", "bandwidth", "clock_gates"}) ||
          !reader_.texts(*table, "devices", names) ||
          !reader_.text(*table, "target", common.target) || !clock_list(*table, clocks) ||
          !reader_.number(*table, "latency", 1, 100000, common.latency) ||
          !reader_.number(*table, "bandwidth", 1, 100, common.bandwidth) ||
          !clock_gates(*table, common)) {
        return false;
      }
      if (table->contains("target") && common.target != "xcup" && common.target != "osu018") {
        return reader_.fail(*table->get("target"), "platform.target",
                            fmt::format("is {}, must be xcup or osu018: the area model knows their "
                                        "cells",
                                        common.target));
      }
      if (!names.empty() && table->contains("target")) {
        return reader_.fail(*table->get("target"), "platform.target",
                            "contradicts platform.devices, whose devices have targets");
      }
      if (!names.empty() && !add_devices(*table, names, clocks, common)) return false;
    }
    if (names.empty()) {
      if (clocks.empty()) clocks.push_back(200);
      for (const double clock : clocks) {
        common.clock_mhz = clock;
        space_.platforms.push_back(common);
      }
    }
    return true;
  }

  bool clock_gates(const toml::table& table, Platform& common) {
    const toml::node* node = table.get("clock_gates");
    if (node == nullptr) return true;
    const auto value = node->value_exact<bool>();
    if (!value) return reader_.fail(*node, "platform.clock_gates", "must be true or false");
    if (*value && common.target != "osu018") {
      return reader_.fail(*node, "platform.clock_gates",
                          "is for standard cells: needs platform.target = \"osu018\"");
    }
    common.clock_gates = *value;
    return true;
  }

  bool clock_list(const toml::table& table, std::vector<double>& clocks) {
    const toml::node* node = table.get("clock_mhz");
    if (node == nullptr) return true;
    const auto add = [&](const toml::node& item) {
      const auto v = item.value<double>();
      if (!v || item.is_boolean() || !(*v >= 1 && *v <= 5000)) {
        return reader_.fail(item, "platform.clock_mhz", "must be a number 1 .. 5000");
      }
      if (std::find(clocks.begin(), clocks.end(), *v) != clocks.end()) {
        return reader_.fail(item, "platform.clock_mhz", fmt::format("lists {:g} twice", *v));
      }
      clocks.push_back(*v);
      return true;
    };
    const toml::array* list = node->as_array();
    if (list == nullptr) return add(*node);
    if (list->empty()) return reader_.fail(*node, "platform.clock_mhz", "is an empty list");
    return std::all_of(list->begin(), list->end(), add);
  }

  bool add_devices(const toml::table& table, const std::vector<std::string>& names,
                   const std::vector<double>& clocks, const Platform& common) {
    std::vector<Device> chosen;
    for (const std::string& name : names) {
      if (name == "*") {
        chosen = devices();
        break;
      }
      auto device = find_device(name);
      if (!device.ok())
        return reader_.fail(*table.get("devices"), "platform.devices", device.error().message);
      if (std::count(names.begin(), names.end(), name) > 1) {
        return reader_.fail(*table.get("devices"), "platform.devices",
                            fmt::format("lists {} twice", name));
      }
      chosen.push_back(std::move(device).value());
    }
    for (const Device& device : chosen) {
      const std::vector<double> own{device.clock_mhz};
      for (const double clock : clocks.empty() ? own : clocks) {
        Platform platform = common;
        platform.device = device;
        platform.target = device.target;
        platform.clock_mhz = clock;
        space_.platforms.push_back(std::move(platform));
      }
    }
    return true;
  }

  bool robustness(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "robustness", table)) return false;
    if (table == nullptr) return true;
    Robustness& r = space_.robustness;
    return reader_.only(*table, "robustness", {"noise", "bitflips", "draws", "samples", "seed"}) &&
           reader_.number(*table, "noise", 0, 100, r.noise) &&
           reader_.number(*table, "bitflips", 0, 1, r.bitflips) &&
           reader_.number(*table, "draws", 1, 1000, r.draws) &&
           reader_.number(*table, "samples", 0, 1e7, r.samples) &&
           reader_.number(*table, "seed", 0, 1e15, r.seed);
  }

  bool objectives(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "objectives", table)) return false;
    if (table == nullptr) return reader_.fail(root, "objectives", "is missing");
    std::vector<std::string> low;
    std::vector<std::string> high;
    if (!reader_.only(*table, "objectives", {"minimize", "maximize"}) ||
        !reader_.texts(*table, "minimize", low) || !reader_.texts(*table, "maximize", high)) {
      return false;
    }
    if (!add_objectives(*table, low, "minimize", false) ||
        !add_objectives(*table, high, "maximize", true)) {
      return false;
    }
    if (space_.objectives.size() < 2) {
      return reader_.fail(*table, "objectives", "must name at least two metrics");
    }
    if (space_.objectives.size() > kMaxObjectives) {
      return reader_.fail(*table, "objectives",
                          fmt::format("names {} metrics, must be at most {}",
                                      space_.objectives.size(), kMaxObjectives));
    }
    return true;
  }

  bool add_objectives(const toml::table& table, const std::vector<std::string>& names,
                      std::string_view key, bool maximize) {
    for (const std::string& name : names) {
      const std::string path = fmt::format("objectives.{}", key);
      const auto metric = find_metric(name);
      if (!metric) return reader_.fail(*table.get(key), path, unknown_metric(name));
      if (info(*metric).maximize != maximize) {
        return reader_.fail(
            *table.get(key), path,
            fmt::format("{} is to be {}", name, maximize ? "minimized" : "maximized"));
      }
      if (std::find(space_.objectives.begin(), space_.objectives.end(), *metric) !=
          space_.objectives.end()) {
        return reader_.fail(*table.get(key), path, fmt::format("names {} twice", name));
      }
      space_.objectives.push_back(*metric);
    }
    return true;
  }

  static std::string unknown_metric(std::string_view name) {
    std::vector<std::string_view> names;
    for (const MetricInfo& m : kMetricInfo) names.push_back(m.name);
    return fmt::format("{} is no metric; known are {}", name, fmt::join(names, ", "));
  }

  bool constraints(const toml::table& root) {
    const toml::table* table = nullptr;
    if (!reader_.table(root, "constraints", table)) return false;
    if (table == nullptr) return true;
    for (const auto& [key, node] : *table) {
      const std::string path = fmt::format("constraints.{}", key.str());
      const auto metric = find_metric(key.str());
      if (!metric) return reader_.fail(node, path, unknown_metric(key.str()));
      const toml::table* limits = node.as_table();
      if (limits == nullptr || limits->empty()) {
        return reader_.fail(node, path, "must be { min = number }, { max = number } or both");
      }
      Constraint constraint{*metric, std::nullopt, std::nullopt};
      double min = 0;
      double max = 0;
      if (!reader_.only(*limits, path, {"min", "max"}) ||
          !reader_.number(*limits, "min", -1e18, 1e18, min) ||
          !reader_.number(*limits, "max", -1e18, 1e18, max)) {
        return false;
      }
      if (limits->contains("min")) constraint.min = min;
      if (limits->contains("max")) constraint.max = max;
      if (constraint.min && constraint.max && min > max) {
        return reader_.fail(node, path,
                            fmt::format("contradicts itself: min {} is above max {}", min, max));
      }
      const bool share = *metric == Metric::kAccuracy || *metric == Metric::kNoiseAccuracy ||
                         *metric == Metric::kFlipAccuracy;
      if (share && constraint.min && min > 1) {
        return reader_.fail(node, path,
                            fmt::format("min {} is above 1: no model can meet it", min));
      }
      if (!info(*metric).maximize && constraint.max && max < 0) {
        return reader_.fail(node, path,
                            fmt::format("max {} is below 0: no point can meet it", max));
      }
      space_.constraints.push_back(constraint);
    }
    return true;
  }

  bool consistent(const toml::table& root) {
    if (space_.models.empty() && space_.shapes.empty() && !space_.task.empty()) {
      space_.models.push_back("*");
    }
    if (space_.models.empty() && space_.shapes.empty()) {
      return reader_.fail(root, "models.names",
                          "the space is empty: it names no model and no [[shape]]");
    }
    const bool device = std::all_of(space_.platforms.begin(), space_.platforms.end(),
                                    [](const Platform& p) { return p.device.has_value(); });
    for (const Metric m : {Metric::kUtilization, Metric::kPrice}) {
      if (space_.uses(m) && !device) {
        return reader_.fail(root, info(m).name, "needs platform.devices");
      }
    }
    const auto on = [&](std::string_view target) {
      return std::any_of(space_.platforms.begin(), space_.platforms.end(),
                         [&](const Platform& p) { return p.target == target; });
    };
    for (const Metric m : {Metric::kKge, Metric::kMemoryKbit}) {
      if (!space_.uses(m) || !on("xcup")) continue;
      return reader_.fail(root, info(m).name, "is of standard cells: needs target = \"osu018\"");
    }
    for (const Metric m : {Metric::kLut, Metric::kFf, Metric::kDsp, Metric::kBram36}) {
      if (!space_.uses(m) || !on("osu018")) continue;
      return reader_.fail(root, info(m).name, "is of FPGAs: the cells of osu018 have kge instead");
    }
    for (const Metric m : {Metric::kEnergyUj, Metric::kTopsPerWatt}) {
      if (!space_.uses(m) || !on("xcup")) continue;
      return reader_.fail(root, info(m).name, "needs platform.target = \"osu018\"");
    }
    for (const MetricInfo& m : kMetricInfo) {
      if (!m.model_side || space_.shapes.empty() || !space_.uses(*find_metric(m.name))) continue;
      return reader_.fail(root, "shape",
                          fmt::format("[[shape]] models have no weights and so no {}", m.name));
    }
    return true;
  }

  std::string_view text_;
  std::string source_;
  std::string message_;
  TomlReader reader_;
  Space space_;
};

}  // namespace

bool Axis::neutral() const {
  static constexpr std::string_view kKeys[] = {"array.popcount", "array.dsp_rows",
                                               "memory.axi_addr_bits", "memory.weight_protection"};
  return std::find(std::begin(kKeys), std::end(kKeys), key->path()) != std::end(kKeys);
}

void clear_neutral(Config& config) {
  static const Config kDefault;
  config.array.popcount = kDefault.array.popcount;
  config.array.dsp_rows = kDefault.array.dsp_rows;
  config.memory.axi_addr_bits = kDefault.memory.axi_addr_bits;
  config.memory.weight_protection = kDefault.memory.weight_protection;
}

void Axis::set(Config& config, std::size_t value) const {
  std::visit([&](auto member) { member(config) = member(donors[value]); }, key->member);
}

std::string Platform::name() const { return device ? device->name : target; }

int Platform::bandwidth_of(int axi_bits) const {
  if (!device) return bandwidth;
  const double port_gbps = axi_bits / 8.0 * clock_mhz / 1000.0;
  const int share = static_cast<int>(std::floor(bandwidth * device->memory_gbps / port_gbps));
  return std::clamp(std::min(bandwidth, share), 1, 100);
}

bool Space::uses(Metric metric) const {
  return std::find(objectives.begin(), objectives.end(), metric) != objectives.end() ||
         std::any_of(constraints.begin(), constraints.end(),
                     [&](const Constraint& c) { return c.metric == metric; });
}

bool Space::fixes(std::string_view key) const {
  return std::any_of(axes.begin(), axes.end(),
                     [&](const Axis& axis) { return axis.key->path() == key; });
}

double Space::configurations() const {
  double count = 1;
  for (const Axis& axis : axes) count *= static_cast<double>(axis.size());
  return count;
}

double Space::points(std::size_t variants) const {
  return configurations() * static_cast<double>(variants * platforms.size());
}

Result<Space> parse_space(std::string_view toml, std::string_view source) {
  return SpaceParser(toml, source).run();
}

Result<Space> load_space(const std::filesystem::path& path) {
  const Result<std::string> text = io::read_text(path);
  if (!text.ok()) return text.error();
  return parse_space(text.value(), path.string());
}

}  // namespace bat::explore
