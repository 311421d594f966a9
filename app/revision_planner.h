// The plan of one set of manifests for an application that is held: as `holdfast plan` would make it. Nothing is
// written.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "app/application_setup.h"
#include "engine/change_plan.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/object_access.h"

namespace holdfast {

// `api` and `access` outlive the call; what the account of `access` may not get is not told of. Errors: those of
// reading the cluster. What is refused is in the plan.
boost::asio::awaitable<Result<ChangePlan>> plan_revision(boost::asio::any_io_executor executor, ApiServer& api,
                                                         ObjectAccess& access, ApplicationSetup setup,
                                                         ManifestSetPtr manifests);

}  // namespace holdfast
