#include "holdfast/base/clock.h"

#include <algorithm>
#include <cassert>

namespace holdfast {
namespace {

thread_local VirtualTime* t_virtual_time = nullptr;

}  // namespace

Clock::time_point Clock::now() noexcept {
  return t_virtual_time == nullptr ? std::chrono::steady_clock::now() : t_virtual_time->now_;
}

VirtualTime::VirtualTime(Clock::time_point start) : now_(start) {
  assert(t_virtual_time == nullptr);
  t_virtual_time = this;
}

VirtualTime::~VirtualTime() { t_virtual_time = nullptr; }

void VirtualTime::advance_to(Clock::time_point time) { now_ = std::max(now_, time); }

Clock::duration ClockWaitTraits::to_wait_duration(const Clock::duration& until_due) {
  if (t_virtual_time == nullptr) return until_due;
  const Clock::time_point now = t_virtual_time->now_;
  const bool never = until_due > Clock::time_point::max() - now;
  t_virtual_time->next_due_ = std::min(t_virtual_time->next_due_, never ? Clock::time_point::max() : now + until_due);
  return Clock::duration::zero();
}

Clock::duration ClockWaitTraits::to_wait_duration(const Clock::time_point& due) {
  return to_wait_duration(due - Clock::now());
}

}  // namespace holdfast
