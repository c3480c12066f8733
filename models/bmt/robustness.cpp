// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/robustness.hpp"

#include <bit>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "models/bmt/primitives.hpp"

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

/// Rate of wrong bits behind the vote of three copies.
double voted(double rate) { return rate * rate * (3.0 - 2.0 * rate); }

/// Flips bits word by word, as far as the protection lets them through.
class WordFlips {
 public:
  WordFlips(const WeightFlips& how, std::uint64_t seed)
      : parity_(how.protection == Protection::kParity),
        word_bits_(how.word_bits),
        flips_(how.protection == Protection::kMajority ? voted(how.rate) : how.rate, seed) {}

  /// The next stored bit is number `place` of its row; `turn` turns it over.
  template <typename Turn>
  void bit(int place, const Turn& turn) {
    if (flips_.next()) {
      if (parity_) {
        pending_.push_back(place);
      } else {
        turn(place);
      }
    }
    if (++used_ == word_bits_) end_word(turn);
  }
  /// No further bit in this row.
  template <typename Turn>
  void end_row(const Turn& turn) {
    if (used_ > 0) end_word(turn);
  }

 private:
  template <typename Turn>
  void end_word(const Turn& turn) {
    used_ = 0;
    if (!parity_) return;
    const bool found = (pending_.size() % 2 == 1) != flips_.next();  // the parity bit flips too
    for (const int place : pending_) {
      if (!found) turn(place);
    }
    pending_.clear();
  }

  bool parity_;
  int word_bits_;
  int used_ = 0;  ///< bits of the word so far
  Flips flips_;
  std::vector<int> pending_;
};

/// Pruned weights are in no memory and cannot flip.
void flip(BitMatrix& matrix, const BlockMask& mask, WordFlips& flips) {
  for (int branch = 0; branch < matrix.branches; ++branch) {
    for (int o = 0; o < matrix.out; ++o) {
      const auto turn = [&](int i) { matrix.set_bit(branch, o, i, !matrix.bit(branch, o, i)); };
      for (int i = 0; i < matrix.in; ++i) {
        if (mask.keeps_input(o, i)) flips.bit(i, turn);
      }
      flips.end_row(turn);
    }
  }
}

/// A word holds one plane.
void flip(CodeMatrix& matrix, WordFlips& flips) {
  for (int o = 0; o < matrix.out; ++o) {
    for (unsigned plane = 0; plane < 8; ++plane) {
      const auto turn = [&](int i) {
        std::uint8_t& code =
            matrix.codes[static_cast<std::size_t>(o) * static_cast<std::size_t>(matrix.in) +
                         static_cast<std::size_t>(i)];
        code = static_cast<std::uint8_t>(code ^ (1U << plane));
      };
      for (int i = 0; i < matrix.in; ++i) flips.bit(i, turn);
      flips.end_row(turn);
    }
  }
}

/// One bits more in `now` than in `right`, a row.
std::int64_t more_ones(const BitMatrix& now, const BitMatrix& right, int branch, int o) {
  std::int64_t count = 0;
  for (const std::uint64_t word : now.row(branch, o)) count += std::popcount(word);
  for (const std::uint64_t word : right.row(branch, o)) count -= std::popcount(word);
  return count;
}

/// acc is X - largest input * zeros: with zeros of the right weights it is smaller by the zeros
/// that are now too few.
void keep_zero_counts(Linear& linear, const Linear& right, int act_bits) {
  const std::int64_t largest = (std::int64_t{1} << act_bits) - 1;
  for (int branch = 0; branch < linear.weight.branches; ++branch) {
    for (int o = 0; o < linear.weight.out; ++o) {
      const auto mul =
          linear.out
              .mul[static_cast<std::size_t>(branch) * static_cast<std::size_t>(linear.weight.out) +
                   static_cast<std::size_t>(o)];
      linear.out.offset[static_cast<std::size_t>(o)] -=
          mul * largest * more_ones(linear.weight, right.weight, branch, o);
    }
  }
}

/// Sum of the codes in `now` less that in `right`, a row.
std::int64_t more(const CodeMatrix& now, const CodeMatrix& right, int o) {
  std::int64_t sum = 0;
  for (int i = 0; i < now.in; ++i) sum += now.code(o, i) - right.code(o, i);
  return sum;
}

/// acc is 2 U + largest input * (2 zeros - K): with zeros of the right weights it is larger by
/// twice the zeros that are now too few.
void keep_signed_counts(Linear& linear, const Linear& right, int act_bits) {
  const std::int64_t largest = (std::int64_t{1} << act_bits) - 1;
  const auto outputs = static_cast<std::size_t>(linear.weight.out);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (int branch = 0; branch < linear.weight.branches; ++branch) {
      const std::int64_t extra =
          2 * largest * more_ones(linear.weight, right.weight, branch, static_cast<int>(o));
      if (linear.out.is_bit()) {
        // Beyond int16 no sum decides: |acc| is at most 16383.
        auto& t = linear.out.threshold[o];
        t = static_cast<std::int16_t>(sat16(t - extra));
      } else {
        linear.out.offset[o] +=
            extra * linear.out.mul[static_cast<std::size_t>(branch) * outputs + o];
      }
    }
  }
}

void keep_signed_counts(Model& model, const Model& right) {
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    Layer& l = model.layers[i];
    const Layer& r = right.layers[i];
    keep_signed_counts(l.q, r.q, model.act_bits);
    keep_signed_counts(l.k, r.k, model.act_bits);
    keep_signed_counts(l.v, r.v, model.act_bits);
    keep_signed_counts(l.o, r.o, model.act_bits);
    keep_signed_counts(l.f1, r.f1, model.act_bits);
  }
  if (model.pooler) keep_signed_counts(*model.pooler, *right.pooler, model.act_bits);
  for (int o = 0; o < model.classifier.out; ++o) {
    // Exact unless an offset is near the end of 32 bits.
    auto& offset = model.classifier_offset[static_cast<std::size_t>(o)];
    offset = sat32(offset + 2 * 255 * more(model.classifier, right.classifier, o));
  }
}

void keep_zero_counts(Model& model, const CodeMatrix& right) {
  for (int o = 0; o < model.patch.out; ++o) {
    const auto at = static_cast<std::size_t>(o);
    model.patch_out.offset[at] -=
        std::int64_t{255} * model.patch_out.mul[at] * more(model.patch, right, o);
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

void keep_folded_counts(Model& model, const Model& right, FoldedCounts folded) {
  if (folded == FoldedCounts::kSigned) return keep_signed_counts(model, right);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    keep_zero_counts(model.layers[i].f2, right.layers[i].f2, model.act_bits);
  }
  if (model.input == InputKind::kFeatures) keep_zero_counts(model, right.patch);
}

Model flip_weight_bits(Model model, const WeightFlips& how, std::uint64_t seed) {
  const Model right = model;
  WordFlips flips(how, seed);
  for (Layer& layer : model.layers) {
    for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.o, &layer.f1, &layer.f2}) {
      flip(linear->weight, linear->mask, flips);
    }
  }
  if (model.pooler) flip(model.pooler->weight, {}, flips);
  flip(model.patch, flips);
  flip(model.classifier, flips);
  keep_folded_counts(model, right, how.folded);
  return model;
}

}  // namespace bat::bmt
