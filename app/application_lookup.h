// Applications, and our other objects, of a cluster as people name them: NAME or NAMESPACE/NAME.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// All of a namespace, or of the cluster where it is empty; in the order of the server. NotFound where there is no such
// type, with what to do about it.
boost::asio::awaitable<Result<std::vector<json::value>>> list_own_objects(ApiServer& api, ApiResource type,
                                                                          std::string namespace_);
boost::asio::awaitable<Result<std::vector<json::value>>> list_applications(ApiServer& api, std::string namespace_);

// The one that is meant. A name alone means the one of it in `namespace_`, or where that is empty, the only one in the
// cluster. NotFound and Invalid say which there are.
boost::asio::awaitable<Result<json::value>> find_own_object(ApiServer& api, ApiResource type, std::string name,
                                                            std::string namespace_);
boost::asio::awaitable<Result<json::value>> find_application(ApiServer& api, std::string name, std::string namespace_);

// Reads it again, by its path.
boost::asio::awaitable<Result<json::value>> read_application_object(ApiServer& api, json::value object);
std::string application_path(const json::value& object);
std::string application_shown(const json::value& object);  // "shop/web"

// Of its status: "True", "False" or "Unknown", the reason and the message; empty where it is not there.
struct ShownCondition {
  std::string status, reason, message;
};
ShownCondition application_condition(const json::value& object, std::string_view type);

}  // namespace holdfast
