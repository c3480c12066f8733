// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/bat_registers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace bat::blocks {
namespace {

using emit::FieldKind;
using emit::Register;
using emit::RegisterField;

constexpr int kVersion[3] = {BAT_VERSION_MAJOR, BAT_VERSION_MINOR, BAT_VERSION_PATCH};
constexpr std::uint32_t kMagic = 0x30544142;  // "BAT0"

std::uint64_t log2_of(int power_of_two) {
  return static_cast<std::uint64_t>(std::bit_width(static_cast<unsigned>(power_of_two)) - 1);
}

RegisterField word(FieldKind kind, std::uint64_t value = 0) {
  return {"", 0, 32, kind, value, "whole register"};
}

Register address_half(std::uint32_t offset, const std::string& name, const std::string& meaning) {
  return {offset, name, meaning, {word(FieldKind::kControl)}};
}

Register shape(const Config& config, const Plan& plan) {
  const auto field = [](const char* name, int lsb, int width, std::uint64_t value,
                        const char* meaning) {
    return RegisterField{name, lsb, width, FieldKind::kConstant, value, meaning};
  };
  const auto flag = [](bool built_in) { return built_in ? std::uint64_t{1} : std::uint64_t{0}; };
  return {0x0C,
          "SHAPE",
          "What is built in.",
          {field("TR", 0, 4, log2_of(plan.rows), "log2 of token rows of a tile"),
           field("TC", 4, 4, log2_of(plan.cols), "log2 of output columns of a tile"),
           field("TK", 8, 4, log2_of(plan.depth), "log2 of bits of a dot product per cycle"),
           field("LANES", 12, 4, log2_of(plan.lanes), "log2 of lanes"),
           field("AXI_W", 16, 4, log2_of(plan.axi_bits), "log2 of memory port bits"),
           field("BRANCHES", 20, 1, static_cast<std::uint64_t>(plan.branches - 1),
                 "weight branches - 1"),
           field("MAX_BITS", 22, 2, log2_of(plan.max_bits), "log2 of encoder activation bits"),
           field("SOFTMAX", 24, 1, flag(config.features.softmax), "softmax attention"),
           field("THRESHOLD", 25, 1, flag(config.features.threshold), "threshold attention"),
           field("TOKENS", 26, 1, flag(config.features.tokens), "token input"),
           field("FEATURES", 27, 1, flag(config.features.feature_rows), "feature input"),
           field("PRUNING", 28, 1, flag(config.features.pruning), "masks of pruned blocks"),
           field("PROTECTION", 29, 2, static_cast<std::uint64_t>(config.memory.weight_protection),
                 "of weight memory: 0 none, 1 parity, 2 majority")}};
}

/// Registers and events of a guarded weight memory.
void add_protection(const Config& config, emit::RegisterMap& map) {
  const bmt::Protection protection = config.memory.weight_protection;
  if (protection == bmt::Protection::kNone) return;
  const bool parity = protection == bmt::Protection::kParity;
  map.registers.push_back({0x48,
                           "WEIGHT_FAULTS",
                           parity ? "Weight words read with a parity error; at most 2^32 - 1."
                                  : "Weight words read and corrected; at most 2^32 - 1.",
                           {word(FieldKind::kStatus)}});
  if (!parity) return;
  const auto irq = std::find_if(map.registers.begin(), map.registers.end(),
                                [](const Register& r) { return r.name == "IRQ"; });
  irq->fields.push_back(
      {"WEIGHTS", 2, 1, FieldKind::kEvent, 0, "a weight word had a parity error"});
}

}  // namespace

std::string generator_version() {
  return fmt::format("{}.{}.{}", kVersion[0], kVersion[1], kVersion[2]);
}

emit::RegisterMap bat_registers(const Config& config, const Plan& plan) {
  const std::uint64_t version = static_cast<std::uint64_t>(kVersion[0]) << 16 |
                                static_cast<std::uint64_t>(kVersion[1]) << 8 |
                                static_cast<std::uint64_t>(kVersion[2]);
  emit::RegisterMap map;
  map.module_name = "bat_regs";
  map.purpose = "Register file of BAT on AXI4-Lite (docs/architecture.md section 7).";
  map.registers = {
      {0x00, "MAGIC", "\"BAT0\".", {word(FieldKind::kConstant, kMagic)}},
      {0x04,
       "VERSION",
       "Generator version: major.minor.patch in bytes 2, 1, 0.",
       {word(FieldKind::kConstant, version)}},
      {0x08,
       "CONFIG_HASH",
       "Low 32 bits of the configuration's SHA-256.",
       {word(FieldKind::kConstant, config_hash32(config))}},
      shape(config, plan),
      {0x10,
       "CTRL",
       "Control.",
       {{"ENABLE", 0, 1, FieldKind::kControl, 0, "queued jobs may start"},
        {"SOFT_RESET", 1, 1, FieldKind::kPulse, 0, "reset all but this file's settings"},
        {"IRQ_ENABLE", 2, 1, FieldKind::kControl, 0, "interrupt output enable"},
        {"CLEAR_COUNTERS", 3, 1, FieldKind::kPulse, 0, "counters to 0"}}},
      {0x14,
       "STATUS",
       "State.",
       {{"BUSY", 0, 1, FieldKind::kStatus, 0, "a job runs or memory is being accessed"},
        {"ERROR", 1, 1, FieldKind::kStatus, 0, "stopped by an error"},
        {"QUEUE_FULL", 2, 1, FieldKind::kStatus, 0, "no room for a job"},
        {"QUEUE_EMPTY", 3, 1, FieldKind::kStatus, 0, "no job waits"},
        {"QUEUED", 8, 8, FieldKind::kStatus, 0, "jobs that wait"}}},
      {0x18,
       "ERROR",
       "First error since reset.",
       {{"CODE", 0, 8, FieldKind::kStatus, 0, "0 none, see error codes"},
        {"SOURCE", 8, 8, FieldKind::kStatus, 0, "unit or AXI client"},
        {"INDEX", 16, 16, FieldKind::kStatus, 0, "instructions dispatched of the program"}}},
      {0x1C,
       "IRQ",
       "Events; also cleared by a soft reset.",
       {{"DONE", 0, 1, FieldKind::kEvent, 0, "a job is done"},
        {"ERROR", 1, 1, FieldKind::kEvent, 0, "an error has stopped the accelerator"}}},
      address_half(0x20, "MODEL_BASE_LO", "Address of weights and parameters, low half."),
      address_half(0x24, "MODEL_BASE_HI", "High half."),
      address_half(0x28, "JOB_PROGRAM_LO", "Address of the program, low half."),
      address_half(0x2C, "JOB_PROGRAM_HI", "High half."),
      address_half(0x30, "JOB_INPUT_LO", "Address of the input, low half."),
      address_half(0x34, "JOB_INPUT_HI", "High half."),
      address_half(0x38, "JOB_OUTPUT_LO", "Address of the logits, low half."),
      address_half(0x3C, "JOB_OUTPUT_HI", "High half."),
      {0x40, "JOB_PUSH", "Any write queues a job with the four addresses above.", {}, true},
      {0x44, "JOBS_DONE", "Jobs completed since reset.", {word(FieldKind::kStatus)}},
  };
  add_protection(config, map);
  map.windows = {{0x80, 38, "COUNTERS",
                  "64-bit counters: 0 cycles active, then of unit u 1+3u busy, 2+3u starved, 3+3u "
                  "stalled; 16 QMM steps, 17 AXI read beats, 18 AXI write beats."}};
  return map;
}

}  // namespace bat::blocks
