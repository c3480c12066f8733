// SPDX-License-Identifier: Apache-2.0
#include "models/io/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"
#include "models/io/utf8.hpp"

namespace bat::io {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeInfo {
  Dtype dtype;
  const char* name;
  std::size_t size;
};

constexpr std::array<DtypeInfo, 9> kDtypes = {{{Dtype::kU8, "U8", 1},
                                               {Dtype::kI8, "I8", 1},
                                               {Dtype::kI16, "I16", 2},
                                               {Dtype::kI32, "I32", 4},
                                               {Dtype::kI64, "I64", 8},
                                               {Dtype::kF16, "F16", 2},
                                               {Dtype::kBF16, "BF16", 2},
                                               {Dtype::kF32, "F32", 4},
                                               {Dtype::kF64, "F64", 8}}};

/// JSON text to a value; fails on syntax errors and on duplicate keys, of which a plain parse would
/// keep one without a word.
bool parse_json(std::string_view text, Json& out) {
  std::vector<std::set<std::string>> keys;
  bool duplicate = false;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      duplicate |= !keys.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  out = Json::parse(text.begin(), text.end(), watch, false);
  return !out.is_discarded() && !duplicate;
}

/// One entry of the header.
struct Entry {
  std::string name;
  Dtype dtype = Dtype::kU8;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

/// Returns what is wrong, or an empty string.
std::string read_unsigned_list(const Json& json, std::vector<std::uint64_t>& out) {
  if (!json.is_array()) return "must be a list";
  for (const Json& item : json) {
    if (!item.is_number_unsigned()) return "must hold non-negative integers";
    out.push_back(item.get<std::uint64_t>());
  }
  return {};
}

std::string read_dtype(const Json& json, Dtype& dtype) {
  if (!json.is_string()) return "dtype must be a string";
  const auto text = json.get<std::string>();
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const DtypeInfo& d) { return text == d.name; });
  if (found == kDtypes.end()) return fmt::format("dtype \"{}\" is not supported", text);
  dtype = found->dtype;
  return {};
}

std::string check_size(const Entry& entry) {
  std::uint64_t bytes = size_of(entry.dtype);
  for (const std::uint64_t length : entry.shape) {
    if (length != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / length) {
      return "shape product overflows";
    }
    bytes *= length;
  }
  if (bytes == entry.end - entry.begin) return {};
  return fmt::format("shape needs {} bytes, data_offsets give {}", bytes, entry.end - entry.begin);
}

std::string read_entry(const Json& json, Entry& entry) {
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets")) {
    return "must be an object of dtype, shape and data_offsets";
  }
  std::string problem = read_dtype(json["dtype"], entry.dtype);
  if (!problem.empty()) return problem;
  problem = read_unsigned_list(json["shape"], entry.shape);
  if (!problem.empty()) return "shape " + problem;
  std::vector<std::uint64_t> offsets;
  problem = read_unsigned_list(json["data_offsets"], offsets);
  if (!problem.empty()) return "data_offsets " + problem;
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    return "data_offsets must be [begin, end], begin <= end";
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  return check_size(entry);
}

std::string read_metadata(const Json& json, std::map<std::string, std::string>& out) {
  if (!json.is_object()) return "must be an object";
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return fmt::format("value of \"{}\" must be a string", key);
    out[key] = value.get<std::string>();
  }
  return {};
}

/// Entries must tile the data section: sorted, each begins where the one before ends.
std::string check_ranges(std::vector<Entry>& entries, std::uint64_t data_size) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at) {
      return fmt::format(
          "tensor \"{}\": begins at byte {}, the one before ends at {} (overlap or hole)",
          entry.name, entry.begin, at);
    }
    at = entry.end;
  }
  if (at == data_size) return {};
  return fmt::format("tensors end at byte {} of a data section of {} (truncated or trailing bytes)",
                     at, data_size);
}

std::uint64_t load_little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return value;
}

