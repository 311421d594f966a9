#include "holdfast/base/turn_queue.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>

namespace holdfast {
namespace {

TEST(TurnQueue, one_piece_is_done_between_two_looks_at_what_else_is_ready) {
  boost::asio::io_context io(1);
  TurnQueue queue(io.get_executor());
  std::string done;
  for (const char* piece : {"a", "b", "c"})
    queue.add([&, piece] {
      done += piece;
      boost::asio::post(io, [&] { done += '.'; });  // stands for what a socket has brought meanwhile
    });
  EXPECT_EQ(done, "");
  EXPECT_EQ(queue.size(), 3U);
  io.run();
  EXPECT_EQ(done, "a.b.c.");
}

// A step of what is urgent makes the next one ready: a chain of them goes before the piece.
TEST(TurnQueue, a_piece_waits_while_something_else_is_done_and_not_for_ever) {
  boost::asio::io_context io(1);
  TurnQueue::Time now{};
  TurnQueue queue(io.get_executor(), [&now] { return now; });
  int steps = 0, steps_before = -1;
  const std::function<void()> step = [&] {
    now += std::chrono::microseconds{100};
    if (++steps < 10) boost::asio::post(io, step);
  };
  boost::asio::post(io, step);
  queue.add([&] { steps_before = steps; });
  io.run();
  EXPECT_EQ(steps_before, 10);

  steps = -1'000;
  io.restart();
  boost::asio::post(io, step);
  queue.add([&] { steps_before = steps; });
  io.run();
  EXPECT_LT(steps_before, -900) << "nobody waits for a loop that is never idle";
  EXPECT_GT(steps_before, -960);
}

TEST(TurnQueue, work_may_add_work_and_is_not_done_twice) {
  boost::asio::io_context io(1);
  TurnQueue queue(io.get_executor());
  std::string done;
  queue.add([&] {
    done += 'a';
    queue.add([&] { done += 'c'; });
  });
  queue.add([&] { done += 'b'; });
  io.run();
  EXPECT_EQ(done, "abc");
  io.restart();
  queue.add([&] { done += 'd'; });
  io.run();
  EXPECT_EQ(done, "abcd");
}

TEST(TurnQueue, what_had_no_turn_goes_with_the_queue) {
  boost::asio::io_context io(1);
  auto queue = std::make_unique<TurnQueue>(io.get_executor());
  const auto held = std::make_shared<int>(0);
  int done = 0;
  queue->add([&] {
    ++done;
    queue.reset();
  });
  queue->add([&, held] { ++done; });
  io.run();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace holdfast
