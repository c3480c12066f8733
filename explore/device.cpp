// SPDX-License-Identifier: Apache-2.0
#include "explore/device.hpp"

#include <tuple>

#include "explore/builtin.hpp"
#include "explore/toml_reader.hpp"
#include "rtl_gen/config/ascii_text.hpp"

namespace bat::explore {
namespace {

bool read_device(TomlReader& reader, const toml::table& table, Device& device) {
  constexpr double kMost = 1e9;
  const bool read =
      reader.only(table, "device",
                  {"name", "board", "part", "target", "lut", "ff", "dsp", "bram36", "uram",
                   "memory_gbps", "clock_mhz", "price_class", "source"}) &&
      reader.text(table, "name", device.name) && reader.text(table, "board", device.board) &&
      reader.text(table, "part", device.part) && reader.text(table, "target", device.target) &&
      reader.number(table, "lut", 1, kMost, device.lut) &&
      reader.number(table, "ff", 1, kMost, device.ff) &&
      reader.number(table, "dsp", 0, kMost, device.dsp) &&
      reader.number(table, "bram36", 0, kMost, device.bram36) &&
      reader.number(table, "uram", 0, kMost, device.uram) &&
      reader.number(table, "memory_gbps", 1e-3, 1e5, device.memory_gbps) &&
      reader.number(table, "clock_mhz", 1, 5000, device.clock_mhz) &&
      reader.number(table, "price_class", 1, 100, device.price_class) &&
      reader.text(table, "source", device.source);
  if (!read) return false;
  const auto missing = [&](std::string_view key) { return reader.fail(table, key, "is missing"); };
  if (device.name.empty()) return missing("device.name");
  if (device.target.empty()) return missing("device.target");
  if (device.lut == 0 || device.ff == 0) return missing("device.lut or device.ff");
  if (device.memory_gbps == 0 || device.clock_mhz == 0) {
    return missing("device.memory_gbps or device.clock_mhz");
  }
  return device.source.empty() ? missing("device.source") : true;
}

}  // namespace

Result<std::vector<Device>> parse_devices(std::string_view text, std::string_view source) {
  const Result<std::string> ascii = config::ascii_text(text, source);
  if (!ascii.ok()) return ascii.error();
  const toml::parse_result parsed = toml::parse(ascii.value(), source);
  if (!parsed) {
    return Error{fmt::format("{}:{}: {}", source, parsed.error().source().begin.line,
                             parsed.error().description())};
  }
  std::string message;
  TomlReader reader(source, message);
  const toml::table& root = parsed.table();
  if (!reader.only(root, "", {"device"})) return Error{message};
  const toml::array* list = root["device"].as_array();
  if (list == nullptr) return Error{fmt::format("{}: holds no [[device]]", source)};
  std::vector<Device> all;
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return Error{fmt::format("{}: device must be a table", source)};
    Device device;
    if (!read_device(reader, *table, device)) return Error{message};
    all.push_back(std::move(device));
  }
  std::sort(all.begin(), all.end(), [](const Device& a, const Device& b) {
    return std::tie(a.price_class, a.lut, a.name) < std::tie(b.price_class, b.lut, b.name);
  });
  return all;
}

const std::vector<Device>& devices() {
  static const std::vector<Device> kAll = parse_devices(builtin_devices(), "devices.toml").value();
  return kAll;
}

Result<Device> find_device(std::string_view name) {
  std::vector<std::string> names;
  for (const Device& device : devices()) {
    if (device.name == name) return device;
    names.push_back(device.name);
  }
  return Error{fmt::format("device '{}': unknown; known are {}", name, fmt::join(names, ", "))};
}

}  // namespace bat::explore
