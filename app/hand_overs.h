// Which applications may begin what they wait for: those that depend on one of which something has changed. They get
// their turns one by one, for a commit may concern thousands of them at once.
//
// One thread, that of the queue.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "app/config_changes.h"
#include "holdfast/base/turn_queue.h"

namespace holdfast {

class HandOvers {
 public:
  // `waits`: whether there is such an application, and it has something to begin. `begin` may find it has not any more.
  HandOvers(boost::asio::any_io_executor executor, std::function<bool(const ApplicationName&)> waits,
            std::function<void(const ApplicationName&)> begin);

  // `depends_on`: names in its own namespace.
  void add(const ApplicationName& name, const std::set<std::string>& depends_on);
  void remove(const ApplicationName& name);

  void may_begin(const ApplicationName& name);
  void dependents_may_begin(const ApplicationName& name);

 private:
  std::function<bool(const ApplicationName&)> waits_;
  std::function<void(const ApplicationName&)> begin_;
  std::map<ApplicationName, std::set<ApplicationName>> dependents_;
  std::map<ApplicationName, std::set<ApplicationName>> needs_;
  std::set<ApplicationName> due_;
  TurnQueue turns_;
};

}  // namespace holdfast
