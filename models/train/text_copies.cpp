// SPDX-License-Identifier: Apache-2.0
#include "models/train/text_copies.hpp"

#include <algorithm>
#include <random>

#include "models/train/device_data.hpp"

namespace bat::train {
namespace {

using Pieces = std::vector<std::uint32_t>;

/// The texts of a sample without special pieces.
struct Texts {
  Pieces first, second;
};

class Copier {
 public:
  Copier(std::span<const bmt::Sample> samples, const bmt::Model& model)
      : pairs_(model.segments == 2), most_(static_cast<std::size_t>(model.max_tokens)) {
    cls_ = samples[0].ids.front();
    sep_ = samples[0].ids.back();
    for (const bmt::Sample& s : samples) texts_.push_back(texts_of(s));
    for (const Texts& t : texts_) {
      pool_.insert(pool_.end(), t.first.begin(), t.first.end());
      pool_.insert(pool_.end(), t.second.begin(), t.second.end());
    }
  }

  bmt::Sample copy(std::size_t i) {
    const Texts& t = texts_[i];
    if (!pairs_) return sample({altered(t.first), {}});
    const std::uint64_t way = below(generator_, 10);
    if (way < 3) return sample({altered(t.second), altered(t.first)});
    if (way < 5) {
      const Pieces& one = below(generator_, 2) == 0 ? t.first : t.second;
      return sample({one, altered(one)});
    }
    const std::size_t other = way == 5 ? below(generator_, texts_.size()) : i;
    return sample({altered(t.first), altered(texts_[other].second)});
  }

 private:
  Texts texts_of(const bmt::Sample& s) const {
    Texts out;
    for (std::size_t k = 1; k < s.ids.size(); ++k) {
      if (s.ids[k] == sep_) continue;
      const bool second = !s.segments.empty() && s.segments[k] == 1;
      (second ? out.second : out.first).push_back(s.ids[k]);
    }
    return out;
  }

  Pieces altered(const Pieces& text) {
    Pieces out;
    for (const std::uint32_t piece : text) {
      const std::uint64_t draw = below(generator_, 20);
      if (draw < 2) continue;
      out.push_back(draw < 4 ? pool_[below(generator_, pool_.size())] : piece);
    }
    for (std::size_t k = 0; k + 1 < out.size(); ++k) {
      if (below(generator_, 20) == 0) std::swap(out[k], out[k + 1]);
    }
    return out.empty() ? text : out;
  }

  bmt::Sample sample(Texts texts) const {
    // The longer text gives way, as when the pair itself was cut.
    const std::size_t special = pairs_ ? 3 : 2;
    while (texts.first.size() + texts.second.size() + special > most_) {
      Pieces& longer = texts.first.size() > texts.second.size() ? texts.first : texts.second;
      longer.pop_back();
    }
    bmt::Sample out;
    out.ids.push_back(cls_);
    out.ids.insert(out.ids.end(), texts.first.begin(), texts.first.end());
    out.ids.push_back(sep_);
    if (!pairs_) return out;
    out.segments.assign(out.ids.size(), 0);
    out.ids.insert(out.ids.end(), texts.second.begin(), texts.second.end());
    out.ids.push_back(sep_);
    out.segments.resize(out.ids.size(), 1);
    return out;
  }

  bool pairs_;
  std::size_t most_;
  std::uint32_t cls_ = 0, sep_ = 0;
  std::vector<Texts> texts_;
  Pieces pool_;
  std::mt19937_64 generator_{7};
};

}  // namespace

std::vector<bmt::Sample> altered_copies(std::span<const bmt::Sample> samples, int count,
                                        const bmt::Model& model) {
  std::vector<bmt::Sample> out;
  if (samples.empty()) return out;
  Copier copier(samples, model);
  out.reserve(samples.size() * static_cast<std::size_t>(count));
  for (int k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < samples.size(); ++i) out.push_back(copier.copy(i));
  }
  return out;
}

}  // namespace bat::train
