// SPDX-License-Identifier: Apache-2.0
// Seeded mutations of file images.
#pragma once

#include <cstdint>
#include <string>

namespace bat::fuzz {

/// SplitMix64: the same mutations on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Uniform in [0, bound), 0 for bound 0.
  std::size_t below(std::size_t bound);

 private:
  std::uint64_t state_;
};

/// One to six edits of `valid`: bits, bytes, ranges removed, repeated or moved, numbers replaced by
/// extreme ones, keys and punctuation swapped, the end cut off.
std::string mutate(const std::string& valid, Random& random);

}  // namespace bat::fuzz
