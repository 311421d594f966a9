// Writes the status of Applications, or of another type of ours, and Events about them: few requests, one under way for
// each object, and nothing where there is nothing new. What cannot be written is tried again later, for as long as it
// is still the newest.
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "app/config_changes.h"
#include "app/own_definitions.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

struct StatusTarget {
  ApplicationName name;
  Uid uid;  // another object of that name is none of this one's business
};

struct ClusterEvent {
  StatusTarget about;
  bool warning = false;
  std::string reason, note;
};

class StatusWriter {
 public:
  static constexpr std::size_t kMostUnderWay = 4;
  static constexpr std::size_t kMostEvents = 1'000;  // that wait; more are dropped, the oldest first
  // What comes together is written together.
  static constexpr std::chrono::milliseconds kGathering{50};

  // `resource`: of what all of it is about. `installation`: each writes as a manager of its own, so that none undoes
  // what another says.
  StatusWriter(boost::asio::any_io_executor executor, ApiServer& api, std::function<double()> chance,
               ApiResource resource = application_resource(), const std::string& installation = "holdfast");

  // `document` is asked for when its turn has come, as often as it is written. The same target again replaces it.
  void write(const StatusTarget& target, std::function<json::object()> document);
  void forget(const ApplicationName& name);
  void tell(ClusterEvent event);

  // What waits is written, as far as one attempt does it, and nothing is taken any more.
  void stop();
  boost::asio::awaitable<void> ended();  // after stop()

 private:
  struct Subject {
    StatusTarget target;
    std::function<json::object()> document;
    std::string written;  // canonical
    Clock::time_point not_before;
    unsigned failures = 0;
    bool dirty = false, under_way = false;
  };

  void wake();
  boost::asio::awaitable<void> work();
  bool begin_one();
  boost::asio::awaitable<void> write_status(ApplicationName name);
  boost::asio::awaitable<void> write_event(ClusterEvent event);
  void answered(Subject& subject, const Uid& uid, std::string text, const Result<ApiResponse>& answer);

  [[nodiscard]] std::string status_target(const ApplicationName& name) const;

  ApiServer& api_;
  ApiResource resource_;
  std::string manager_;
  std::function<double()> chance_;
  std::map<ApplicationName, Subject> subjects_;
  std::deque<ApplicationName> queue_;  // each at most once
  std::deque<ClusterEvent> events_;
  std::uint64_t event_number_ = 0;
  std::size_t under_way_ = 0;
  Timer signal_;
  TaskScope tasks_;
  bool begun_ = false, stopping_ = false;
};

}  // namespace holdfast
