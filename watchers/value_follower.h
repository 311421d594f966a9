// Single ConfigMaps and Secrets of a cluster, as sources want them: one watch of each that somebody follows, however
// many do, and a plain GET of any other. Needs no more than get, list and watch of these very names; with get alone,
// what is followed is looked at every minute.
//
// What may not be read, or cannot be asked for, is unknown and never absent. Nothing of a value is ever logged.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "holdfast/base/task_scope.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/cluster_values.h"
#include "holdfast/ports/watch_transport.h"
#include "watchers/reflector.h"

namespace holdfast {

class ValueFollower final : public ClusterValues {
 public:
  // How long a watch stays though nobody follows: whoever reads anew is back by then.
  static constexpr std::chrono::seconds kLinger{60};
  static constexpr std::chrono::seconds kLookAgain{60};  // at what cannot be watched

  // All references outlive ended(). `random`: uniform in [0, 1).
  ValueFollower(boost::asio::any_io_executor executor, ApiServer& api, WatchTransport& transport,
                std::function<double()> random);
  ~ValueFollower() override;

  boost::asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) override;
  boost::asio::awaitable<Result<void>> changed(SeenValues seen) override;

  // Whoever waits hears Cancelled.
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

  [[nodiscard]] std::size_t watches() const { return followed_.size(); }

 private:
  class Followed;
  class Asking;
  using FollowedPtr = std::shared_ptr<Followed>;

  boost::asio::awaitable<Result<ClusterValuePtr>> ask(ValueReference wanted);
  boost::asio::awaitable<bool> differs_on_the_server(SeenValues seen);
  boost::asio::awaitable<void> let_linger(ValueReference reference);
  FollowedPtr follow(const ValueReference& reference);
  [[nodiscard]] FollowedPtr find(const ValueReference& reference) const;

  boost::asio::any_io_executor executor_;
  ApiServer& api_;
  WatchTransport& transport_;
  std::function<double()> random_;
  std::map<ValueReference, FollowedPtr> followed_;
  TaskScope tasks_;
  bool stopping_ = false;
};

// What an object of the server says. Errors: Protocol, without its text.
Result<ClusterValuePtr> read_cluster_value(const ValueReference& reference, std::string_view body);

}  // namespace holdfast
