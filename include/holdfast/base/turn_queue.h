// Work that may wait: one piece of it in a turn of the event loop. However much comes at once, what a socket brings
// meanwhile waits for one piece at most.
//
// One thread, the executor's. What has not had its turn when the queue goes is dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>

namespace holdfast {

class TurnQueue {
 public:
  explicit TurnQueue(boost::asio::any_io_executor executor);
  ~TurnQueue();
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  // In the order in which they were added; none before this returns.
  void add(std::function<void()> work);
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
