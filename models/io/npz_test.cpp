// SPDX-License-Identifier: Apache-2.0
#include "models/io/npz.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace bat::io {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& out, std::size_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put(Bytes& out, const std::string& text) {
  for (const char c : text) out.push_back(static_cast<std::uint8_t>(c));
}

Bytes npy(const std::string& type, const std::string& shape, const Bytes& data) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  Bytes out = {0x93};
  put(out, "NUMPY");
  put(out, 1, 2);
  put(out, header.size(), 2);
  put(out, header);
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

Bytes deflated(Bytes plain) {
  Bytes out(plain.size() + 64);
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = plain.data();
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  const auto written = static_cast<std::ptrdiff_t>(stream.total_out);
  deflateEnd(&stream);
  return {out.begin(), out.begin() + written};
}

/// An archive of one array.
Bytes archive(const std::string& name, const Bytes& array, bool pack) {
  const Bytes body = pack ? deflated(array) : array;
  const auto numbers = [&](Bytes& out) {
    put(out, 20, 2);
    put(out, 0, 2);
    put(out, pack ? 8 : 0, 2);
    put(out, 0, 8);  // time, date, checksum
    put(out, body.size(), 4);
    put(out, array.size(), 4);
    put(out, name.size(), 2);
    put(out, 0, 2);
  };
  Bytes out;
  put(out, 0x04034b50, 4);
  numbers(out);
  put(out, name);
  out.insert(out.end(), body.begin(), body.end());
  const std::size_t directory = out.size();
  put(out, 0x02014b50, 4);
  put(out, 20, 2);
  numbers(out);
  put(out, 0, 8);  // comment, disk,
  put(out, 0, 2);  // attributes
  put(out, 0, 4);  // offset
  put(out, name);
  const std::size_t size = out.size() - directory;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, 1, 2);
  put(out, 1, 2);
  put(out, size, 4);
  put(out, directory, 4);
  put(out, 0, 2);
  return out;
}

const Bytes kFloats = {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0};  // 1, -2

TEST(Npz, StoredAndDeflated) {
  for (const bool pack : {false, true}) {
    const auto file = parse_npz(archive("a.b.npy", npy("<f4", "(2, 1)", kFloats), pack), "x");
    ASSERT_TRUE(file.ok()) << file.error().message;
    const Tensor& tensor = file.value().tensors.at("a.b");
    EXPECT_EQ(tensor.shape, (std::vector<std::uint64_t>{2, 1}));
    EXPECT_EQ(float_values(tensor), (std::vector<float>{1.0F, -2.0F}));
  }
  const auto scalar = parse_npz(archive("s.npy", npy("|u1", "()", {7}), false), "x");
  ASSERT_TRUE(scalar.ok()) << scalar.error().message;
  EXPECT_TRUE(scalar.value().tensors.at("s").shape.empty());
}

TEST(Npz, FaultsAreNamed) {
  const auto message = [](const Bytes& bytes) {
    const auto file = parse_npz(bytes, "x");
    return file.ok() ? std::string("no error") : file.error().message;
  };
  EXPECT_NE(message(archive("a", npy("<f4", "(3,)", kFloats), false)).find("'a'"),
            std::string::npos);
  EXPECT_NE(message(archive("a", npy(">f4", "(2,)", kFloats), false)).find("type"),
            std::string::npos);
  EXPECT_NE(message(archive("a", {1, 2, 3}, false)).find("npy"), std::string::npos);
  EXPECT_NE(message({}).find("zip"), std::string::npos);
  EXPECT_NE(message(archive("a", npy("<f4", "(4294967296, 4294967296)", kFloats), true))
                .find("differ in size"),
            std::string::npos);
}

TEST(Npz, DamageIsAnErrorOrAnotherFileButNoCrash) {
  const Bytes good = archive("a.npy", npy("<f4", "(2,)", kFloats), true);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_npz({good.data(), size}, "x").ok()) << size;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      Bytes bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ flip);
      (void)parse_npz(bad, "x");
    }
  }
}

}  // namespace
}  // namespace bat::io
