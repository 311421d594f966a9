#include "app/hand_overs.h"

#include <utility>

namespace holdfast {

HandOvers::HandOvers(boost::asio::any_io_executor executor, std::function<bool(const ApplicationName&)> waits,
                     std::function<void(const ApplicationName&)> begin)
    : waits_(std::move(waits)), begin_(std::move(begin)), turns_(std::move(executor)) {}

void HandOvers::add(const ApplicationName& name, const std::set<std::string>& depends_on) {
  remove(name);
  for (const std::string& needed : depends_on) {
    ApplicationName other{name.first, needed};
    dependents_[other].insert(name);
    needs_[name].insert(std::move(other));
  }
}

void HandOvers::remove(const ApplicationName& name) {
  const auto known = needs_.find(name);
  if (known == needs_.end()) return;
  for (const ApplicationName& other : known->second) {
    const auto found = dependents_.find(other);
    found->second.erase(name);
    if (found->second.empty()) dependents_.erase(found);
  }
  needs_.erase(known);
}

void HandOvers::may_begin(const ApplicationName& name) {
  if (!waits_(name) || !due_.insert(name).second) return;
  turns_.add([this, name] {
    due_.erase(name);
    begin_(name);
  });
}

void HandOvers::dependents_may_begin(const ApplicationName& name) {
  if (const auto found = dependents_.find(name); found != dependents_.end())
    for (const ApplicationName& other : found->second) may_begin(other);
}

}  // namespace holdfast
