// What `holdfast install` prints: everything that a daemon in a cluster needs, and no right that it does not. Pure.
//
// The daemon's own account may follow Application objects and write their status, keep its records (ConfigMaps, one
// Secret an application, a Lease), see what admission may do to what it writes, and tell Events. What it may manage
// besides is a role of its own, an aggregated one: a ClusterRole with the label of kManagedRoleLabel adds to it. With
// tenancy it may only watch these, and act as the accounts that are named.
#pragma once

#include <string_view>
#include <vector>

#include "app/options.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kManagedRoleLabel = "rbac.holdfast.dev/aggregate-to-managed";

// In an order in which they can be applied one after the other.
std::vector<json::object> install_manifests(const InstallOptions& options);

}  // namespace holdfast
