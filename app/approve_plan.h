// `holdfast approve APP PLAN`: approves the plan that waits in the status of an Application of the cluster.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "app/cluster_session.h"
#include "app/options.h"

namespace holdfast {

// 0: the daemon brings it about, 1: it refuses, and says why. `options` and `session` outlive the call.
boost::asio::awaitable<Result<int>> approve_plan(boost::asio::any_io_executor executor, ClusterSession& session,
                                                 const ApproveOptions& options);

}  // namespace holdfast