std::string read_header(const Json& header, SafetensorsFile& file, std::vector<Entry>& entries) {
  if (!header.is_object()) return "the header must be a JSON object";
  for (const auto& [key, value] : header.items()) {
    if (key == kMetadataKey) {
      const std::string problem = read_metadata(value, file.metadata);
      if (!problem.empty()) return fmt::format("{}: {}", kMetadataKey, problem);
      continue;
    }
    Entry entry;
    entry.name = key;
    const std::string problem = read_entry(value, entry);
    if (!problem.empty()) return fmt::format("tensor \"{}\": {}", key, problem);
    entries.push_back(std::move(entry));
  }
  return {};
}

template <typename T>
T load(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// IEEE 754 binary16.
float half_value(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float sign = (bits >> 15) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

}  // namespace

const char* name(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)].name; }
std::size_t size_of(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)].size; }

std::vector<float> float_values(const Tensor& tensor) {
  const std::size_t size = size_of(tensor.dtype);
  std::vector<float> out;
  for (std::size_t at = 0; at + size <= tensor.data.size(); at += size) {
    const std::uint8_t* bytes = &tensor.data[at];
    switch (tensor.dtype) {
      case Dtype::kF16:
        out.push_back(half_value(load<std::uint16_t>(bytes)));
        break;
      case Dtype::kBF16:
        out.push_back(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(bytes)} << 16));
        break;
      case Dtype::kF32:
        out.push_back(load<float>(bytes));
        break;
      case Dtype::kF64:
        out.push_back(static_cast<float>(load<double>(bytes)));
        break;
      default:
        return {};
    }
  }
  return out;
}

Result<SafetensorsFile> parse_safetensors(std::span<const std::uint8_t> bytes,
                                          std::string_view label) {
  const auto fail = [&](const std::string& problem) {
    return Error{fmt::format("{}: {}", label, problem)};
  };
  if (bytes.size() < kLengthBytes) return fail("too short for a safetensors file");
  const std::uint64_t header_size = load_little_endian(bytes);
  bytes = bytes.subspan(kLengthBytes);
  if (header_size > kMaxHeader || header_size > bytes.size()) {
    return fail(fmt::format("header length {} is more than the file holds", header_size));
  }
  const auto header_bytes = bytes.first(static_cast<std::size_t>(header_size));
  const auto data = bytes.subspan(header_bytes.size());
  const std::string_view text(reinterpret_cast<const char*>(header_bytes.data()),
                              header_bytes.size());
  Json header;
  if (!text.starts_with('{') || !parse_json(text, header)) {
    return fail("the header is not a JSON object without duplicate keys");
  }
  SafetensorsFile file;
  std::vector<Entry> entries;
  std::string problem = read_header(header, file, entries);
  if (problem.empty()) problem = check_ranges(entries, data.size());
  if (!problem.empty()) return fail(problem);
  for (Entry& entry : entries) {
    const auto range = data.subspan(static_cast<std::size_t>(entry.begin),
                                    static_cast<std::size_t>(entry.end - entry.begin));
    file.tensors[entry.name] = {entry.dtype, std::move(entry.shape), {range.begin(), range.end()}};
  }
  file.data_sha256 = sha256_hex(data);
  return file;
}

Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  return parse_safetensors(bytes.value(), path.string());
}

std::vector<std::uint8_t> data_section(const SafetensorsFile& file) {
  std::vector<std::uint8_t> data;
  for (const auto& [key, tensor] : file.tensors) {
    data.insert(data.end(), tensor.data.begin(), tensor.data.end());
  }
  return data;
}

std::vector<std::uint8_t> serialize_safetensors(const SafetensorsFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header[kMetadataKey] = file.metadata;
  std::uint64_t at = 0;
  for (const auto& [key, tensor] : file.tensors) {
    const std::uint64_t end = at + tensor.data.size();
    header[key] = {
        {"dtype", name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(text.size() >> (8 * i)));
  }
  bytes.insert(bytes.end(), text.begin(), text.end());
  const std::vector<std::uint8_t> data = data_section(file);
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Status write_safetensors(const SafetensorsFile& file, const std::filesystem::path& path) {
  for (const auto& [key, value] : file.metadata) {
    if (!is_utf8(key) || !is_utf8(value)) {
      return Error{fmt::format("{}: metadata \"{}\" is not UTF-8", path.string(), key)};
    }
  }
  return write_file_atomic(path, serialize_safetensors(file));
}

}  // namespace bat::io
