// An Application that is an object of the cluster, as verbs of a person read it and ask something of it: by annotations
// (person_requests.h), which the API server lets through or not, and whose effect the daemon writes into the status.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "app/config_changes.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// "NAMESPACE/NAME", or a name in `default_namespace`.
ApplicationName application_named(const std::string& text, const std::string& default_namespace);

// Errors say what to do where there is no such one, or where the cluster has no Applications at all.
boost::asio::awaitable<Result<json::object>> read_application_object(ApiServer& api, ApplicationName name);

// As the API server knows us; empty where it does not say.
boost::asio::awaitable<std::string> who_we_are(ApiServer& api);

// Sets these annotations of the very object that was read. Errors: the API server's own words where it refuses.
boost::asio::awaitable<Result<void>> annotate(ApiServer& api, ApplicationName name, json::object object,
                                              json::object annotations);

// The object once its status.FIELD is `value`. Timeout: the daemon has not said so in time.
boost::asio::awaitable<Result<json::object>> wait_for_status(boost::asio::any_io_executor executor, ApiServer& api,
                                                             ApplicationName name, std::string field, std::string value,
                                                             std::chrono::seconds patience);

}  // namespace holdfast
