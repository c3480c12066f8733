// SPDX-License-Identifier: Apache-2.0
// One function a subcommand: registers it and its options.
#pragma once

#include "cli/session.hpp"

namespace bat::cli {

void add_configs(CLI::App& app, Session& session);
void add_check(CLI::App& app, Session& session);
void add_generate(CLI::App& app, Session& session);
void add_info(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_estimate(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_synth(CLI::App& app, Session& session);
void add_leaf(CLI::App& app, Session& session);
void add_fit_area(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_eval(CLI::App& app, Session& session);
void add_train(CLI::App& app, Session& session);
void add_explore(CLI::App& app, Session& session);
void add_select(CLI::App& app, Session& session);
void add_sweep(CLI::App& app, Session& session);

}  // namespace bat::cli
