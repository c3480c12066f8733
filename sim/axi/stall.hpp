// SPDX-License-Identifier: Apache-2.0
// Decides, cycle by cycle, which channels of a bus are held back.
#pragma once

#include <array>
#include <cstdint>

#include "sim/axi/random.hpp"

namespace bat::sim {

enum class StallMode : int { kNone = 0, kRandom = 1, kAdversarial = 2 };
inline constexpr std::array<const char*, 3> kStallModeNames{"none", "random", "adversarial"};

inline constexpr int kStallChannels = 5;

/// `kRandom`: each channel is open with a probability that changes every 64 cycles.
/// `kAdversarial`: each channel follows a pattern for a while: open, closed for hundreds of cycles,
/// every second cycle, open only while the other side is not valid, one cycle in sixteen; and at
/// times one channel starves while the others run free.
class StallGenerator {
 public:
  StallGenerator(StallMode mode, std::uint64_t seed) : mode_(mode), random_(seed) {}

  /// Advances one cycle.
  void step();
  /// Whether `channel` may make progress in the next cycle; `valid` tells whether the other side
  /// offers something on it now.
  bool open(int channel, bool valid);

 private:
  enum class Pattern : std::uint8_t { kOpen, kClosed, kAlternate, kTease, kRare };
  struct Channel {
    Pattern pattern = Pattern::kOpen;
    std::uint32_t percent = 100;
    std::uint32_t left = 0;    ///< cycles of this pattern still to come
    std::uint32_t waited = 0;  ///< cycles that the other side has been valid under kTease
  };

  void draw_random(Channel& channel);
  void draw_adversarial(int index);

  StallMode mode_;
  Random random_;
  std::uint64_t cycle_ = 0;
  std::array<Channel, kStallChannels> channels_{};
};

}  // namespace bat::sim
