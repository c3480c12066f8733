// SPDX-License-Identifier: Apache-2.0
#include "models/io/wav.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "models/io/atomic_file.hpp"

namespace bat::io {
namespace {

constexpr double kWindowSeconds = 0.032;
constexpr double kLowestHertz = 50.0;
constexpr double kRangeDecibel = 70.0;
constexpr std::uint16_t kPcm = 1;
constexpr int kHighestRate = 192000;

std::uint32_t little(std::span<const std::uint8_t> bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= static_cast<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]) << (8 * i);
  }
  return value;
}

bool is_tag(std::span<const std::uint8_t> bytes, std::size_t at, const char* tag) {
  return std::memcmp(bytes.data() + at, tag, 4) == 0;
}

/// Reads "fmt "; empty when it is what we read.
std::string read_format(std::span<const std::uint8_t> body, Recording& out) {
  if (body.size() < 16) return "'fmt ' chunk too short";
  const auto format = little(body, 0, 2);
  const auto channels = little(body, 2, 2);
  const auto rate = little(body, 4, 4);
  const auto bits = little(body, 14, 2);
  if (format != kPcm || channels != 1 || bits != 16) {
    return fmt::format("format {}, {} channels, {} bits; must be PCM (1), 1 channel, 16 bits",
                       format, channels, bits);
  }
  if (rate < 1000 || rate > kHighestRate) return fmt::format("rate {} out of range", rate);
  out.rate = static_cast<int>(rate);
  return {};
}

double mel(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double hertz_of(double m) { return 700.0 * (std::pow(10.0, m / 2595.0) - 1.0); }

/// Power of the first half of the spectrum of `window` by the definition: windows are short.
class Spectrum {
 public:
  explicit Spectrum(std::size_t size) : size_(size), cosine_(size), sine_(size), hann_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      const double angle =
          2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
      cosine_[i] = std::cos(angle);
      sine_[i] = std::sin(angle);
      hann_[i] = 0.5 - 0.5 * cosine_[i];
    }
  }

  std::vector<double> power(std::span<const double> window) const {
    std::vector<double> out(size_ / 2 + 1);
    for (std::size_t k = 0; k < out.size(); ++k) {
      double re = 0.0;
      double im = 0.0;
      for (std::size_t i = 0; i < size_; ++i) {
        const double value = window[i] * hann_[i];
        re += value * cosine_[i * k % size_];
        im += value * sine_[i * k % size_];
      }
      out[k] = re * re + im * im;
    }
    return out;
  }

 private:
  std::size_t size_;
  std::vector<double> cosine_, sine_, hann_;
};

/// Weight of bin k of the spectrum in the triangle that rises from `left` to `middle` (Hz).
double triangle(double hertz, double left, double middle, double right) {
  if (hertz <= left || hertz >= right) return 0.0;
  return hertz <= middle ? (hertz - left) / (middle - left) : (right - hertz) / (right - middle);
}

/// weights[band][bin]. A band too narrow to hold a bin takes the nearest one.
std::vector<std::vector<double>> mel_bands(int bands, int rate, std::size_t window) {
  const double low = mel(kLowestHertz);
  const double step = (mel(rate / 2.0) - low) / (bands + 1);
  const double bin = static_cast<double>(rate) / static_cast<double>(window);
  std::vector<std::vector<double>> out;
  for (int b = 0; b < bands; ++b) {
    const double middle = hertz_of(low + step * (b + 1));
    std::vector<double> weights(window / 2 + 1);
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      weights[k] = triangle(bin * static_cast<double>(k), hertz_of(low + step * b), middle,
                            hertz_of(low + step * (b + 2)));
      sum += weights[k];
    }
    if (sum == 0.0) weights[static_cast<std::size_t>(std::lround(middle / bin))] = sum = 1.0;
    for (double& w : weights) w /= sum;
    out.push_back(std::move(weights));
  }
  return out;
}

std::vector<std::uint8_t> as_bytes(const std::vector<double>& energy) {
  const double loudest = std::max(1.0, *std::max_element(energy.begin(), energy.end()));
  std::vector<std::uint8_t> out;
  for (const double e : energy) {
    const double decibel = 10.0 * std::log10(std::max(e, 1e-9) / loudest);
    const double code = std::floor(255.0 * (1.0 + decibel / kRangeDecibel) + 0.5);
    out.push_back(static_cast<std::uint8_t>(std::clamp(code, 0.0, 255.0)));
  }
  return out;
}

}  // namespace

Result<Recording> parse_wav(std::span<const std::uint8_t> bytes, std::string_view label) {
  if (bytes.size() < 12 || !is_tag(bytes, 0, "RIFF") || !is_tag(bytes, 8, "WAVE")) {
    return Error{fmt::format("{}: not a RIFF WAVE file", label)};
  }
  Recording out;
  bool has_data = false;
  for (std::size_t at = 12; at + 8 <= bytes.size() && !has_data;) {
    const std::size_t size = little(bytes, at + 4, 4);
    const std::size_t body = at + 8;
    if (size > bytes.size() - body) return Error{fmt::format("{}: truncated chunk", label)};
    if (is_tag(bytes, at, "fmt ")) {
      const std::string problem = read_format(bytes.subspan(body, size), out);
      if (!problem.empty()) return Error{fmt::format("{}: {}", label, problem)};
    } else if (is_tag(bytes, at, "data")) {
      has_data = true;
      for (std::size_t i = body; i + 2 <= body + size; i += 2) {
        out.samples.push_back(static_cast<std::int16_t>(little(bytes, i, 2)));
      }
    }
    at = body + size + size % 2;
  }
  if (out.rate == 0) return Error{fmt::format("{}: no 'fmt ' chunk before the data", label)};
  if (out.samples.empty()) return Error{fmt::format("{}: holds no samples", label)};
  return out;
}

Result<Recording> read_wav(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  return parse_wav(bytes.value(), path.string());
}

std::vector<std::uint8_t> spectrogram(const Recording& recording, const SpectrogramShape& shape) {
  const auto window = static_cast<std::size_t>(std::lround(kWindowSeconds * recording.rate));
  const Spectrum spectrum(window);
  const auto bands = mel_bands(shape.bands, recording.rate, window);
  const std::size_t count = recording.samples.size();
  const std::size_t last = count > window ? count - window : 0;
  std::vector<double> energy;
  std::vector<double> part(window);
  for (int row = 0; row < shape.rows; ++row) {
    const std::size_t start = last * static_cast<std::size_t>(row) /
                              static_cast<std::size_t>(std::max(1, shape.rows - 1));
    for (std::size_t i = 0; i < window; ++i) {
      part[i] = start + i < count ? recording.samples[start + i] : 0.0;
    }
    const std::vector<double> power = spectrum.power(part);
    for (const std::vector<double>& weights : bands) {
      double sum = 0.0;
      for (std::size_t k = 0; k < power.size(); ++k) sum += weights[k] * power[k];
      energy.push_back(sum);
    }
  }
  return as_bytes(energy);
}

}  // namespace bat::io
