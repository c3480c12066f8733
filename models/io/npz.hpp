// SPDX-License-Identifier: Apache-2.0
// Reader of NumPy's npz: a zip archive of npy arrays, stored or deflated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "models/io/result.hpp"
#include "models/io/safetensors.hpp"

namespace bat::io {

/// Parses a file image into tensors, named without ".npy". Little-endian numbers in C order; no
/// archives over 4 GiB. `label` opens every message.
Result<SafetensorsFile> parse_npz(std::span<const std::uint8_t> bytes, std::string_view label);
Result<SafetensorsFile> read_npz(const std::filesystem::path& path);

}  // namespace bat::io
