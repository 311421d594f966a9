#include "app/application_lookup.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/cluster_session.h"
#include "app/own_definitions.h"
#include "holdfast/base/edit_distance.h"
#include "net/url.h"

namespace holdfast {
namespace {

constexpr int kPage = 500;

std::vector<std::string> names_of(const std::vector<json::value>& objects) {
  std::vector<std::string> names;
  names.reserve(objects.size());
  for (const json::value& object : objects) names.push_back(application_shown(object));
  return names;
}

Error none_of_that_name(const std::string& name, const ApiResource& type, const std::vector<json::value>& all) {
  std::vector<std::string_view> known;
  known.reserve(all.size());
  for (const json::value& object : all) known.push_back(string_at(object, {"metadata", "name"}));
  const std::string_view nearest = nearest_word(name, known);
  return {ErrorKind::NotFound,
          fmt::format("there is no {} {}", type.gvk.kind, name),
          {},
          nearest.empty() ? fmt::format("holdfast get {} lists those that there are", type.plural)
                          : fmt::format("did you mean {}? holdfast get {} lists them all", nearest, type.plural)};
}

}  // namespace

boost::asio::awaitable<Result<std::vector<json::value>>> list_own_objects(ApiServer& api, ApiResource type,
                                                                          std::string namespace_) {
  std::vector<json::value> found;
  std::string next;
  do {
    ApiRequest request;
    request.target = fmt::format("{}?limit={}", resource_path(type, namespace_, {}), kPage);
    if (!next.empty()) request.target += "&continue=" + encode_query_value(next);
    const Result<json::value> page = co_await ask_json(api, std::move(request));
    if (!page && page.error().kind == ErrorKind::NotFound)
      co_return fail(ErrorKind::NotFound, fmt::format("the cluster does not know {}s", type.gvk.kind), {},
                     "holdfast install | kubectl apply -f -");
    if (!page) co_return std::unexpected(page.error());
    const json::value* items = find(*page, {"items"});
    if (items == nullptr || !items->is_array())
      co_return fail(ErrorKind::Protocol, fmt::format("the list of {}s has no items", type.gvk.kind));
    found.insert(found.end(), items->get_array().begin(), items->get_array().end());
    next = string_at(*page, {"metadata", "continue"});
  } while (!next.empty());
  for (json::value& object : found) {
    object.as_object()["apiVersion"] = type.gvk.api_version();
    object.as_object()["kind"] = type.gvk.kind;
  }
  co_return found;
}

boost::asio::awaitable<Result<std::vector<json::value>>> list_applications(ApiServer& api, std::string namespace_) {
  ApiResource type = application_resource();
  co_return co_await list_own_objects(api, std::move(type), std::move(namespace_));
}

boost::asio::awaitable<Result<json::value>> find_own_object(ApiServer& api, ApiResource type, std::string name,
                                                            std::string namespace_) {
  if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
    namespace_ = name.substr(0, slash);
    name.erase(0, slash + 1);
  }
  Result<std::vector<json::value>> all = co_await list_own_objects(api, type, std::move(namespace_));
  if (!all) co_return std::unexpected(all.error());
  std::vector<json::value> named;
  for (const json::value& object : *all)
    if (string_at(object, {"metadata", "name"}) == name) named.push_back(object);
  if (named.empty()) co_return std::unexpected(none_of_that_name(name, type, *all));
  if (named.size() > 1)
    co_return fail(ErrorKind::Invalid, fmt::format("there are several {}s of that name", type.gvk.kind), {},
                   fmt::format("say which: {}", fmt::join(names_of(named), ", ")));
  co_return named.front();
}

boost::asio::awaitable<Result<json::value>> find_application(ApiServer& api, std::string name, std::string namespace_) {
  ApiResource type = application_resource();
  co_return co_await find_own_object(api, std::move(type), std::move(name), std::move(namespace_));
}

boost::asio::awaitable<Result<json::value>> read_application_object(ApiServer& api, json::value object) {
  ApiRequest request;
  request.target = application_path(object);
  co_return co_await ask_json(api, std::move(request));
}

std::string application_path(const json::value& object) {
  return resource_path(application_resource(), string_at(object, {"metadata", "namespace"}),
                       string_at(object, {"metadata", "name"}));
}

std::string application_shown(const json::value& object) {
  return fmt::format("{}/{}", string_at(object, {"metadata", "namespace"}), string_at(object, {"metadata", "name"}));
}

ShownCondition application_condition(const json::value& object, std::string_view type) {
  const json::value* list = find(object, {"status", "conditions"});
  if (list == nullptr || !list->is_array()) return {};
  for (const json::value& each : list->get_array())
    if (string_at(each, {"type"}) == type)
      return {std::string(string_at(each, {"status"})), std::string(string_at(each, {"reason"})),
              std::string(string_at(each, {"message"}))};
  return {};
}

}  // namespace holdfast
