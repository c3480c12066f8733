// SPDX-License-Identifier: Apache-2.0
#include "models/io/safetensors.hpp"

#include <gtest/gtest.h>

#include "models/io/atomic_file.hpp"
#include "models/io/mutator.hpp"
#include "models/io/sha256.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::io {
namespace {

SafetensorsFile example() {
  SafetensorsFile file;
  file.metadata = {{"format", "pt"}, {"text", "a\nb \xC3\xA9"}};
  file.tensors["a"] = {Dtype::kI16, {2, 3}, {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}};
  file.tensors["b.weight"] = {Dtype::kU8, {3}, {7, 8, 9}};
  file.tensors["empty"] = {Dtype::kI64, {0, 5}, {}};
  file.tensors["scalar"] = {Dtype::kI32, {}, {1, 2, 3, 4}};
  return file;
}

std::vector<std::uint8_t> with_header(const std::string& header, std::size_t data) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i)));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data);
  return bytes;
}

TEST(Safetensors, RoundTrip) {
  const SafetensorsFile file = example();
  const auto bytes = serialize_safetensors(file);
  const auto parsed = parse_safetensors(bytes, "x");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value().metadata, file.metadata);
  ASSERT_EQ(parsed.value().tensors.size(), file.tensors.size());
  for (const auto& [key, tensor] : file.tensors) {
    const Tensor& read = parsed.value().tensors.at(key);
    EXPECT_EQ(read.dtype, tensor.dtype);
    EXPECT_EQ(read.shape, tensor.shape);
    EXPECT_EQ(read.data, tensor.data);
  }
  EXPECT_EQ(parsed.value().data_sha256, sha256_hex(data_section(file)));
  EXPECT_EQ(serialize_safetensors(parsed.value()), bytes);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const auto bytes = serialize_safetensors(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_safetensors({bytes.data(), size}, "x").ok()) << size;
  }
}

struct BadHeader {
  const char* header;
  std::size_t data;
  const char* message;
};

TEST(Safetensors, BrokenRulesAreNamed) {
  const BadHeader cases[] = {
      {"[]", 0, "not a JSON object"},
      {" {}", 0, "not a JSON object"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{}})", 1, "duplicate"},
      {R"({"__metadata__":{"x":1}})", 0, "must be a string"},
      {R"({"a":1})", 0, "tensor \"a\": must be an object"},
      {R"({"a":{"dtype":"Q8","shape":[1],"data_offsets":[0,1]}})", 1, "dtype \"Q8\""},
      {R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "shape must hold"},
      {R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1, "shape must hold"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", 1, "shape needs 2 bytes"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "begin <= end"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1, "[begin, end]"},
      {R"({"a":{"dtype":"I64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
       "overflows"},
      {R"({"a":{"dtype":"I16","shape":[9223372036854775808],"data_offsets":[0,0]}})", 0,
       "overflows"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "overlap or hole"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
       R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
       3, "overlap or hole"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "overlap or hole"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 3, "truncated or trailing"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "truncated or trailing"},
  };
  for (const BadHeader& c : cases) {
    const auto parsed = parse_safetensors(with_header(c.header, c.data), "file.st");
    ASSERT_FALSE(parsed.ok()) << c.header;
    EXPECT_NE(parsed.error().message.find(c.message), std::string::npos) << parsed.error().message;
    EXPECT_TRUE(parsed.error().message.starts_with("file.st: "));
  }
}

TEST(Safetensors, SurvivesDamage) {
  const auto bytes = serialize_safetensors(example());
  Mutator mutator(1);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto parsed = parse_safetensors(mutator.mutate(bytes), "x");
    if (!parsed.ok()) continue;
    ++accepted;
    // What is accepted must be consistent enough to write and read again.
    EXPECT_TRUE(parse_safetensors(serialize_safetensors(parsed.value()), "again").ok());
  }
  EXPECT_GT(accepted, 0);
}

TEST(Safetensors, WritesWholeFilesOnly) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  ASSERT_TRUE(write_safetensors(example(), path).ok());
  ASSERT_TRUE(write_safetensors(example(), path).ok());
  EXPECT_TRUE(read_safetensors(path).ok());
  EXPECT_FALSE(write_safetensors(example(), folder.path() / "none" / "m").ok());
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1U);
  SafetensorsFile bad = example();
  bad.metadata["bad"] = "\xFF";
  EXPECT_FALSE(write_safetensors(bad, path).ok());
}

TEST(AtomicFile, ReadErrorsNameThePath) {
  const TemporaryFolder folder;
  const auto missing = read_file(folder.path() / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("missing: cannot open"), std::string::npos);
  EXPECT_FALSE(read_file(folder.path()).ok());
  ASSERT_TRUE(write_text_atomic(folder.path() / "t", "text").ok());
  EXPECT_EQ(read_text(folder.path() / "t").value(), "text");
  EXPECT_FALSE(write_text_atomic(folder.path(), "over a folder").ok());
}

std::string hash(const std::string& text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheSameHash) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::vector<std::uint8_t> data(size, 0x5A);
    Sha256 pieces;
    const std::size_t cut = size * 2 / 3;
    pieces.update({data.data(), cut});
    pieces.update({data.data() + cut, size - cut});
    Sha256 whole;
    whole.update(data);
    EXPECT_EQ(pieces.digest(), whole.digest()) << size;
  }
}

TEST(Safetensors, FloatValuesOfEveryFloatType) {
  EXPECT_EQ(float_values({Dtype::kF16, {4}, {0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00, 0xFF, 0x7B}}),
            (std::vector<float>{1.0F, -2.0F, 5.9604645e-8F, 65504.0F}));
  EXPECT_EQ(float_values({Dtype::kBF16, {2}, {0x80, 0x3F, 0x20, 0xC0}}),
            (std::vector<float>{1.0F, -2.5F}));
  EXPECT_EQ(float_values({Dtype::kF32, {1}, {0, 0, 0x80, 0x3F}}), (std::vector<float>{1.0F}));
  EXPECT_EQ(float_values({Dtype::kF64, {1}, {0, 0, 0, 0, 0, 0, 0xF0, 0x3F}}),
            (std::vector<float>{1.0F}));
  EXPECT_TRUE(float_values({Dtype::kI32, {1}, {0, 0, 0, 0}}).empty());
}

}  // namespace
}  // namespace bat::io
