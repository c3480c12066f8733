// SPDX-License-Identifier: Apache-2.0
// IDX files of unsigned bytes (MNIST family), plain or gzip-compressed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

/// `data` holds product(shape) bytes, row-major. 1 to 4 dimensions.
struct IdxArray {
  std::vector<std::uint32_t> shape;
  std::vector<std::uint8_t> data;
};

/// Parses an uncompressed image; the length must match the shape exactly.
Result<IdxArray> parse_idx(std::span<const std::uint8_t> bytes, std::string_view label);

/// Inflates a gzip member of at most `limit` bytes of output; trailing bytes are an error.
Result<std::vector<std::uint8_t>> gunzip(std::span<const std::uint8_t> bytes,
                                         std::string_view label, std::size_t limit);

/// Reads a file; gzip is recognized by its magic bytes.
Result<IdxArray> read_idx(const std::filesystem::path& path);

}  // namespace bat::io
