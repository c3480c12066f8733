// SPDX-License-Identifier: Apache-2.0
// A loop on several threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace bat::explore {

/// Runs `work(i)` for i = 0 .. count - 1 on several threads; `done(n)` now and then here.
template <typename Work>
void parallel(std::size_t count, unsigned threads, const Work& work,
              const std::function<void(std::size_t)>& done) {
  if (threads <= 1 || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) {
      work(i);
      if (done && i % 16 == 0) done(i);
    }
    return;
  }
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    });
  }
  while (next < count) {
    if (done) done(next);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace bat::explore
