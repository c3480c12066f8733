// SPDX-License-Identifier: Apache-2.0
// Recordings: RIFF WAVE files with 16-bit PCM, one channel, and their spectrogram.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

struct Recording {
  int rate = 0;  ///< samples a second
  std::vector<std::int16_t> samples;
};

/// Parses a file image. Chunks other than "fmt " and "data" are skipped. `label` opens messages.
Result<Recording> parse_wav(std::span<const std::uint8_t> bytes, std::string_view label);
Result<Recording> read_wav(const std::filesystem::path& path);

/// Shape of a spectrogram: rows over time, bands over frequency.
struct SpectrogramShape {
  int rows = 32;
  int bands = 32;
};

/// Log-mel spectrogram as bytes, row after row. The rows are windows of 32 ms (Hann) spread evenly
/// over the recording, whatever its length. Bands are triangles on the mel scale from 50 Hz to half
/// the rate. A byte is the band's energy from 70 dB below the loudest band (0) to that (255).
std::vector<std::uint8_t> spectrogram(const Recording& recording, const SpectrogramShape& shape);

}  // namespace bat::io
