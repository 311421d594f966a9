// Looks whether the policy that holds approvals to who asks (approval_policy.h) is in force, each time that it matters.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "holdfast/ports/api_server.h"

namespace holdfast {

struct PolicyStanding {
  std::string objection;  // why what people ask for cannot be met; empty: nothing stands against it
  std::string identity;   // of what is in force (identity_of_policy)
  bool known = false;     // false: it could not be read, which stands against it as well
};
// `api` outlives the call.
boost::asio::awaitable<PolicyStanding> standing_of_policy(ApiServer& api);

}  // namespace holdfast
