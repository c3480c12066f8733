// SPDX-License-Identifier: Apache-2.0
#include "models/io/idx.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "models/io/atomic_file.hpp"
#include "models/io/mutator.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::io {
namespace {

std::vector<std::uint8_t> example() {
  std::vector<std::uint8_t> bytes = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
  for (std::uint8_t i = 0; i < 24; ++i) bytes.push_back(i);
  return bytes;
}

std::vector<std::uint8_t> gzip(const std::vector<std::uint8_t>& bytes) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::vector<std::uint8_t> out(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Idx, ReadsPlainAndCompressed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "plain", example()).ok());
  ASSERT_TRUE(write_file_atomic(folder.path() / "packed.gz", gzip(example())).ok());
  for (const char* name : {"plain", "packed.gz"}) {
    const auto array = read_idx(folder.path() / name);
    ASSERT_TRUE(array.ok()) << array.error().message;
    EXPECT_EQ(array.value().shape, (std::vector<std::uint32_t>{2, 3, 4}));
    EXPECT_EQ(array.value().data.size(), 24U);
    EXPECT_EQ(array.value().data[23], 23);
  }
}

TEST(Idx, TruncationAndTrailingBytesAreErrors) {
  auto bytes = example();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_idx({bytes.data(), size}, "x").ok()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_idx(bytes, "x").ok());
}

TEST(Idx, RejectsOtherTypesAndHugeShapes) {
  auto bytes = example();
  bytes[2] = 0x0D;
  EXPECT_FALSE(parse_idx(bytes, "x").ok());
  const std::vector<std::uint8_t> huge = {0,    0,    8,    4,    0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  EXPECT_FALSE(parse_idx(huge, "x").ok());
}

TEST(Gunzip, ErrorsOnDamageAndLimit) {
  const auto packed = gzip(std::vector<std::uint8_t>(200000, 7));
  EXPECT_EQ(gunzip(packed, "x", 200000).value().size(), 200000U);
  EXPECT_FALSE(gunzip(packed, "x", 199999).ok());
  auto trailing = packed;
  trailing.push_back(1);
  EXPECT_FALSE(gunzip(trailing, "x", 200000).ok());
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(gunzip({packed.data(), size}, "x", 200000).ok()) << size;
  }
}

TEST(Idx, SurvivesDamage) {
  Mutator mutator(2);
  const auto plain = example();
  const auto packed = gzip(plain);
  for (int i = 0; i < 20000; ++i) {
    const auto array = parse_idx(mutator.mutate(plain), "x");
    if (array.ok()) {
      std::size_t count = 1;
      for (const std::uint32_t n : array.value().shape) count *= n;
      EXPECT_EQ(array.value().data.size(), count);
    }
    const auto inflated = gunzip(mutator.mutate(packed), "x", 1 << 16);
    EXPECT_TRUE(!inflated.ok() || inflated.value().size() <= 1U << 16);
  }
}

TEST(Idx, FashionMnist) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const auto images = read_idx(folder / "t10k-images-idx3-ubyte.gz");
  const auto labels = read_idx(folder / "t10k-labels-idx1-ubyte.gz");
  ASSERT_TRUE(images.ok() && labels.ok());
  EXPECT_EQ(images.value().shape, (std::vector<std::uint32_t>{10000, 28, 28}));
  EXPECT_EQ(labels.value().shape, (std::vector<std::uint32_t>{10000}));
}

}  // namespace
}  // namespace bat::io
