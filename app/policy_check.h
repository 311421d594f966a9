// Looks whether the policy that holds approvals to who asks (approval_policy.h) is in force, each time that it matters.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "holdfast/ports/api_server.h"

namespace holdfast {

// Why what people ask for cannot be met; empty: nothing stands against it. What cannot be read stands against it.
// `api` outlives the call.
boost::asio::awaitable<std::string> objection_to_policy_of(ApiServer& api);

}  // namespace holdfast
