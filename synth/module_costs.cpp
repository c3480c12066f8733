// SPDX-License-Identifier: Apache-2.0
#include "synth/module_costs.hpp"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"
#include "synth/canonical.hpp"
#include "synth/design.hpp"
#include "synth/liberty.hpp"
#include "synth/yosys_flow.hpp"

namespace bat::synth {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTop = "area_units";

std::string sha256_of(std::string_view text) {
  return io::sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// Lines of each module of RTLIL text, with the attributes before it.
using ModuleLines = std::map<std::string, std::vector<std::string_view>>;

ModuleLines split_modules(std::string_view text) {
  ModuleLines modules;
  std::vector<std::string_view> pending;
  std::vector<std::string_view>* open = nullptr;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("module \\")) {
      open = &modules[std::string(line.substr(8))];
      *open = std::exchange(pending, {});
    }
    if (open != nullptr) {
      open->push_back(line);
      if (line == "end") open = nullptr;
    } else if (line.starts_with("attribute ")) {
      pending.push_back(line);
    }
  }
  return modules;
}

std::string ports_text(const DesignModule& module) {
  std::string text = module.base;
  for (const Port& port : module.ports) {
    text += fmt::format(" {}{}:{}", port.input ? 'i' : 'o', port.name, port.width);
  }
  return text;
}

class CostRun {
 public:
  CostRun(const Design& design, Target target, const fs::path& cache, const SynthOptions& options,
          const fs::path& dir)
      : design_(design), target_(target), cache_(cache), options_(options), dir_(dir) {}

  Result<ModuleCosts> run(const std::string& tool) {
    const Result<std::string> text = read_text(design_.rtlil);
    if (!text) return text.error();
    lines_ = split_modules(text.value());
    flow_ = tool + flow_text();
    if (Status read = read_library(); !read) return read.error();
    ModuleCosts costs;
    std::vector<std::string> missing;
    for (const auto& [name, count] : design_.instance_counts()) {
      const DesignModule& module = design_.modules.at(name);
      if (is_dissolved(module, target_)) continue;
      ModuleCost& cost = costs.modules[name];
      cost = {module.base, module.parameters, count, children(name), {}};
      cost.own.memory_bits = module.memory_bits;
      if (is_ram(module) && target_ == Target::kOsu018) continue;
      const std::optional<Resources> known = load(key(name));
      if (known) {
        cost.own = *known;
      } else {
        missing.push_back(name);
      }
    }
    costs.mapped = missing.size();
    if (missing.empty()) return costs;
    const auto fresh = map_modules(missing);
    if (!fresh) return fresh.error();
    for (const auto& [name, own] : fresh.value()) {
      costs.modules.at(name).own = own;
      if (Status stored = store(key(name), name, own); !stored) return stored.error();
    }
    return costs;
  }

 private:
  std::string flow_text() const {
    Design sample;
    sample.top = kTop;
    MapOptions map;
    return map_script(sample, target_, map, CellLibrary{"library", true, {}}, "work");
  }

  Status read_library() {
    if (target_ != Target::kOsu018) return Ok{};
    const Result<fs::path> file = find_osu018();
    if (!file) return file.error();
    Result<Liberty> read = read_liberty(file.value());
    if (!read) return read.error();
    liberty_ = std::move(read).value();
    return Ok{};
  }

  // Instances below a module that have a module of their own after mapping.
  std::map<std::string, std::uint64_t> children(const std::string& name) const {
    std::map<std::string, std::uint64_t> found;
    for (const auto& [child, count] : design_.modules.at(name).children) {
      if (!is_dissolved(design_.modules.at(child), target_)) {
        found[child] += count;
        continue;
      }
      for (const auto& [inner, times] : children(child)) found[inner] += count * times;
    }
    return found;
  }

  std::string own_text(const std::string& name) const {
    const std::vector<std::string_view>& all = lines_.at(name);
    std::size_t body = 0;
    while (!all[body].starts_with("module ")) ++body;
    const auto type_of = [this](std::string_view type) -> std::string {
      const std::string child(type.starts_with('\\') ? type.substr(1) : type);
      const auto found = design_.modules.find(child);
      if (found == design_.modules.end()) return std::string(type);
      if (is_dissolved(found->second, target_)) return own_text(child);
      return ports_text(found->second);
    };
    return design_.modules.at(name).base + '\n' +
           canonical_text(std::span(all).subspan(body + 1), type_of);
  }

  const std::string& key(const std::string& name) {
    std::string& known = keys_[name];
    if (known.empty()) known = sha256_of(flow_ + own_text(name));
    return known;
  }

