#include "holdfast/base/clock.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <vector>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// What a simulation does: everything that is due now, then on to the next timer.
bool step(boost::asio::io_context& io, VirtualTime& time) {
  time.forget_due();
  while (io.poll() != 0) io.restart();
  io.restart();
  io.poll();
  io.restart();
  if (time.next_due() == Clock::time_point::max()) return false;
  time.advance_to(time.next_due());
  return true;
}

TEST(VirtualTime, timers_fire_in_their_order_without_waiting) {
  const auto began = std::chrono::steady_clock::now();
  VirtualTime time;
  boost::asio::io_context io(1);
  std::vector<int> fired;
  Timer late(io, 300s), early(io, 1s), far(io);
  late.async_wait([&](auto) { fired.push_back(2); });
  early.async_wait([&](auto) {
    fired.push_back(1);
    far.expires_after(1h);
    far.async_wait([&](auto) { fired.push_back(3); });
  });
  const Clock::time_point start = time.now();
  for (int i = 0; i < 100 && step(io, time); ++i) continue;
  EXPECT_EQ(fired, (std::vector{1, 2, 3}));
  EXPECT_EQ(time.now() - start, 1h + 1s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST(VirtualTime, a_cancelled_timer_is_not_waited_for) {
  VirtualTime time;
  boost::asio::io_context io(1);
  Timer timer(io, 1h);
  bool cancelled = false;
  timer.async_wait([&](const boost::system::error_code& error) { cancelled = error.failed(); });
  timer.cancel();
  EXPECT_FALSE(step(io, time));
  EXPECT_TRUE(cancelled);
}

TEST(Clock, is_the_machines_own_without_a_simulation) {
  const Clock::time_point before = std::chrono::steady_clock::now();
  EXPECT_GE(Clock::now(), before);
}

}  // namespace
}  // namespace holdfast
