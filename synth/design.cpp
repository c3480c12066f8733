// SPDX-License-Identifier: Apache-2.0
#include "synth/design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "synth/canonical.hpp"

namespace bat::synth {
namespace {

// One module of the RTLIL text while it is read.
struct RawModule {
  DesignModule info;
  std::vector<std::pair<std::uint32_t, Port>> ports;  // with the port's number
  std::vector<std::string_view> lines;                // from its attributes to `end`
  bool top = false;
};

using RawDesign = std::map<std::string, RawModule, std::less<>>;

std::string_view plain(std::string_view id) { return id.starts_with('\\') ? id.substr(1) : id; }

// `$paramod\name\P=..` and `$paramod$hash\name` come from `name`.
std::string base_name(std::string_view id) {
  if (!id.starts_with("$paramod")) return std::string(plain(id));
  const std::size_t start = id.find('\\');
  if (start == std::string_view::npos) return std::string(id);
  const std::string_view rest = id.substr(start + 1);
  return std::string(rest.substr(0, rest.find('\\')));
}

template <typename T>
std::optional<T> integer(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `wire [width W] [input|output N] [signed] \name`
void read_wire(const std::vector<std::string_view>& word, RawModule& module) {
  Port port;
  std::optional<std::uint32_t> number;
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] == "width") port.width = integer<std::uint32_t>(word[i + 1]).value_or(1);
    if (word[i] == "input" || word[i] == "output") {
      port.input = word[i] == "input";
      number = integer<std::uint32_t>(word[i + 1]);
    }
  }
  port.name = plain(word.back());
  if (number) module.ports.emplace_back(*number, std::move(port));
}

// `memory width W size N \name`
std::uint64_t memory_size(const std::vector<std::string_view>& word) {
  std::uint64_t width = 1;
  std::uint64_t size = 0;
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] == "width") width = integer<std::uint64_t>(word[i + 1]).value_or(1);
    if (word[i] == "size") size = integer<std::uint64_t>(word[i + 1]).value_or(0);
  }
  return width * size;
}

void read_member(std::string_view line, RawModule& module) {
  const std::vector<std::string_view> word = words(line);
  if (word.size() < 2) return;
  if (word[0] == "wire") read_wire(word, module);
  if (word[0] == "memory") module.info.memory_bits += memory_size(word);
  if (word[0] == "cell") ++module.info.children[std::string(word[1])];
  if (word[0] == "parameter" && word.size() >= 3) {
    // The value ends the line; `signed` may stand before the name.
    module.info.parameters[std::string(plain(word[word.size() - 2]))] = word.back();
  }
}

Result<RawDesign> read_modules(std::string_view text) {
  RawDesign design;
  std::vector<std::string_view> pending;  // attributes of the module that follows
  RawModule* open = nullptr;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("module ")) {
      open = &design[std::string(line.substr(7))];
      open->info.base = base_name(line.substr(7));
      for (const std::string_view attribute : pending) {
        open->top = open->top || attribute == "attribute \\top 1";
        open->info.keep_hierarchy =
            open->info.keep_hierarchy || attribute == "attribute \\keep_hierarchy 1";
      }
      open->lines = std::exchange(pending, {});
      open->lines.push_back(line);
    } else if (open == nullptr) {
      if (line.starts_with("attribute ")) pending.push_back(line);
    } else {
      open->lines.push_back(line);
      if (line == "end") {
        open = nullptr;
      } else if (line.size() > 2 && line[2] != ' ') {
        read_member(line.substr(2), *open);
      }
    }
  }
  if (open != nullptr) return Error{"the elaborated design ends inside a module"};
  return design;
}

// Merges alike modules: `class_of` maps a module to the one that stands for it.
class Merger {
 public:
  explicit Merger(const RawDesign& design) : design_(design) {}

  const std::string& class_of(const std::string& name) {
    const auto known = class_.find(name);
    if (known != class_.end()) return known->second;
    const std::string body = canonical(design_.find(name)->second);
    const auto [place, fresh] = by_body_.try_emplace(body, name);
    return class_[name] = place->second;
  }

 private:
  // Alike children count as the same one.
  std::string canonical(const RawModule& module) {
    const auto body = std::ranges::find_if(
        module.lines, [](std::string_view line) { return line.starts_with("module "); });
    const auto type_of = [this](std::string_view type) {
      return design_.contains(type) ? class_of(std::string(type)) : std::string(type);
    };
    return module.info.base + ' ' + canonical_text({std::next(body), module.lines.end()}, type_of);
  }

  const RawDesign& design_;
  std::map<std::string, std::string> class_;
  std::map<std::string, std::string> by_body_;
};

// Plain names for the modules that stand for all others.
std::map<std::string, std::string> plain_names(const RawDesign& raw,
                                               const std::set<std::string>& kept,
                                               std::string_view prefix) {
  std::map<std::string, std::vector<std::string>> by_base;
  for (const std::string& name : kept) by_base[raw.find(name)->second.info.base].push_back(name);
  std::map<std::string, std::string> plain;
  for (auto& [base, variants] : by_base) {
    std::ranges::sort(variants, {}, [&raw](const std::string& name) {
      return std::make_pair(raw.find(name)->second.info.parameters, name);
    });
    for (std::size_t i = 0; i < variants.size(); ++i) {
      plain[variants[i]] = variants.size() == 1 ? fmt::format("{}{}", prefix, base)
                                                : fmt::format("{}{}_{}", prefix, base, i + 1);
    }
  }
  return plain;
}

