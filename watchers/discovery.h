// What an API server serves (correctness A19, A20; V43). Aggregated discovery only: Kubernetes 1.30 or newer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "holdfast/model/api_resource.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// Of the replies of /api and /apis. Errors: Protocol where a reply is not what was asked for, in whole or in part: a
// catalog that lacks something it could not read would make a served type look absent. A group with a stale version is
// listed in unknown_groups, and offers only its other versions.
Result<ApiCatalog> parse_discovery(std::string_view api_body, std::string_view apis_body);

// One of the two requests. `etag` (may be empty): what the same request was answered with before; then 304 says that it
// still holds.
boost::asio::awaitable<Result<ApiResponse>> ask_discovery(ApiServer& api, std::string path, std::string etag);

// Two requests. Any status but 200 is an error, never an empty catalog (401, 403 and 503 of a starting server: V51).
// `api` must outlive the call.
boost::asio::awaitable<Result<ApiCatalog>> discover(ApiServer& api);

}  // namespace holdfast
