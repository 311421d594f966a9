#include "app/request_trust.h"

#include <utility>

namespace holdfast {

std::vector<ApplicationName> RequestTrust::policy_is(const std::string& policy) {
  std::vector<ApplicationName> news;
  if (policy == std::exchange(policy_, policy) || policy.empty()) return news;
  for (auto& [name, known] : known_)
    if (!known.asks && std::exchange(known.under, policy) != policy) news.push_back(name);
  return news;
}

void RequestTrust::begin(const ApplicationName& name, std::string under) { known_[name] = {std::move(under), true}; }

void RequestTrust::seen(const ApplicationName& name, bool asks) {
  Known& known = known_[name];
  known.asks = asks;
  if (!asks && !policy_.empty()) known.under = policy_;
}

void RequestTrust::refused(const ApplicationName& name) { seen(name, false); }

bool RequestTrust::counts(const ApplicationName& name) const { return !policy_.empty() && under(name) == policy_; }

std::string RequestTrust::under(const ApplicationName& name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? std::string() : found->second.under;
}

}  // namespace holdfast
