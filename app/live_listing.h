// All objects of one type that an installation manages, by one list, read page by page.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <set>
#include <string>

#include "holdfast/model/api_resource.h"
#include "holdfast/model/object.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

using LiveObjects = std::map<ObjectKey, LivePtr>;  // with their bodies

// Complete, or an error. Where listing in all namespaces is forbidden, each of `namespaces` is listed by itself. A list
// whose continuation has expired is begun anew, at most three times; at most 10,000 pages of 500 objects. `api`
// outlives the call.
boost::asio::awaitable<Result<LiveObjects>> list_live(ApiServer& api, ApiResource resource, std::string installation,
                                                      std::set<std::string> namespaces);

}  // namespace holdfast
