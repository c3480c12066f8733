// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>

#include "Vbat_fifo.h"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

void run(unsigned push_percent, unsigned pop_percent) {
  Bench<Vbat_fifo> fifo;
  Random random(DEPTH * 7 + push_percent);
  fifo->in_valid_i = 0;
  fifo->out_ready_i = 0;
  fifo.reset();
  std::deque<std::uint8_t> model;
  int passed = 0;
  for (int cycle = 0; cycle < 5000; ++cycle) {
    fifo->in_valid_i = random.chance(push_percent);
    fifo->in_data_i = static_cast<std::uint8_t>(random.word());
    fifo->out_ready_i = random.chance(pop_percent);
    fifo.settle();
    ASSERT_EQ(fifo->count_o, model.size());
    ASSERT_EQ(fifo->in_ready_o, model.size() < DEPTH);
    ASSERT_EQ(fifo->out_valid_o, !model.empty());
    if (!model.empty()) {
      ASSERT_EQ(fifo->out_data_o, model.front());
    }
    const bool push = fifo->in_valid_i && fifo->in_ready_o;
    const bool pop = fifo->out_valid_o && fifo->out_ready_i;
    if (pop) model.pop_front();
    if (push) model.push_back(fifo->in_data_i);
    passed += pop;
    fifo.tick();
  }
  EXPECT_GT(passed, 400);
}

TEST(BatFifo, Balanced) { run(50, 50); }
TEST(BatFifo, MostlyFull) { run(90, 30); }
TEST(BatFifo, MostlyEmpty) { run(30, 90); }
TEST(BatFifo, FullSpeed) { run(100, 100); }

}  // namespace
}  // namespace bat::bench
