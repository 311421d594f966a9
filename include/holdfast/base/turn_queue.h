// Work that may wait: one piece of it in a turn of the event loop, and only when nothing else is ready there. However
// much comes at once, what a socket brings meanwhile waits for one piece at most, and so do the steps that follow from
// it. A loop that is never idle gives a turn every few milliseconds all the same.
//
// One thread, the executor's. What has not had its turn when the queue goes is dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "holdfast/base/clock.h"

namespace holdfast {

class TurnQueue {
 public:
  using Time = Clock::time_point;
  static constexpr std::chrono::microseconds kIdle{40};     // a turn that comes sooner had nothing before it
  static constexpr std::chrono::milliseconds kPatience{5};  // then it comes anyway

  explicit TurnQueue(boost::asio::any_io_executor executor, std::function<Time()> now = [] { return Clock::now(); });
  ~TurnQueue();
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  // In the order in which they were added; none before this returns.
  void add(std::function<void()> work);
  [[nodiscard]] std::size_t size() const;
  // How long the piece that has its turn now waited for it, once it was the next.
  [[nodiscard]] Time::duration waited() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
