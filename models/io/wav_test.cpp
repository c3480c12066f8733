// SPDX-License-Identifier: Apache-2.0
#include "models/io/wav.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace bat::io {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void tag(Bytes& out, const char* text) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(text[i]));
}

Bytes wav(const std::vector<std::int16_t>& samples, std::uint32_t channels = 1,
          std::uint32_t bits = 16) {
  Bytes out;
  tag(out, "RIFF");
  put(out, 0, 4);  // sizes of the whole are often wrong and not needed
  tag(out, "WAVE");
  tag(out, "LIST");
  put(out, 3, 4);
  put(out, 0, 4);  // 3 bytes and padding
  tag(out, "fmt ");
  put(out, 16, 4);
  put(out, 1, 2);
  put(out, channels, 2);
  put(out, 8000, 4);
  put(out, 16000, 4);
  put(out, 2, 2);
  put(out, bits, 2);
  tag(out, "data");
  put(out, static_cast<std::uint32_t>(2 * samples.size()), 4);
  for (const std::int16_t s : samples) put(out, static_cast<std::uint16_t>(s), 2);
  return out;
}

TEST(Wav, SamplesAndFaults) {
  const Bytes good = wav({1, -2, 32767});
  const auto read = parse_wav(good, "x");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value().rate, 8000);
  EXPECT_EQ(read.value().samples, (std::vector<std::int16_t>{1, -2, 32767}));
  EXPECT_FALSE(parse_wav(wav({1}, 2), "x").ok());
  EXPECT_FALSE(parse_wav(wav({1}, 1, 8), "x").ok());
  EXPECT_FALSE(parse_wav(wav({}), "x").ok());
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    EXPECT_FALSE(parse_wav({good.data(), size}, "x").ok()) << size;
  }
}

TEST(Wav, ToneLightsItsBand) {
  Recording tone;
  tone.rate = 8000;
  for (int i = 0; i < 4000; ++i) {
    tone.samples.push_back(
        static_cast<std::int16_t>(8000.0 * std::sin(2.0 * std::numbers::pi * 1000.0 * i / 8000.0)));
  }
  const std::vector<std::uint8_t> codes = spectrogram(tone, {8, 16});
  ASSERT_EQ(codes.size(), 128U);
  for (int row = 0; row < 8; ++row) {
    const auto begin = codes.begin() + 16 * row;
    const auto brightest = std::max_element(begin, begin + 16) - begin;
    EXPECT_EQ(brightest, 7) << row;  // bands peak at 78 + 122 k mel, 1000 Hz is 1000 mel
    EXPECT_GE(*(begin + brightest), 250);
    EXPECT_LT(*(begin + 14), 60);
  }
  tone.samples.resize(20);  // shorter than a window
  EXPECT_EQ(spectrogram(tone, {8, 16}).size(), 128U);
}

}  // namespace
}  // namespace bat::io
