// Whether something is to end, and a wait for that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "holdfast/base/clock.h"

namespace holdfast {

// One thread. Once given it stays so.
class StopSignal {
 public:
  explicit StopSignal(boost::asio::any_io_executor executor) : changed_(executor) {}

  void give() {
    given_ = true;
    changed_.cancel();
  }
  [[nodiscard]] bool given() const { return given_; }
  // For one waiter.
  boost::asio::awaitable<void> heard() {
    while (!given_) {
      changed_.expires_at(Clock::time_point::max());
      co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  }

 private:
  Timer changed_;
  bool given_ = false;
};

}  // namespace holdfast
