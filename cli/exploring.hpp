// SPDX-License-Identifier: Apache-2.0
// What `explore`, `select` and `sweep` share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/session.hpp"
#include "explore/exploration.hpp"

namespace bat::cli {

/// One progress bar at a time; a new one when what is done changes.
class Bars {
 public:
  explore::Progress progress();
  void clear() { bar_.reset(); }

 private:
  std::string what_;
  std::unique_ptr<ProgressBar> bar_;
};

unsigned worker_threads(unsigned chosen);
/// "3 s", "4 min", "2.5 h".
std::string duration_text(double seconds);
/// Path of this program.
std::string own_path();

/// Told a space and the number of its models before anything that takes long; an error ends all.
using Announce = std::function<Status(const explore::Space& space, std::size_t models)>;

/// Loads the models of a space, announces, and measures them. New measurements stay in
/// FOLDER/measured.json; those in models/zoo/measured.json are used.
Result<explore::Exploration> prepare(explore::Space space, const std::string& folder,
                                     const explore::Progress& progress, const Announce& announce);
Result<std::unique_ptr<explore::Journal>> open_journal(const std::string& folder);

void add_launcher_options(CLI::App& command, std::string& launcher, std::string& slurm,
                          unsigned& parallel, int& retries);

}  // namespace bat::cli
