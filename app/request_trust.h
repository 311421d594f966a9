// Which of the requests that people write into annotations (person_requests.h) count: those that were written while the
// policy that holds them to who asks was in force, and no others. What was written while there was none could be from
// anybody, also where it is seen only once there is one. So each application is known with the policy under which
// nothing was asked of it; a request counts where that is the policy in force by now. Pure.
//
// A policy is known by the uids and generations of it and of its binding: one that was taken away and made anew, or
// changed and changed back, is another one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config_changes.h"

namespace holdfast {

class RequestTrust {
 public:
  // What was found in force last; empty: nothing that is believed. All that asks nothing is under it from now on.
  // These are named: their status is to say so.
  std::vector<ApplicationName> policy_is(const std::string& policy);
  [[nodiscard]] const std::string& policy() const { return policy_; }

  // An object of which nothing is known but what its status says of an earlier process.
  void begin(const ApplicationName& name, std::string under);
  // It has, or has not, a request that is not met yet.
  void seen(const ApplicationName& name, bool asks);
  void forget(const ApplicationName& name) { known_.erase(name); }
  // What it asks for now was refused: what is asked for next is another request.
  void refused(const ApplicationName& name);

  // The request that it has was written under the policy that is in force.
  [[nodiscard]] bool counts(const ApplicationName& name) const;
  // For its status; empty: it was never seen without a request under a policy.
  [[nodiscard]] std::string under(const ApplicationName& name) const;

 private:
  struct Known {
    std::string under;
    bool asks = true;  // before it was looked at
  };
  std::string policy_;
  std::map<ApplicationName, Known> known_;
};

}  // namespace holdfast
