// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace bat::io {

/// Incremental hash: any number of `update` calls, then one `digest`.
class Sha256 {
 public:
  void update(std::span<const std::uint8_t> data);
  /// Finishes the hash; the object must not be used afterwards.
  std::array<std::uint8_t, 32> digest();

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                                         0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};
  std::array<std::uint8_t, 64> pending_ = {};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::uint8_t> data);

}  // namespace bat::io
