// The ConfigMaps and Secrets that an application names, where it acts as an account: only what that account may get is
// handed out, though the daemon reads it.
//
// Lives on one executor, one thread.
#pragma once

#include <map>
#include <memory>

#include "app/account_access.h"
#include "holdfast/ports/cluster_values.h"

namespace holdfast {

class AccountValues {
 public:
  // Both outlive it and what it has made.
  AccountValues(AccountAccess& access, ClusterValues& values) : access_(access), values_(values) {}

  // As that account; one for each, for as long as this lives.
  ClusterValues& of(const ServiceAccount& who);

 private:
  class OfOne;

  AccountAccess& access_;
  ClusterValues& values_;
  std::map<ServiceAccount, std::shared_ptr<ClusterValues>> made_;
};

}  // namespace holdfast
