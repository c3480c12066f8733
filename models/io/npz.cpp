// SPDX-License-Identifier: Apache-2.0
#include "models/io/npz.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "models/io/atomic_file.hpp"

namespace bat::io {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kLongestComment = 65535;
constexpr std::uint32_t kStored = 0;
constexpr std::uint32_t kDeflated = 8;
constexpr std::size_t kMostElements = std::size_t{1} << 40;

std::uint32_t little(Bytes bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= static_cast<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]) << (8 * i);
  }
  return value;
}

struct Entry {
  std::string name;
  std::uint32_t method = 0, packed = 0, size = 0, offset = 0;
};

/// Where the end record of the directory starts.
std::optional<std::size_t> find_end(Bytes bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const std::size_t last = bytes.size() - kEndSize;
  for (std::size_t back = 0; back <= last && back <= kLongestComment; ++back) {
    if (little(bytes, last - back, 4) == kEndOfDirectory) return last - back;
  }
  return std::nullopt;
}

Result<Entry> read_entry(Bytes bytes, std::size_t& at, std::string_view label) {
  const bool fits = at + kEntrySize <= bytes.size() && little(bytes, at, 4) == kDirectoryEntry;
  if (!fits) return Error{fmt::format("{}: broken zip directory", label)};
  Entry entry;
  entry.method = little(bytes, at + 10, 2);
  entry.packed = little(bytes, at + 20, 4);
  entry.size = little(bytes, at + 24, 4);
  entry.offset = little(bytes, at + 42, 4);
  const std::size_t name = little(bytes, at + 28, 2);
  const std::size_t rest = little(bytes, at + 30, 2) + little(bytes, at + 32, 2);
  if (name + rest > bytes.size() - at - kEntrySize) {
    return Error{fmt::format("{}: broken zip directory", label)};
  }
  entry.name.assign(reinterpret_cast<const char*>(bytes.data()) + at + kEntrySize, name);
  at += kEntrySize + name + rest;
  return entry;
}

/// Inflates exactly `size` bytes; empty if the data are anything else.
std::vector<std::uint8_t> inflate_raw(Bytes packed, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(packed.data());  // zlib does not write there
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(size);
  const int code = inflate(&stream, Z_FINISH);
  const bool good = code == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return good ? out : std::vector<std::uint8_t>{};
}

Result<std::vector<std::uint8_t>> unpack(Bytes bytes, const Entry& e, std::string_view label) {
  const std::size_t at = e.offset;
  const auto broken = [&] { return Error{fmt::format("{}: entry '{}' is broken", label, e.name)}; };
  if (at + kLocalSize > bytes.size() || little(bytes, at, 4) != kLocalHeader) return broken();
  const std::size_t start = at + kLocalSize + little(bytes, at + 26, 2) + little(bytes, at + 28, 2);
  if (start > bytes.size() || e.packed > bytes.size() - start) return broken();
  const Bytes packed = bytes.subspan(start, e.packed);
  if (e.method == kStored && e.packed == e.size) {
    return std::vector<std::uint8_t>(packed.begin(), packed.end());
  }
  // No deflate stream grows more than about 1032 times.
  if (e.method != kDeflated || e.size / 1100 > e.packed) return broken();
  std::vector<std::uint8_t> out = inflate_raw(packed, e.size);
  if (out.empty()) return broken();
  return out;
}

/// The text after `'key': ` in the header of an array.
std::string_view field(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + key.size() + 3);
  while (header.starts_with(' ')) header.remove_prefix(1);
  return header;
}

std::optional<Dtype> dtype_of(std::string_view text) {
  static constexpr std::pair<const char*, Dtype> kTypes[] = {
      {"'<f2'", Dtype::kF16}, {"'<f4'", Dtype::kF32}, {"'<f8'", Dtype::kF64},
      {"'|u1'", Dtype::kU8},  {"'|i1'", Dtype::kI8},  {"'<i2'", Dtype::kI16},
      {"'<i4'", Dtype::kI32}, {"'<i8'", Dtype::kI64}};
  for (const auto& [name, dtype] : kTypes) {
    if (text.starts_with(name)) return dtype;
  }
  return std::nullopt;
}

/// "(2, 3)", "(4,)" or "()".
std::optional<std::vector<std::uint64_t>> shape_of(std::string_view text) {
  const std::size_t close = text.find(')');
  if (!text.starts_with('(') || close == std::string_view::npos) return std::nullopt;
  std::vector<std::uint64_t> shape;
  const char* at = text.data() + 1;
  const char* end = text.data() + close;
  while (at != end) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    std::uint64_t size = 0;
    const auto parsed = std::from_chars(at, end, size);
    if (parsed.ec != std::errc{}) return std::nullopt;
    shape.push_back(size);
    at = parsed.ptr;
  }
  return shape;
}

/// Elements of `shape`; more than any file holds if that overflows.
std::size_t elements(const std::vector<std::uint64_t>& shape) {
  std::size_t count = 1;
  for (const std::uint64_t size : shape) {
    if (size != 0 && count > kMostElements / size) return kMostElements;
    count *= size;
  }
  return count;
}

Result<Tensor> parse_npy(Bytes bytes, const std::string& label) {
  const auto bad = [&](const char* what) { return Error{fmt::format("{}: {}", label, what)}; };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) {
    return bad("is not an npy array");
  }
  const bool first = bytes[6] == 1;
  const std::size_t start = first ? 10 : 12;
  const std::size_t length = little(bytes, 8, first ? 2 : 4);
  if (length > bytes.size() - start) return bad("header is cut off");
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + start, length);
  const auto dtype = dtype_of(field(header, "descr"));
  const auto shape = shape_of(field(header, "shape"));
  if (!dtype) return bad("type must be a little-endian number (f2, f4, f8, u1, i1, i2, i4, i8)");
  if (!shape) return bad("header has no shape");
  if (!field(header, "fortran_order").starts_with("False")) return bad("is not in C order");
  const Bytes data = bytes.subspan(start + length);
  const std::size_t count = elements(*shape);
  if (count >= kMostElements || count * size_of(*dtype) != data.size()) {
    return bad("shape and data differ in size");
  }
  return Tensor{*dtype, *shape, {data.begin(), data.end()}};
}

}  // namespace

Result<SafetensorsFile> parse_npz(Bytes bytes, std::string_view label) {
  const auto end = find_end(bytes);
  if (!end) return Error{fmt::format("{}: is not a zip archive", label)};
  const std::uint32_t count = little(bytes, *end + 10, 2);
  std::size_t at = little(bytes, *end + 16, 4);
  SafetensorsFile out;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Result<Entry> entry = read_entry(bytes, at, label);
    if (!entry) return entry.error();
    const auto array = unpack(bytes, entry.value(), label);
    if (!array) return array.error();
    std::string name = entry.value().name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    Result<Tensor> tensor = parse_npy(array.value(), fmt::format("{}: '{}'", label, name));
    if (!tensor) return tensor.error();
    if (!out.tensors.emplace(name, std::move(tensor.value())).second) {
      return Error{fmt::format("{}: two arrays are named '{}'", label, name)};
    }
  }
  return out;
}

Result<SafetensorsFile> read_npz(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  return parse_npz(bytes.value(), path.string());
}

}  // namespace bat::io
