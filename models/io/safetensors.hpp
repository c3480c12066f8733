// SPDX-License-Identifier: Apache-2.0
// Reader and writer of safetensors files: 8 bytes of header length (little endian), a JSON header,
// then the data section.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

enum class Dtype { kU8, kI8, kI16, kI32, kI64, kF16, kBF16, kF32, kF64 };

/// "U8", "I8", ...
const char* name(Dtype dtype);
std::size_t size_of(Dtype dtype);

/// One tensor; `data` holds its elements, little endian, row-major.
struct Tensor {
  Dtype dtype = Dtype::kU8;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint8_t> data;
};

/// The elements of an F16, BF16, F32 or F64 tensor; empty for other types.
std::vector<float> float_values(const Tensor& tensor);

/// Contents of a file. The tensors are written in the order of their names.
struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
  std::string data_sha256;  ///< of the data section; set by the reader
};

/// Parses a file image. Checked: header length and JSON, known dtypes, shape times element size
/// equals the byte range without overflow, ranges in order of the data section without overlap or
/// hole, up to its very end. `label` opens every message.
Result<SafetensorsFile> parse_safetensors(std::span<const std::uint8_t> bytes,
                                          std::string_view label);

Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path);

/// The data section that `serialize_safetensors` writes, for hashing into the metadata beforehand.
std::vector<std::uint8_t> data_section(const SafetensorsFile& file);

/// File image; the header is padded with blanks to a multiple of 8 bytes.
std::vector<std::uint8_t> serialize_safetensors(const SafetensorsFile& file);

/// Writes the whole file or leaves `path` as it was.
Status write_safetensors(const SafetensorsFile& file, const std::filesystem::path& path);

}  // namespace bat::io
