// SPDX-License-Identifier: Apache-2.0
// Runs external tools with their output in a log file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/io/result.hpp"

namespace bat::sim {

/// Full path of a program found through PATH.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Runs `command` (program and arguments, no shell) in `directory`; stdout and stderr go to `log`.
/// Returns the exit status; 128 + signal if it was killed. Error if it cannot be started.
Result<int> run_process(const std::vector<std::string>& command,
                        const std::filesystem::path& directory, const std::filesystem::path& log);

/// The last `lines` lines of a text file; empty if it cannot be read.
std::string last_lines(const std::filesystem::path& file, int lines);

}  // namespace bat::sim
