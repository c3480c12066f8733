// SPDX-License-Identifier: Apache-2.0
// batkit check: validates a configuration and shows what was planned from it.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::cli {
namespace {

nlohmann::ordered_json planned(const Plan& plan) {
  return {{"accumulator_bits", plan.acc_bits},
          {"row_tiles", plan.row_tiles},
          {"act_words", plan.act_words},
          {"xb_words", plan.xb_words},
          {"residual_bank_words", plan.res_bank_words},
          {"score_words", plan.score_words},
          {"k_words", plan.k_words},
          {"v_words", plan.v_words},
          {"weight_ring_words", plan.w_ring_words},
          {"threshold_ring_words", plan.t_ring_words},
          {"parameter_ring_words", plan.p_ring_words},
          {"layernorm_ring_words", plan.l_ring_words}};
}

int execute(const std::string& name, bool json) {
  const auto config = load_config(name);
  if (!config.ok()) return fail(config.error());
  const auto sizes = plan(config.value());
  if (!sizes.ok()) return fail(sizes.error());
  const auto sizes_json = planned(sizes.value());
  if (json) {
    print_json({{"config", name},
                {"valid", true},
                {"hash", config_hash(config.value())},
                {"plan", sizes_json}});
    return kExitOk;
  }
  fmt::print("{}: valid, hash {}\n", name, config_hash(config.value()).substr(0, 16));
  for (const auto& [key, value] : sizes_json.items()) {
    fmt::print("  {:<22} {:>8}\n", key, value.get<int>());
  }
  return kExitOk;
}

}  // namespace

void add_check(CLI::App& app, Session& session) {
  CLI::App* command =
      add_command(app, session, "check", "Validate a configuration and show the planned buffers",
                  "batkit check mine.toml");
  auto name = std::make_shared<std::string>();
  command->add_option("config", *name, "Named configuration or TOML file")->required();
  command->callback([&session, name] {
    session.action = [&session, name] { return execute(*name, session.json); };
  });
}

}  // namespace bat::cli
