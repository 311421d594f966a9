// What is asked of the API server, and told it, for Overrides: whether their policy is there, how an object that one is
// to touch stands, and whose its fields are at the end. Lives on one executor; all references outlive the calls.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/config_changes.h"
#include "app/override_examination.h"
#include "app/override_status.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

inline constexpr std::string_view kOverrideFinalizer = "holdfast.dev/override";

class OverrideRequests {
 public:
  // `as`, here and below: whom its application acts as.
  OverrideRequests(ApiServer& api, const std::string& installation);

  // See policy_problem(). Errors: it cannot be told.
  boost::asio::awaitable<Result<std::optional<std::string>>> policy_problem_of(std::chrono::sys_seconds created);

  struct Found {
    std::optional<std::string> refused;  // why the object may not be overridden so
    std::vector<FormerValue> former;
  };
  boost::asio::awaitable<Result<Found>> look_at(OverriddenObject object, YieldRules rules,
                                                std::optional<ServiceAccount> as);

  // The status of an Override, at once: what is in it has to be there before anything is written.
  boost::asio::awaitable<Result<void>> write_status(ApplicationName name, Uid uid, json::object status);
  boost::asio::awaitable<Result<void>> set_finalizer(json::object object, bool wanted);

  // What was put back, and Git does not declare, stays as it is though we let go of it: it is held by a manager of its
  // own from now on. `desired`: the object with these fields in it.
  boost::asio::awaitable<Result<void>> leave_fields(Desired desired, std::vector<std::string> paths,
                                                    std::optional<ServiceAccount> as);

 private:
  ApiServer& api_;
  std::string status_manager_;
};

}  // namespace holdfast
