// SPDX-License-Identifier: Apache-2.0
// Whole-file reads and all-or-nothing writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

/// Reads a regular file. The error names the path and the cause.
Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path);
Result<std::string> read_text(const std::filesystem::path& path);

/// Writes a temporary file beside `path`, syncs it and renames it over `path`: a reader, a crash or
/// a full disk sees the old file or the new one, never a part.
Status write_file_atomic(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
Status write_text_atomic(const std::filesystem::path& path, std::string_view text);

}  // namespace bat::io
