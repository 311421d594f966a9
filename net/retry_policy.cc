#include "net/retry_policy.h"

#include <algorithm>

namespace holdfast {

bool asks_to_come_back(int status, std::optional<std::chrono::seconds> retry_after) {
  return status == 429 || (status >= 500 && retry_after.has_value());
}

std::chrono::milliseconds FlowBackoffs::turned_away(const std::string& flow,
                                                    std::optional<std::chrono::seconds> retry_after,
                                                    Backoff::Clock::time_point now) {
  if (!flows_.contains(flow) && flows_.size() >= kMostFlows) flows_.erase(flows_.begin());
  Backoff& backoff = flows_.try_emplace(flow, Backoff::list_watch(), random_).first->second;
  return std::max(backoff.next(now), std::chrono::milliseconds(retry_after.value_or(std::chrono::seconds(0))));
}

}  // namespace holdfast
