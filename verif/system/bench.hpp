// SPDX-License-Identifier: Apache-2.0
// What all benches of the system modules share: clock, ports of any width, random choices, a memory
// whose content follows from the address.
#pragma once

#include <verilated.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

/// RAMs report their writes (docs/architecture.md section 9); here nobody listens.
extern "C" inline __attribute__((weak, used)) void bat_tap_write(int, int, int, int, long long,
                                                                 long long) {}

namespace bat::bench {

/// A Verilated module with clk_i and rst_ni.
template <typename Top>
class Bench {
 public:
  Bench() : top_(std::make_unique<Top>()) {}
  ~Bench() { top_->final(); }
  Top* operator->() { return top_.get(); }

  void reset() {
    top_->rst_ni = 0;
    top_->clk_i = 0;
    top_->eval();
    for (int i = 0; i < 3; ++i) tick();
    top_->rst_ni = 1;
    settle();
  }
  /// Outputs follow inputs without a clock edge.
  void settle() { top_->eval(); }
  void tick() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

 private:
  std::unique_ptr<Top> top_;
};

/// Ports of any width are little-endian bytes.
template <typename Port>
void put(Port& port, const void* bytes, std::size_t size) {
  std::memcpy(&port, bytes, size);
}
template <typename Port>
void get(const Port& port, void* bytes, std::size_t size) {
  std::memcpy(bytes, &port, size);
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t limit) { return engine_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::uint32_t word() { return engine_(); }

 private:
  std::mt19937 engine_;
};

/// Byte at an address of an endless memory.
inline std::uint8_t byte_at(std::uint64_t address) {
  std::uint64_t x = address * 0x9E3779B97F4A7C15U;
  x ^= x >> 29;
  return static_cast<std::uint8_t>((x * 0xBF58476D1CE4E5B9U) >> 56);
}

inline std::vector<std::uint8_t> bytes_at(std::uint64_t address, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = byte_at(address + i);
  return bytes;
}

}  // namespace bat::bench
