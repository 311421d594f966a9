// Which cluster answers, however it is reached.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "holdfast/ports/api_server.h"

namespace holdfast {

// The uid of its namespace kube-system; empty where that cannot be read. `api` outlives the call.
boost::asio::awaitable<std::string> cluster_identity(ApiServer& api);

}  // namespace holdfast