void append_renamed(const RawModule& module,
                    const std::function<std::string(std::string_view)>& rename,
                    const RawDesign& raw, std::string& text) {
  for (const std::string_view line : module.lines) {
    const std::vector<std::string_view> word = words(line);
    if (line.starts_with("module ")) {
      text += fmt::format("module \\{}", rename(line.substr(7)));
    } else if (line.starts_with("  cell ") && raw.contains(word[1])) {
      text += fmt::format("  cell \\{} {}", rename(word[1]), word[2]);
    } else {
      text += line;
    }
    text += '\n';
  }
}

}  // namespace

Result<Design> parse_rtlil(std::string_view text, std::string_view prefix, std::string& renamed) {
  Result<RawDesign> read = read_modules(text);
  if (!read) return read.error();
  const RawDesign& raw = read.value();

  Merger merger(raw);
  std::set<std::string> kept;
  for (const auto& [name, module] : raw) kept.insert(merger.class_of(name));
  const std::map<std::string, std::string> names = plain_names(raw, kept, prefix);
  const auto rename = [&](std::string_view id) {
    return names.at(merger.class_of(std::string(id)));
  };

  Design design;
  renamed.clear();
  for (const std::string& id : kept) {
    const RawModule& module = raw.find(id)->second;
    append_renamed(module, rename, raw, renamed);
    DesignModule info = module.info;
    info.children.clear();
    for (const auto& [child, count] : module.info.children) {
      if (raw.contains(child)) info.children[rename(child)] += count;
    }
    auto ports = module.ports;
    std::ranges::sort(ports, {}, [](const auto& port) { return port.first; });
    for (auto& [number, port] : ports) info.ports.push_back(std::move(port));
    if (module.top) design.top = rename(id);
    design.modules.emplace(rename(id), std::move(info));
  }
  if (design.top.empty()) return Error{"the elaborated design has no top module"};
  return design;
}

std::map<std::string, std::uint64_t> Design::instance_counts() const {
  // Parents before children: a depth-first post-order, reversed.
  std::vector<std::string> order;
  std::set<std::string> seen;
  const std::function<void(const std::string&)> visit = [&](const std::string& name) {
    if (!seen.insert(name).second) return;
    for (const auto& [child, count] : modules.at(name).children) visit(child);
    order.push_back(name);
  };
  visit(top);
  std::map<std::string, std::uint64_t> counts{{top, 1}};
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    for (const auto& [child, count] : modules.at(*name).children)
      counts[child] += counts[*name] * count;
  }
  return counts;
}

bool is_ram(const DesignModule& module) { return module.base == "bat_ram"; }

std::string quoted(const std::filesystem::path& path) { return '"' + path.string() + '"'; }

Status write_text(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) return Error{fmt::format("cannot write {}", file.string())};
  return Ok{};
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{fmt::format("cannot read {}", file.string())};
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<Design> elaborate(const Sources& sources, std::string_view prefix,
                         const std::filesystem::path& work_dir, std::chrono::seconds timeout) {
  std::string script;
  // -defer: modules are elaborated with the parameters they are used with, only. -noautowire: no
  // implicit names.
  for (const std::filesystem::path& file : sources.files) {
    script += fmt::format("read_verilog -sv -defer -noautowire {}\n", quoted(file));
  }
  script += fmt::format("hierarchy -check -top {}", sources.top);
  for (const auto& [name, value] : sources.parameters)
    script += fmt::format(" -chparam {} {}", name, value);
  // Tables stay logic (-norom), so that memories are RAMs only.
  script += "\nproc -norom\nopt_clean\ncheck -assert\n";
  const std::filesystem::path raw_file = work_dir / "elaborated.il";
  script += fmt::format("write_rtlil {}\n", quoted(raw_file));

  const std::filesystem::path script_file = work_dir / "elaborate.ys";
  if (Status wrote = write_text(script_file, script); !wrote) return wrote.error();
  const ToolRun run{{"yosys", "-Q", "-T", "-s", script_file.string()},
                    work_dir,
                    work_dir / "elaborate.log",
                    timeout};
  if (Result<double> ran = run_checked(run, {}); !ran) return ran.error();

  const Result<std::string> text = read_text(raw_file);
  if (!text) return text.error();
  std::string renamed;
  Result<Design> design = parse_rtlil(text.value(), prefix, renamed);
  if (!design) return design;
  for (const auto& [name, module] : design.value().modules) {
    if (module.memory_bits > 0 && !is_ram(module)) {
      return Error{fmt::format("module {} holds {} memory bits; memories belong into bat_ram", name,
                               module.memory_bits),
                   ErrorKind::kMismatch};
    }
  }
  design.value().rtlil = work_dir / "design.il";
  if (Status wrote = write_text(design.value().rtlil, renamed); !wrote) return wrote.error();
  return design;
}

}  // namespace bat::synth
