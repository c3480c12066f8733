// SPDX-License-Identifier: Apache-2.0
// A task for tests of training: small images whose bright quarter is the class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace bat::train {

/// Bytes as an IDX file.
inline void write_bytes(const std::filesystem::path& path, std::vector<std::uint32_t> shape,
                        const std::vector<std::uint8_t>& data) {
  std::ofstream file(path, std::ios::binary);
  file.put(0).put(0).put(8).put(static_cast<char>(shape.size()));
  for (const std::uint32_t n : shape) {
    for (const int s : {24, 16, 8, 0}) file.put(static_cast<char>(n >> s));
  }
  file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
}

/// `half` ("train" or "t10k") of a data set: images of 8 x 8 with noise, four classes.
inline void write_half(const std::filesystem::path& folder, const std::string& half, int count,
                       std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<std::uint8_t> pixels, labels;
  for (int i = 0; i < count; ++i) {
    const int label = i % 4;
    labels.push_back(static_cast<std::uint8_t>(label));
    for (int p = 0; p < 64; ++p) {
      const bool bright = (p / 32) * 2 + (p % 8) / 4 == label;
      pixels.push_back(static_cast<std::uint8_t>(generator() % 120 + (bright ? 100U : 0U)));
    }
  }
  const auto n = static_cast<std::uint32_t>(count);
  write_bytes(folder / (half + "-images-idx3-ubyte"), {n, 8, 8}, pixels);
  write_bytes(folder / (half + "-labels-idx1-ubyte"), {n}, labels);
}

}  // namespace bat::train
