// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/robustness.hpp"

#include <cmath>
#include <numbers>
#include <span>

namespace bat::bmt {
namespace {

/// Uniform in (0, 1], from 53 bits: distributions of the standard library differ by platform.
double uniform(std::mt19937_64& generator) {
  return (static_cast<double>(generator() >> 11) + 1.0) * 0x1.0p-53;
}

/// Distances between flipped bits are geometric, so that rare flips cost little.
class Flips {
 public:
  Flips(double rate, std::uint64_t seed) : rate_(rate), generator_(seed) { draw(); }

  /// Whether the next bit flips.
  bool next() {
    if (rate_ <= 0.0) return false;
    if (distance_ > 0) return --distance_, false;
    draw();
    return true;
  }

 private:
  void draw() {
    if (rate_ <= 0.0) return;
    const double skipped =
        rate_ >= 1.0 ? 0.0 : std::floor(std::log(uniform(generator_)) / std::log1p(-rate_));
    distance_ = skipped < 9e18 ? static_cast<std::int64_t>(skipped) : INT64_MAX;
  }

  double rate_;
  std::mt19937_64 generator_;
  std::int64_t distance_ = 0;
};

/// Pruned weights are in no memory and cannot flip.
void flip(BitMatrix& matrix, const BlockMask& mask, Flips& flips) {
  for (int branch = 0; branch < matrix.branches; ++branch) {
    for (int o = 0; o < matrix.out; ++o) {
      for (int i = 0; i < matrix.in; ++i) {
        if (!mask.keeps_input(o, i)) continue;
        if (flips.next()) matrix.set_bit(branch, o, i, !matrix.bit(branch, o, i));
      }
    }
  }
}

void flip(CodeMatrix& matrix, Flips& flips) {
  for (std::uint8_t& code : matrix.codes) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (flips.next()) code = static_cast<std::uint8_t>(code ^ (1U << bit));
    }
  }
}

}  // namespace

double GaussianNoise::normal() {
  const double radius = std::sqrt(-2.0 * std::log(uniform(generator_)));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(generator_));
}

void GaussianNoise::apply(int cols, std::span<std::int32_t> x) {
  const auto width = static_cast<std::size_t>(cols);
  for (std::size_t first = 0; first < x.size(); first += width) {
    const std::span<std::int32_t> row = x.subspan(first, width);
    double squares = 0.0;
    for (const std::int32_t v : row) squares += static_cast<double>(v) * v;
    const double deviation = sigma_ * std::sqrt(squares / static_cast<double>(cols));
    for (std::int32_t& v : row) v += static_cast<std::int32_t>(std::lround(deviation * normal()));
  }
}

Model flip_weight_bits(Model model, double rate, std::uint64_t seed) {
  Flips flips(rate, seed);
  for (Layer& layer : model.layers) {
    for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.o, &layer.f1, &layer.f2}) {
      flip(linear->weight, linear->mask, flips);
    }
  }
  if (model.pooler) flip(model.pooler->weight, {}, flips);
  flip(model.patch, flips);
  flip(model.classifier, flips);
  return model;
}

}  // namespace bat::bmt
