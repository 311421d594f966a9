// Time as everything of ours reads it: that of the machine, or, in a simulation, what the simulation says (style rule
// 8).
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

namespace holdfast {

// A steady clock. Its time points are std::chrono::steady_clock's, so that values need not know which one made them.
struct Clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};

// While one lives, Clock::now() of its thread is what it says, and moves only by advance(). One at a time and thread.
// An io_context is then driven by poll(): timers of ours are due by this time, and never block.
class VirtualTime {
 public:
  explicit VirtualTime(Clock::time_point start = Clock::time_point(std::chrono::hours(1)));
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  [[nodiscard]] Clock::time_point now() const { return now_; }
  void advance_to(Clock::time_point time);  // never back
  // When the earliest timer is due of those that Asio asked about since forget_due(); max() where there is none.
  [[nodiscard]] Clock::time_point next_due() const { return next_due_; }
  void forget_due() { next_due_ = Clock::time_point::max(); }

 private:
  friend struct ClockWaitTraits;
  friend struct Clock;
  Clock::time_point now_;
  Clock::time_point next_due_ = Clock::time_point::max();
};

// How long Asio may block for a timer: really that long, or not at all.
struct ClockWaitTraits {
  static Clock::duration to_wait_duration(const Clock::duration& until_due);
  static Clock::duration to_wait_duration(const Clock::time_point& due);
};

using Timer = boost::asio::basic_waitable_timer<Clock, ClockWaitTraits>;

}  // namespace holdfast
