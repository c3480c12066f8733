// SPDX-License-Identifier: Apache-2.0
#include "explore/cost.hpp"

#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/compiler.hpp"

namespace bat::explore {
namespace {

/// Where the driver of `batkit run` puts the model with its default seed.
constexpr std::uint64_t kMemoryBase = 4096 + 64;

}  // namespace

Result<std::int64_t> exact_cycles(const Config& config, const Plan& plan, const bmt::Model& model,
                                  int tokens, const MemoryModel& memory) {
  const auto compiled = compile(config, plan, model, tokens);
  if (!compiled.ok()) return compiled.error();
  const Program* job = &compiled.value().program;
  const MemoryMap map =
      driver_map(plan, compiled.value().image, std::span(&job, 1), 1, kMemoryBase);
  const auto result = estimate(config, plan, std::span(&job, 1), map, memory);
  if (!result.ok()) return result.error();
  return result.value().cycles;
}

}  // namespace bat::explore
