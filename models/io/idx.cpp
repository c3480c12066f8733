// SPDX-License-Identifier: Apache-2.0
#include "models/io/idx.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "models/io/atomic_file.hpp"

namespace bat::io {
namespace {

constexpr std::size_t kMaxInflated = std::size_t{1} << 30;
constexpr std::size_t kMaxDimensions = 4;
constexpr std::uint8_t kUnsignedByte = 0x08;

std::uint32_t load_big_endian(std::span<const std::uint8_t> b) {
  return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
         static_cast<std::uint32_t>(b[2]) << 8 | static_cast<std::uint32_t>(b[3]);
}

/// Owns the state of one inflation.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

Result<IdxArray> parse_idx(std::span<const std::uint8_t> bytes, std::string_view label) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) {
    return Error{fmt::format("{}: not an IDX file (it begins with two zero bytes)", label)};
  }
  if (bytes[2] != kUnsignedByte) {
    return Error{fmt::format("{}: IDX type {:#04x}, only unsigned bytes (0x08)", label, bytes[2])};
  }
  const std::size_t dimensions = bytes[3];
  if (dimensions < 1 || dimensions > kMaxDimensions) {
    return Error{fmt::format("{}: {} dimensions, must be 1 .. 4", label, dimensions)};
  }
  const std::size_t header = 4 + 4 * dimensions;
  if (bytes.size() < header) return Error{fmt::format("{}: truncated IDX header", label)};
  IdxArray array;
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const std::uint32_t length = load_big_endian(bytes.subspan(4 + 4 * i));
    array.shape.push_back(length);
    // Saturates: a product that large never matches the file.
    const bool overflow = length != 0 && count > std::numeric_limits<std::uint64_t>::max() / length;
    count = overflow ? std::numeric_limits<std::uint64_t>::max() : count * length;
  }
  if (count != bytes.size() - header) {
    return Error{fmt::format("{}: IDX shape needs {} bytes, the file holds {}", label, count,
                             bytes.size() - header)};
  }
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
  return array;
}

Result<std::vector<std::uint8_t>> gunzip(std::span<const std::uint8_t> bytes,
                                         std::string_view label, std::size_t limit) {
  Inflater inflater;
  if (!inflater.ready()) return Error{fmt::format("{}: cannot start zlib", label)};
  if (bytes.size() > std::numeric_limits<uInt>::max()) {
    return Error{fmt::format("{}: compressed file too large", label)};
  }
  z_stream& stream = inflater.stream();
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::vector<std::uint8_t> out;
  std::vector<std::uint8_t> chunk(std::size_t{1} << 16);
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) break;
    const std::size_t got = chunk.size() - stream.avail_out;
    if (out.size() + got > limit) {
      return Error{fmt::format("{}: inflates to more than {} bytes", label, limit)};
    }
    out.insert(out.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
  }
  if (code != Z_STREAM_END) return Error{fmt::format("{}: damaged or truncated gzip data", label)};
  if (stream.avail_in != 0) return Error{fmt::format("{}: bytes after the gzip data", label)};
  return out;
}

Result<IdxArray> read_idx(const std::filesystem::path& path) {
  auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  const std::vector<std::uint8_t>& raw = bytes.value();
  if (raw.size() < 2 || raw[0] != 0x1F || raw[1] != 0x8B) return parse_idx(raw, path.string());
  const auto inflated = gunzip(raw, path.string(), kMaxInflated);
  if (!inflated) return inflated.error();
  return parse_idx(inflated.value(), path.string());
}

}  // namespace bat::io
