// Owns coroutines: each one spawned is joined, and its failure is heard (style rule 6).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <exception>
#include <utility>

#include "holdfast/base/clock.h"

namespace holdfast {

// One thread. Must outlive its tasks: join() before it goes. An exception out of a task is our own bug and leaves
// io_context::run().
class TaskScope {
 public:
  explicit TaskScope(boost::asio::any_io_executor executor) : executor_(executor), empty_(executor) {}

  void spawn(boost::asio::awaitable<void> task) {
    ++running_;
    boost::asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr failure) {
      if (--running_ == 0) empty_.cancel();
      if (failure) std::rethrow_exception(failure);
    });
  }

  boost::asio::awaitable<void> join() {
    while (running_ != 0) {
      empty_.expires_at(Clock::time_point::max());
      co_await empty_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  }

 private:
  boost::asio::any_io_executor executor_;
  Timer empty_;
  std::size_t running_ = 0;
};

}  // namespace holdfast
