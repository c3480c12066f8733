// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/disassemble.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>

namespace bat::isa {
namespace {

constexpr std::array<std::string_view, kNumUnits> kUnitNames{"dma", "qmm", "row", "smx", "sto"};
constexpr std::array kWaits{kWaitDma, kWaitQmm, kWaitRow, kWaitSmx, kWaitSto};

/// Prefix of the fields of an operation in the table of fields.
std::string_view prefix(Op op) {
  switch (op) {
    case Op::kLoad:
      return "Load";
    case Op::kQmm:
      return "Qmm";
    case Op::kLn:
      return "Ln";
    case Op::kEmbed:
      return "Embed";
    case Op::kFeat:
      return "Feat";
    case Op::kSmx:
      return "Smx";
    case Op::kStore:
      return "Store";
    default:
      return "-";
  }
}

/// Whether a destination field of QMM belongs to its output kind: the kinds share bits.
bool applies(const Instruction& i, const Field& field) {
  if (i.op() != Op::kQmm || field.lsb < kQmmDMem.lsb) return true;
  const std::string_view name(field.name);
  const bool res = name == "QmmResBase" || name == "QmmRt" || name == "QmmStatFirst" ||
                   name == "QmmSkip0" || name == "QmmMaskHigh";
  // Only masked products have a mask to show.
  if (name == "QmmGrain" || name == "QmmMask") return i.get(kQmmGrain) != 0;
  // The steps of zero counts stand where weights have their mask.
  if (name == "QmmZStep") {
    return i.get(kQmmGrain) == 0 && i.get(kQmmZUse) != 0 && i.get(kQmmZStep) != 0;
  }
  if (name == "QmmMaskHigh" && i.get(kQmmGrain) == 0) return false;
  const bool score = name == "QmmSlot" || name == "QmmSBase";
  switch (static_cast<Out>(i.get(kQmmOut))) {
    case Out::kRes:
      return res;
    case Out::kScore:
      return score;
    case Out::kLogit:
      return name == "QmmLBase";
    default:
      return !res && !score && name != "QmmLBase";
  }
}

/// "ABase" as "a_base".
std::string snake(std::string_view name) {
  std::string text;
  for (const char ch : name) {
    const auto c = static_cast<unsigned char>(ch);
    if (std::isupper(c) != 0 && !text.empty()) text += '_';
    text += static_cast<char>(std::tolower(c));
  }
  return text;
}

std::string value_text(const Field& field, std::uint64_t value) {
  constexpr std::array<std::string_view, 5> kOuts{"bit", "code", "res", "score", "logit"};
  if (field.lsb == kQmmOut.lsb && std::string_view(field.name) == "QmmOut" &&
      value < kOuts.size()) {
    return std::string(kOuts[value]);
  }
  if (std::string_view(field.name) == "LoadDest") {
    return std::string(to_string(static_cast<Ring>(value)));
  }
  return std::to_string(value);
}

}  // namespace

std::string_view to_string(Op op) {
  switch (op) {
    case Op::kLoad:
      return "LOAD";
    case Op::kQmm:
      return "QMM";
    case Op::kLn:
      return "LN";
    case Op::kEmbed:
      return "EMBED";
    case Op::kFeat:
      return "FEAT";
    case Op::kSmx:
      return "SMX";
    case Op::kStore:
      return "STORE";
    case Op::kEnd:
      return "END";
  }
  return "?";
}

std::string_view to_string(Unit unit) { return kUnitNames[static_cast<std::size_t>(unit)]; }

std::string_view to_string(Ring ring) {
  constexpr std::array<std::string_view, 4> kNames{"w", "t", "p", "l"};
  return kNames[static_cast<std::size_t>(ring)];
}

std::string to_string(const Instruction& instruction) {
  std::string text(to_string(instruction.op()));
  const std::string_view own = prefix(instruction.op());
  for (const Field& field : kFields) {
    const std::string_view name(field.name);
    if (!name.starts_with(own) || !applies(instruction, field)) continue;
    text += fmt::format(" {}={}", snake(name.substr(own.size())),
                        value_text(field, instruction.get(field)));
  }
  for (std::size_t unit = 0; unit < kWaits.size(); ++unit) {
    const std::uint64_t distance = instruction.get(kWaits[unit]);
    if (distance != kWaitNone) text += fmt::format(" wait {}:{}", kUnitNames[unit], distance);
  }
  return text;
}

}  // namespace bat::isa
