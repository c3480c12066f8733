// SPDX-License-Identifier: Apache-2.0
#include "synth/counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace bat::synth {
namespace {

struct Member {
  std::string_view type;
  std::uint64_t Resources::*count;
  std::uint64_t units;
};

// LUT sites of the memory primitives: UG574, table "distributed RAM configurations".
constexpr std::array kXcupMemory = {
    Member{"SRL16E", &Resources::lut_memory, 1},    Member{"SRLC16E", &Resources::lut_memory, 1},
    Member{"SRLC32E", &Resources::lut_memory, 1},   Member{"RAM32X1S", &Resources::lut_memory, 1},
    Member{"RAM64X1S", &Resources::lut_memory, 1},  Member{"RAM32X1D", &Resources::lut_memory, 2},
    Member{"RAM64X1D", &Resources::lut_memory, 2},  Member{"RAM128X1S", &Resources::lut_memory, 2},
    Member{"RAM128X1D", &Resources::lut_memory, 4}, Member{"RAM256X1S", &Resources::lut_memory, 4},
    Member{"RAM256X1D", &Resources::lut_memory, 8}, Member{"RAM512X1S", &Resources::lut_memory, 8},
    Member{"RAM32M", &Resources::lut_memory, 4},    Member{"RAM32M16", &Resources::lut_memory, 8},
    Member{"RAM64M", &Resources::lut_memory, 4},    Member{"RAM64M8", &Resources::lut_memory, 8},
    Member{"RAM64X8SW", &Resources::lut_memory, 8}};

constexpr std::array kXcup = {
    Member{"LUT1", &Resources::lut, 1},        Member{"LUT2", &Resources::lut, 1},
    Member{"LUT3", &Resources::lut, 1},        Member{"LUT4", &Resources::lut, 1},
    Member{"LUT5", &Resources::lut, 1},        Member{"LUT6", &Resources::lut, 1},
    Member{"LUT6_2", &Resources::lut, 1},      Member{"FDRE", &Resources::ff, 1},
    Member{"FDSE", &Resources::ff, 1},         Member{"FDCE", &Resources::ff, 1},
    Member{"FDPE", &Resources::ff, 1},         Member{"CARRY4", &Resources::carry, 1},
    Member{"CARRY8", &Resources::carry, 2},    Member{"MUXF7", &Resources::muxf, 1},
    Member{"MUXF8", &Resources::muxf, 1},      Member{"MUXF9", &Resources::muxf, 1},
    Member{"DSP48E2", &Resources::dsp, 1},     Member{"RAMB18E2", &Resources::bram18, 1},
    Member{"RAMB36E2", &Resources::bram18, 2}, Member{"INV", &Resources::inverters, 1}};

constexpr std::array kIce40 = {
    Member{"SB_LUT4", &Resources::lut, 1}, Member{"SB_CARRY", &Resources::carry, 1},
    Member{"SB_MAC16", &Resources::dsp, 1}, Member{"SB_SPRAM256KA", &Resources::spram, 1}};

template <typename Table>
std::optional<Resources> find_member(const Table& table, std::string_view type) {
  const auto found = std::ranges::find(table, type, &Member::type);
  if (found == table.end()) return std::nullopt;
  Resources use;
  use.*(found->count) = found->units;
  return use;
}

std::optional<Resources> xcup_cell(std::string_view type) {
  if (std::optional<Resources> use = find_member(kXcupMemory, type)) {
    use->lut = use->lut_memory;
    return use;
  }
  if (type.ends_with("_1") && type.starts_with("FD"))
    type.remove_suffix(2);  // clocked by the falling edge
  return find_member(kXcup, type);
}

std::optional<Resources> ice40_cell(std::string_view type) {
  Resources use;
  if (type.starts_with("SB_DFF")) {
    use.ff = 1;
    return use;
  }
  if (type.starts_with("SB_RAM40_4K")) {
    use.ebr = 1;
    return use;
  }
  return find_member(kIce40, type);
}

std::optional<Resources> standard_cell(std::string_view type, const Liberty& liberty) {
  const auto cell = liberty.cells.find(std::string(type));
  if (cell == liberty.cells.end()) return std::nullopt;
  Resources use;
  use.area_um2 = cell->second.area;
  use.ff = cell->second.flip_flop ? 1 : 0;
  return use;
}

constexpr std::array kCounts = {
    &Resources::lut,   &Resources::lut_memory,  &Resources::ff,
    &Resources::carry, &Resources::carry_exits, &Resources::muxf,
    &Resources::dsp,   &Resources::bram18,      &Resources::ebr,
    &Resources::spram, &Resources::inverters,   &Resources::memory_bits};

struct TargetName {
  Target target;
  std::string_view name;
};
constexpr std::array kTargets = {TargetName{Target::kXcup, "xcup"},
                                 TargetName{Target::kIce40, "ice40"},
                                 TargetName{Target::kOsu018, "osu018"}};

}  // namespace

std::string_view to_string(Target target) {
  return std::ranges::find(kTargets, target, &TargetName::target)->name;
}

Result<Target> parse_target(std::string_view text) {
  const auto found = std::ranges::find(kTargets, text, &TargetName::name);
  if (found != kTargets.end()) return found->target;
  return Error{fmt::format("`{}` is not a target; targets are xcup, ice40, osu018", text)};
}

Result<NetlistCounts> parse_stat(std::string_view json) {
  // After the modules, Yosys 0.23 prints its summary of the hierarchy, as plain text lines inside
  // the JSON. The summary is not used: the modules are all that is read.
  const std::size_t end_of_modules = json.find("\n   },\n");
  const std::string text = end_of_modules == std::string_view::npos
                               ? std::string(json)
                               : std::string(json.substr(0, end_of_modules)) + "\n   }\n}";
  const nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object() || !parsed.contains("modules") ||
      !parsed["modules"].is_object()) {
    return Error{"the cell statistics are not JSON with a `modules` object", ErrorKind::kMismatch};
  }
  NetlistCounts netlist;
  for (const auto& [id, module] : parsed["modules"].items()) {
    CellCounts& cells = netlist[id.starts_with('\\') ? id.substr(1) : id];
    if (!module.is_object() || !module.contains("num_cells_by_type")) continue;
    for (const auto& [type, count] : module["num_cells_by_type"].items()) {
      if (!count.is_number_unsigned()) {
        return Error{fmt::format("the count of {} in {} is not a number", type, id),
                     ErrorKind::kMismatch};
      }
      cells[type.starts_with('\\') ? type.substr(1) : type] = count.get<std::uint64_t>();
    }
  }
  return netlist;
}

std::optional<Resources> cell_resources(Target target, std::string_view type,
                                        const Liberty* liberty) {
  switch (target) {
    case Target::kXcup:
      return xcup_cell(type);
    case Target::kIce40:
      return ice40_cell(type);
    case Target::kOsu018:
      return liberty != nullptr ? standard_cell(type, *liberty) : std::nullopt;
  }
  return std::nullopt;
}

Status accumulate(Resources& sum, const Resources& part, std::uint64_t times) {
  for (const auto count : kCounts) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(part.*count, times, &product) ||
        __builtin_add_overflow(sum.*count, product, &(sum.*count))) {
      return Error{"a cell count exceeds 64 bits", ErrorKind::kMismatch};
    }
  }
  sum.area_um2 += part.area_um2 * static_cast<double>(times);
  return Ok{};
}

}  // namespace bat::synth
