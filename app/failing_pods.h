// Looks, when a roll-out has failed, at the pods of the workloads that are not healthy: by owner, once, and at few of
// them. What may not be read is passed over, for it only explains.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "holdfast/model/object_key.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

inline constexpr std::size_t kMostWorkloadsLookedAt = 3;
inline constexpr std::size_t kMostPodsLookedAt = 50;  // of each

// "Deployment.apps shop/web: Pod shop/web-1: container web: ImagePullBackOff: …", one clause for each workload of which
// something is known; empty: of none. `api` outlives the call.
boost::asio::awaitable<std::string> what_ails_pods_of(ApiServer& api, std::vector<ObjectKey> objects);

}  // namespace holdfast
