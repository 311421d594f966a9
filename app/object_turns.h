// Looks at objects, each by its name: one look at a time, and once more where something came meanwhile. So whoever
// looks is level-triggered, and need not know what brought it there.
//
// Owns the looks, and what else is spawned beside them. Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>

#include "app/config_changes.h"
#include "holdfast/base/stop_signal.h"
#include "holdfast/base/task_scope.h"

namespace holdfast {

class ObjectTurns {
 public:
  using Look = std::function<boost::asio::awaitable<void>(ApplicationName name)>;
  using Rested = std::function<void(const ApplicationName& name)>;
  // `rested` is told when a look has ended and none is due. What both refer to outlives join().
  ObjectTurns(boost::asio::any_io_executor executor, Look look, Rested rested)
      : look_(std::move(look)), rested_(std::move(rested)), stop_(executor), tasks_(executor) {}

  void look_at(const ApplicationName& name);
  // Whether something has come since the look under way began.
  [[nodiscard]] bool is_due(const ApplicationName& name) const;
  void spawn(boost::asio::awaitable<void> task) { tasks_.spawn(std::move(task)); }

  // No further look begins.
  void stop() { stop_.give(); }
  [[nodiscard]] bool stopping() const { return stop_.given(); }
  boost::asio::awaitable<void> stopped() { return stop_.heard(); }
  boost::asio::awaitable<void> join() { return tasks_.join(); }  // all that was spawned, looks included

 private:
  boost::asio::awaitable<void> take_turn(ApplicationName name);

  Look look_;
  Rested rested_;
  std::map<ApplicationName, bool> turns_;  // looks under way, and whether another one is due
  StopSignal stop_;
  TaskScope tasks_;
};

}  // namespace holdfast