  std::optional<Resources> load(const std::string& entry) const {
    const Result<std::string> text = io::read_text(cache_ / (entry + ".json"));
    if (!text) return std::nullopt;
    const auto json = nlohmann::json::parse(text.value(), nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Resources own;
    own.lut = json.value("lut", 0U);
    own.lut_memory = json.value("lut_memory", 0U);
    own.ff = json.value("ff", 0U);
    own.carry = json.value("carry", 0U);
    own.dsp = json.value("dsp", 0U);
    own.bram18 = json.value("bram18", 0U);
    own.memory_bits = json.value("memory_bits", 0U);
    own.area_um2 = json.value("area_um2", 0.0);
    return own;
  }

  Status store(const std::string& entry, const std::string& name, const Resources& own) const {
    const nlohmann::ordered_json json = {{"module", design_.modules.at(name).base},
                                         {"lut", own.lut},
                                         {"lut_memory", own.lut_memory},
                                         {"ff", own.ff},
                                         {"carry", own.carry},
                                         {"dsp", own.dsp},
                                         {"bram18", own.bram18},
                                         {"memory_bits", own.memory_bits},
                                         {"area_um2", own.area_um2}};
    return io::write_text_atomic(cache_ / (entry + ".json"), json.dump() + "\n");
  }

  void append(const std::string& name, std::string& text) const {
    for (const std::string_view line : lines_.at(name)) {
      if (line.starts_with("attribute \\top")) continue;
      text += line;
      text += '\n';
    }
  }

  static void append_ports(const DesignModule& module, std::string_view prefix, int& number,
                           std::string& text) {
    for (const Port& port : module.ports) {
      text += fmt::format("  wire width {} {} {} \\{}{}\n", port.width,
                          port.input ? "input" : "output", number++, prefix, port.name);
    }
  }

  // The modules to map in full, those that they use as black boxes, and a top that holds one of
  // each.
  Result<Design> write_units(const std::vector<std::string>& names) const {
    Design units;
    units.top = kTop;
    units.rtlil = dir_ / "units.il";
    std::set<std::string> boxes;
    std::string text;
    const std::function<void(const std::string&)> take = [&](const std::string& name) {
      if (!units.modules.emplace(name, design_.modules.at(name)).second) return;
      append(name, text);
      for (const auto& [child, count] : design_.modules.at(name).children) {
        if (is_dissolved(design_.modules.at(child), target_)) {
          take(child);
        } else {
          boxes.insert(child);
        }
      }
    };
    for (const std::string& name : names) take(name);
    for (const std::string& name : boxes) {
      if (units.modules.contains(name)) continue;
      text += fmt::format("attribute \\blackbox 1\nmodule \\{}\n", name);
      int number = 1;
      append_ports(design_.modules.at(name), "", number, text);
      text += "end\n";
    }
    text += fmt::format("attribute \\top 1\nmodule \\{}\n", kTop);
    int number = 1;
    for (const std::string& name : names) {
      append_ports(design_.modules.at(name), name + "_", number, text);
    }
    for (const std::string& name : names) {
      text += fmt::format("  cell \\{0} \\u_{0}\n", name);
      for (const Port& port : design_.modules.at(name).ports) {
        text += fmt::format("    connect \\{0} \\{1}_{0}\n", port.name, name);
      }
      text += "  end\n";
    }
    text += "end\n";
    units.modules[std::string(kTop)].base = kTop;
    if (Status wrote = write_text(units.rtlil, text); !wrote) return wrote.error();
    return units;
  }

  Result<std::map<std::string, Resources>> map_modules(
      const std::vector<std::string>& names) const {
    const Result<Design> units = write_units(names);
    if (!units) return units.error();
    MapOptions map;
    map.timeout = options_.timeout;
    const Result<MappedNetlist> netlist = map_design(units.value(), target_, map, dir_);
    if (!netlist) return netlist.error();
    std::map<std::string, Resources> found;
    for (const std::string& name : names) {
      Resources own;
      const auto cells = netlist.value().counts.find(name);
      if (cells == netlist.value().counts.end()) {
        return Error{fmt::format("module {} is missing from the netlist", name),
                     ErrorKind::kMismatch};
      }
      for (const auto& [type, count] : cells->second) {
        if (design_.modules.contains(type)) continue;
        const auto use = cell_resources(target_, type, liberty_ ? &*liberty_ : nullptr);
        if (!use) {
          return Error{fmt::format("module {}: a cell of type {} is left", name, type),
                       ErrorKind::kMismatch};
        }
        if (Status sum = accumulate(own, *use, count); !sum) return sum.error();
      }
      own.memory_bits = design_.modules.at(name).memory_bits;
      found[name] = own;
    }
    return found;
  }

  const Design& design_;
  Target target_;
  const fs::path& cache_;
  const SynthOptions& options_;
  const fs::path& dir_;
  ModuleLines lines_;
  std::string flow_;
  std::optional<Liberty> liberty_;
  std::map<std::string, std::string> keys_;
};

}  // namespace

Resources ModuleCosts::total() const {
  Resources sum;
  for (const auto& [name, module] : modules) {
    if (!accumulate(sum, module.own, module.instances)) break;
  }
  return sum;
}

Result<ModuleCosts> module_costs(const Config& config, Target target, const fs::path& cache,
                                 const SynthOptions& options, const std::string& top) {
  std::error_code failure;
  fs::create_directories(cache, failure);
  if (failure) return Error{fmt::format("cannot create {}: {}", cache.string(), failure.message())};
  return in_work_dir(options.work_dir, "bat-area", [&](const fs::path& dir) -> Result<ModuleCosts> {
    const Result<std::string> version = yosys_version(dir);
    if (!version) return version.error();
    Result<Sources> sources = generated_sources(config, dir);
    if (!sources) return sources.error();
    sources.value().top = top;
    const Result<Design> design = elaborate(sources.value(), "", dir, options.timeout);
    if (!design) return design.error();
    return CostRun(design.value(), target, cache, options, dir).run(version.value());
  });
}

}  // namespace bat::synth
