// SPDX-License-Identifier: Apache-2.0
// Memories of the accelerator as bits, each bit with a note whether it was ever written. Used by
// the interpreter as its memories and by testbenches as shadows of the memories in RTL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat {

/// `slices` memories of `words` words of `width` bits. Addresses out of range are never written
/// and read as never written; `in_range` tells.
class BitMemory {
 public:
  BitMemory() = default;
  BitMemory(int slices, int words, int width);

  int slices() const { return slices_; }
  int words() const { return words_; }
  int width() const { return width_; }
  bool in_range(int slice, int word) const {
    return slice >= 0 && slice < slices_ && word >= 0 && word < words_;
  }

  /// Writes bits [lsb, lsb + count) of a word; count <= 64. False if out of range.
  bool write(int slice, int word, int lsb, int count, std::uint64_t value);
  /// Writes the bits of 64-bit chunk `chunk` that `mask` selects. False if out of range.
  bool write_chunk(int slice, int word, int chunk, std::uint64_t mask, std::uint64_t data);
  /// Forgets bits: they read as never written. False if out of range.
  bool erase(int slice, int word, int lsb, int count);

  /// Bits [lsb, lsb + count), count <= 64; nothing if any of them was never written.
  std::optional<std::uint64_t> read(int slice, int word, int lsb, int count) const;
  /// The whole word, least significant chunk first; bits never written are 0.
  std::span<const std::uint64_t> word(int slice, int word) const;
  /// Whether every bit of a word was written.
  bool written(int slice, int word) const;

 private:
  std::size_t offset(int slice, int word) const {
    return (static_cast<std::size_t>(slice) * static_cast<std::size_t>(words_) +
            static_cast<std::size_t>(word)) *
           static_cast<std::size_t>(chunks_);
  }

  int slices_ = 0;
  int words_ = 0;
  int width_ = 0;
  int chunks_ = 0;
  std::vector<std::uint64_t> data_;
  std::vector<std::uint64_t> known_;
};

/// The observable memories, by tap code (isa::Tap). SCORE slot `s` starts at word
/// `s * plan.score_words`; logit `k` is lane `k mod Lanes` (32 bits) of word `k div Lanes`.
class ShadowMemory {
 public:
  explicit ShadowMemory(const Plan& plan);

  /// A write as `bat_tap_write` reports it: one 64-bit chunk of a word. False if there is no such
  /// memory, slice or word.
  bool write_chunk(isa::Tap tap, int slice, int word, int chunk, std::uint64_t mask,
                   std::uint64_t data);

  BitMemory& at(isa::Tap tap) { return memories_[static_cast<std::size_t>(tap)]; }
  const BitMemory& at(isa::Tap tap) const { return memories_[static_cast<std::size_t>(tap)]; }

 private:
  std::array<BitMemory, 16> memories_;
};

}  // namespace bat
