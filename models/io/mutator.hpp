// SPDX-License-Identifier: Apache-2.0
// Random damage to byte strings, for tests that a reader survives any input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace bat::io {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : rng_(seed) {}

  /// One to four edits: a byte changed, bits flipped, bytes removed, inserted or repeated, the end
  /// cut, a digit or an interesting word of 8 bytes put in.
  template <typename Bytes>
  Bytes mutate(Bytes bytes) {
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) edit(bytes);
    return bytes;
  }

  std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(rng_() % n); }

 private:
  template <typename Bytes>
  void edit(Bytes& bytes) {
    using Byte = typename Bytes::value_type;
    const std::size_t at = below(bytes.size());
    const auto position = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t run = 1 + below(std::min<std::size_t>(8, bytes.size() - at));
    const auto behind = position + static_cast<std::ptrdiff_t>(std::min(run, bytes.size() - at));
    switch (below(8)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<Byte>(rng_());
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<Byte>(bytes[at] ^ (1 << below(8)));
        break;
      case 2:
        bytes.erase(position, behind);
        break;
      case 3:
        bytes.insert(position, run, static_cast<Byte>(rng_()));
        break;
      case 4: {
        const Bytes piece(position, behind);
        bytes.insert(position, piece.begin(), piece.end());
        break;
      }
      case 5:
        bytes.erase(position, bytes.end());
        break;
      case 6:
        if (!bytes.empty()) bytes[at] = static_cast<Byte>('0' + below(10));
        break;
      default:
        for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i) {
          bytes[i] = static_cast<Byte>(0xFF);
        }
        break;
    }
  }

  std::mt19937_64 rng_;
};

}  // namespace bat::io
