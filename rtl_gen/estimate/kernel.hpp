// SPDX-License-Identifier: Apache-2.0
// Discrete-event kernel of the cycle model: processes are coroutines that wait for a clock edge or
// a signal.
//
// Time t is the rising edge t. At each edge events run in three phases: what registers show from
// this edge on (kVisible), what units decide on it (kAct), and who wins among those who asked
// (kArbitrate).
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

namespace bat::cycle_model {

using Time = std::int64_t;

enum class Phase : std::uint8_t { kVisible, kAct, kArbitrate };

class Kernel {
 public:
  using Call = void (*)(void* object, std::int64_t argument);

  Time now() const { return now_; }

  void schedule(Time time, Phase phase, Call call, void* object, std::int64_t argument);
  void resume_at(Time time, Phase phase, std::coroutine_handle<> handle) {
    schedule(
        time, phase,
        [](void* address, std::int64_t) {
          std::coroutine_handle<>::from_address(address).resume();
        },
        handle.address(), 0);
  }
  /// Calls `(object->*Method)(argument)` when registers of edge `time` show.
  template <auto Method, typename T>
  void post(Time time, T* object, std::int64_t argument = 0) {
    schedule(
        time, Phase::kVisible, [](void* o, std::int64_t a) { (static_cast<T*>(o)->*Method)(a); },
        object, argument);
  }
  /// Runs until `finished` is set or nothing is left to do; true if it was set.
  bool run(const bool& finished);

  /// Awaitable: edge `time`, at once if that is not later than now.
  auto until(Time time, Phase phase = Phase::kAct) {
    struct Awaiter {
      Kernel* kernel;
      Time time;
      Phase phase;
      bool await_ready() const {
        return time < kernel->now_ || (time == kernel->now_ && phase <= kernel->phase_);
      }
      void await_suspend(std::coroutine_handle<> handle) const {
        kernel->resume_at(time, phase, handle);
      }
      void await_resume() const {}
    };
    return Awaiter{this, time, phase};
  }

 private:
  struct Event {
    Time time;
    std::uint64_t order;  ///< phase, then order of scheduling
    Call call;
    void* object;
    std::int64_t argument;
  };
  static bool later(const Event& a, const Event& b) {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }

  std::vector<Event> heap_;
  Time now_ = 0;
  Phase phase_ = Phase::kVisible;
  std::uint64_t sequence_ = 0;
};

/// What processes wait for. All that wait resume at the present edge and look again.
class Signal {
 public:
  explicit Signal(Kernel& kernel) : kernel_(kernel) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify() {
    for (const std::coroutine_handle<> handle : waiting_) {
      kernel_.resume_at(kernel_.now(), Phase::kAct, handle);
    }
    waiting_.clear();
  }

  /// Awaitable: the next `notify`.
  auto wait() {
    struct Awaiter {
      Signal* signal;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> handle) const {
        signal->waiting_.push_back(handle);
      }
      void await_resume() const {}
    };
    return Awaiter{this};
  }

 private:
  Kernel& kernel_;
  std::vector<std::coroutine_handle<>> waiting_;
};

/// A coroutine that runs from edge 0 until its owner is destroyed.
class Process {
 public:
  struct promise_type {
    Process get_return_object() {
      return Process(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };

  Process() = default;
  Process(Process&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Process& operator=(Process&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Process() {
    if (handle_) handle_.destroy();
  }

  void start(Kernel& kernel) const { kernel.resume_at(0, Phase::kAct, handle_); }

 private:
  explicit Process(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace bat::cycle_model
