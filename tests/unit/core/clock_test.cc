#include "holdfast/base/clock.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <vector>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

// What a simulation does: everything that is due now, then on to the next timer.
bool step(boost::asio::io_context& io, VirtualTime& time) {
  io.restart();
  while (io.poll() != 0) io.restart();
  if (time.next_due() == Clock::time_point::max()) return false;
  time.advance_to(time.next_due());
  return true;
}

TEST(VirtualTime, timers_fire_in_their_order_without_waiting) {
  const auto began = std::chrono::steady_clock::now();
  VirtualTime time;
  boost::asio::io_context io(1);
  std::vector<int> fired;
  const auto executor = io.get_executor();
  Timer late(executor, time.now() + 300s), early(executor, time.now() + 1s), far(executor);
  late.async_wait([&](auto) { fired.push_back(2); });
  early.async_wait([&](auto) {
    fired.push_back(1);
    far.expires_at(time.now() + 1h);
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
  Timer timer(io.get_executor(), time.now() + 1h);
  bool cancelled = false;
  timer.async_wait([&](const boost::system::error_code& error) { cancelled = error.failed(); });
  timer.cancel();
  EXPECT_FALSE(step(io, time));
  EXPECT_TRUE(cancelled);
}

TEST(VirtualTime, a_cancelled_coroutine_stops_waiting) {
  VirtualTime time;
  boost::asio::io_context io(1);
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  const auto wait = [&]() -> boost::asio::awaitable<void> {
    Timer timer(io.get_executor(), time.now() + 1h);
    const auto [error] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    ended = error == boost::asio::error::operation_aborted;
  };
  boost::asio::co_spawn(io, wait(), boost::asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  io.poll();
  EXPECT_EQ(time.next_due(), time.now() + 1h);
  cancel.emit(boost::asio::cancellation_type::terminal);
  EXPECT_FALSE(step(io, time));
  EXPECT_TRUE(ended);
}

TEST(VirtualTime, what_waits_goes_with_its_context_or_with_its_timer) {
  VirtualTime time;
  int completed = 0;
  const auto shared = std::make_shared<int>(1);
  {
    boost::asio::io_context io(1);
    const auto wait = [&](std::shared_ptr<int>) -> boost::asio::awaitable<void> {
      Timer timer(io.get_executor(), time.now() + 1h);
      co_await timer.async_wait(boost::asio::use_awaitable);
      ++completed;
    };
    boost::asio::co_spawn(io, wait(shared), [&](std::exception_ptr) { ++completed; });
    io.poll();
    EXPECT_NE(time.next_due(), Clock::time_point::max());
    {
      Timer timer(io.get_executor(), time.now() + 1min);
      timer.async_wait([&](const boost::system::error_code& error) { completed += error.failed() ? 10 : 100; });
    }
    io.restart();
    io.poll();
    EXPECT_EQ(completed, 10);
  }
  EXPECT_EQ(completed, 10);
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(time.next_due(), Clock::time_point::max());
}

TEST(Clock, is_the_machines_own_without_a_simulation) {
  const Clock::time_point before = std::chrono::steady_clock::now();
  EXPECT_GE(Clock::now(), before);
}

}  // namespace
}  // namespace holdfast
