// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/kernel.hpp"

#include <algorithm>

namespace bat::cycle_model {

void Kernel::schedule(Time time, Phase phase, Call call, void* object, std::int64_t argument) {
  constexpr int kSequenceBits = 60;
  const std::uint64_t order = static_cast<std::uint64_t>(phase) << kSequenceBits | sequence_++;
  heap_.push_back({std::max(time, now_), order, call, object, argument});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Kernel::run(const bool& finished) {
  constexpr int kSequenceBits = 60;
  while (!finished && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.time;
    phase_ = static_cast<Phase>(event.order >> kSequenceBits);
    event.call(event.object, event.argument);
  }
  return finished;
}

}  // namespace bat::cycle_model
