// How many applications read their records at once when a process starts: each reading is a request, and thousands of
// them at once would be as many connections. First come, first served. Pure. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "holdfast/base/clock.h"

namespace holdfast {

class StartLine {
 public:
  // `on_idle`: nobody has a place, and nobody waits for one.
  explicit StartLine(std::size_t places, std::function<void()> on_idle = {})
      : all_(places), places_(places), on_idle_(std::move(on_idle)) {}

  // False: all places are taken. `waiter` is cancelled once when there may be one; then it has to ask again.
  bool take(Timer& waiter) {
    if (places_ != 0) {
      --places_;
      return true;
    }
    if (std::ranges::find(waiters_, &waiter) == waiters_.end()) waiters_.push_back(&waiter);
    return false;
  }
  void give() {
    ++places_;
    if (waiters_.empty()) {
      if (idle() && on_idle_) on_idle_();
      return;
    }
    Timer* const next = waiters_.front();
    waiters_.pop_front();
    next->cancel();
  }
  [[nodiscard]] bool idle() const { return places_ == all_ && waiters_.empty(); }
  // It does not wait any more; what it may have been told goes to the next one.
  void forget(Timer& waiter) {
    if (std::erase(waiters_, &waiter) == 0 && places_ != 0 && !waiters_.empty()) {
      --places_;
      give();
    }
  }

 private:
  std::size_t all_, places_;
  std::function<void()> on_idle_;
  std::deque<Timer*> waiters_;
};

}  // namespace holdfast
