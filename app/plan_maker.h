// From what is desired to a plan: reads it, asks what the cluster serves, surveys the cluster and plans. What `diff`,
// `plan` and `apply --plan` have in common.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "app/config_changes.h"
#include "app/survey.h"
#include "app/wanted_applications.h"
#include "engine/change_plan.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

struct MadePlan {
  WantedApplications applications;
  ApiCatalog catalog;
  ChangePlan plan;
  std::map<ApplicationName, InventoryState> inventories;
  std::vector<Error> failures;  // applications that are not in the plan, for they could not be read
};

// `api` and `access`, which is as a Survey takes it, outlive the call. Errors: what is wrong with all of it, such as a
// server that does not answer.
boost::asio::awaitable<Result<MadePlan>> make_plan(boost::asio::any_io_executor executor, ApiServer& api,
                                                   ReadApplications read, std::string installation,
                                                   ObjectAccess* access = nullptr);

}  // namespace holdfast
