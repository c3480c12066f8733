// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/bit_memory.hpp"

#include <algorithm>

namespace bat {
namespace {

constexpr std::uint64_t low_mask(int count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

}  // namespace

BitMemory::BitMemory(int slices, int words, int width)
    : slices_(slices), words_(words), width_(width), chunks_((width + 63) / 64) {
  data_.assign(offset(slices_, 0), 0);
  known_.assign(offset(slices_, 0), 0);
}

bool BitMemory::write_chunk(int slice, int word, int chunk, std::uint64_t mask,
                            std::uint64_t data) {
  if (!in_range(slice, word) || chunk < 0 || chunk >= chunks_) return false;
  const std::size_t at = offset(slice, word) + static_cast<std::size_t>(chunk);
  data_[at] = (data_[at] & ~mask) | (data & mask);
  known_[at] |= mask;
  return true;
}

bool BitMemory::write(int slice, int word, int lsb, int count, std::uint64_t value) {
  if (lsb < 0 || lsb + count > width_) return false;
  const int shift = lsb % 64;
  const int here = std::min(count, 64 - shift);
  if (!write_chunk(slice, word, lsb / 64, low_mask(here) << shift, value << shift)) return false;
  return here == count ||
         write_chunk(slice, word, lsb / 64 + 1, low_mask(count - here), value >> here);
}

bool BitMemory::erase(int slice, int word, int lsb, int count) {
  if (!in_range(slice, word) || lsb < 0 || lsb + count > width_) return false;
  for (int bit = lsb; bit < lsb + count; ++bit) {
    known_[offset(slice, word) + static_cast<std::size_t>(bit / 64)] &=
        ~(std::uint64_t{1} << (bit % 64));
  }
  return true;
}

std::optional<std::uint64_t> BitMemory::read(int slice, int word, int lsb, int count) const {
  if (!in_range(slice, word) || lsb < 0 || lsb + count > width_) return std::nullopt;
  const std::size_t at = offset(slice, word) + static_cast<std::size_t>(lsb / 64);
  const int shift = lsb % 64;
  std::uint64_t value = data_[at] >> shift;
  std::uint64_t known = known_[at] >> shift;
  if (shift + count > 64) {
    value |= data_[at + 1] << (64 - shift);
    known |= known_[at + 1] << (64 - shift);
  }
  if ((~known & low_mask(count)) != 0) return std::nullopt;
  return value & low_mask(count);
}

std::span<const std::uint64_t> BitMemory::word(int slice, int word) const {
  return {data_.data() + offset(slice, word), static_cast<std::size_t>(chunks_)};
}

bool BitMemory::written(int slice, int word) const {
  if (!in_range(slice, word)) return false;
  const std::size_t at = offset(slice, word);
  for (int chunk = 0; chunk < chunks_; ++chunk) {
    const std::uint64_t mask = low_mask(std::min(64, width_ - 64 * chunk));
    if ((~known_[at + static_cast<std::size_t>(chunk)] & mask) != 0) return false;
  }
  return true;
}

ShadowMemory::ShadowMemory(const Plan& plan) {
  using isa::Tap;
  at(Tap::kAct) = BitMemory(plan.rows, plan.act_words, plan.depth);
  at(Tap::kXb) = BitMemory(plan.rows, plan.xb_words, plan.depth);
  at(Tap::kRes0) = BitMemory(plan.rows, plan.res_bank_words, plan.lanes * 16);
  at(Tap::kRes1) = BitMemory(plan.rows, plan.res_bank_words, plan.lanes * 16);
  at(Tap::kScore) =
      BitMemory(plan.rows, plan.score_slots * plan.score_words, plan.lanes * plan.score_bits);
  at(Tap::kW) = BitMemory(plan.cols, plan.w_ring_words, plan.depth);
  at(Tap::kK) = BitMemory(plan.cols, plan.k_words, plan.depth);
  at(Tap::kV) = BitMemory(plan.cols, plan.v_words, plan.depth);
  at(Tap::kLogit) = BitMemory(1, plan.logit_words / plan.lanes, plan.lanes * 32);
}

bool ShadowMemory::write_chunk(isa::Tap tap, int slice, int word, int chunk, std::uint64_t mask,
                               std::uint64_t data) {
  const auto memory = static_cast<std::size_t>(tap);
  return memory < memories_.size() && memories_[memory].write_chunk(slice, word, chunk, mask, data);
}

}  // namespace bat
