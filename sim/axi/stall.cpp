// SPDX-License-Identifier: Apache-2.0
#include "sim/axi/stall.hpp"

namespace bat::sim {

void StallGenerator::draw_random(Channel& channel) {
  static constexpr std::array<std::uint32_t, 6> kPercents{10, 25, 50, 75, 90, 100};
  channel.percent = kPercents[random_.below(kPercents.size())];
  channel.left = 32 + random_.below(64);
}

void StallGenerator::draw_adversarial(int index) {
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  static constexpr std::array<Pattern, 8> kPatterns{
      Pattern::kOpen,      Pattern::kOpen,  Pattern::kOpen,  Pattern::kClosed,
      Pattern::kAlternate, Pattern::kTease, Pattern::kTease, Pattern::kRare};
  channel.pattern = kPatterns[random_.below(kPatterns.size())];
  channel.left =
      channel.pattern == Pattern::kClosed ? 50 + random_.below(300) : 16 + random_.below(200);
  if (channel.pattern != Pattern::kClosed || !random_.percent(25)) return;
  // One channel starves while all others run free: finds buffers that wait for each other.
  channel.left = 400 + random_.below(600);
  for (int i = 0; i < kStallChannels; ++i) {
    if (i == index) continue;
    channels_[static_cast<std::size_t>(i)].pattern = Pattern::kOpen;
    channels_[static_cast<std::size_t>(i)].left = channel.left;
  }
}

void StallGenerator::step() {
  ++cycle_;
  if (mode_ == StallMode::kNone) return;
  for (int i = 0; i < kStallChannels; ++i) {
    Channel& channel = channels_[static_cast<std::size_t>(i)];
    if (channel.left > 0) {
      --channel.left;
    } else if (mode_ == StallMode::kRandom) {
      draw_random(channel);
    } else {
      draw_adversarial(i);
    }
  }
}

bool StallGenerator::open(int index, bool valid) {
  if (mode_ == StallMode::kNone) return true;
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  if (mode_ == StallMode::kRandom) return random_.percent(channel.percent);
  channel.waited = valid ? channel.waited + 1 : 0;
  switch (channel.pattern) {
    case Pattern::kOpen:
      return true;
    case Pattern::kClosed:
      return false;
    case Pattern::kAlternate:
      return (cycle_ & 1U) != 0;
    case Pattern::kTease:
      // Ready before valid and gone as soon as valid comes, which the protocol allows.
      return !valid || channel.waited % 8 == 0;
    case Pattern::kRare:
      return cycle_ % 16 == 0;
  }
  return true;
}

}  // namespace bat::sim
