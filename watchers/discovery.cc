#include "watchers/discovery.h"

#include <array>
#include <utility>

#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

// The order of the parameters matters to older servers (A19).
constexpr std::string_view kAccept =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
constexpr std::size_t kMaxBodyBytes = 64UL * 1024 * 1024;

std::unexpected<Error> unreadable(std::string what, std::string_view where) {
  return fail(ErrorKind::Protocol, "discovery: " + std::move(what), std::string(where));
}

const json::array* array_at(const json::value& root, std::string_view key) {
  const json::value* value = find(root, {key});
  return value == nullptr ? nullptr : value->if_array();
}

std::vector<std::string> read_verbs(const json::value& resource) {
  std::vector<std::string> verbs;
  if (const json::array* names = array_at(resource, "verbs"))
    for (const json::value& name : *names)
      if (name.is_string()) verbs.emplace_back(std::string_view(name.get_string()));
  return verbs;
}

// One resource of a version, added unless it cannot be addressed by its kind.
Result<void> add_resource(const json::value& entry, const std::string& group, const std::string& version,
                          std::string_view where, ApiCatalog& catalog) {
  ApiResource resource;
  resource.plural = string_at(entry, {"resource"});
  if (resource.plural.empty()) return unreadable("a resource without name in " + group + "/" + version, where);
  const std::string_view kind = string_at(entry, {"responseKind", "kind"});
  if (kind.empty()) return {};  // only its subresources are served
  // Built-in types leave the two empty (V43). A type that belongs elsewhere would be asked for under the wrong path.
  const std::string_view kind_group = string_at(entry, {"responseKind", "group"});
  const std::string_view kind_version = string_at(entry, {"responseKind", "version"});
  if (!kind_version.empty() && (kind_group != group || kind_version != version)) return {};
  resource.gvk = {group, version, std::string(kind)};
  resource.namespaced = string_at(entry, {"scope"}) == "Namespaced";
  resource.verbs = read_verbs(entry);
  const GroupVersionKind gvk = resource.gvk;
  catalog.resources.try_emplace(gvk, std::move(resource));
  catalog.preferred.try_emplace(gvk.group_kind(), version);  // versions come in the server's order of preference
  return {};
}

Result<void> add_version(const json::value& entry, const std::string& group, std::string_view where,
                         ApiCatalog& catalog) {
  const std::string version(string_at(entry, {"version"}));
  if (version.empty()) return unreadable("a version without name in group \"" + group + "\"", where);
  if (string_at(entry, {"freshness"}) == "Stale") {
    catalog.unknown_groups.insert(group);
    return {};
  }
  const json::value* resources = find(entry, {"resources"});
  if (resources == nullptr || resources->is_null()) return {};
  if (!resources->is_array()) return unreadable("the resources of " + group + "/" + version + " are no list", where);
  for (const json::value& resource : resources->get_array())
    if (auto added = add_resource(resource, group, version, where, catalog); !added) return added;
  return {};
}

Result<void> add_groups(std::string_view body, std::string_view where, ApiCatalog& catalog) {
  if (body.size() > kMaxBodyBytes)
    return fail(ErrorKind::TooLarge, "discovery: a reply of more than 64 MiB", std::string(where));
  const Result<json::value> root = parse_json(body);
  if (!root) return unreadable(root.error().message, where);
  const std::string_view kind = string_at(*root, {"kind"});
  const std::string_view api_version = string_at(*root, {"apiVersion"});
  if (kind == "APIGroupList" || kind == "APIVersions" || api_version == "apidiscovery.k8s.io/v2beta1")
    return fail(ErrorKind::Protocol, "the API server does not offer aggregated discovery (apidiscovery.k8s.io/v2)",
                std::string(where), "Kubernetes 1.30 or newer is needed");
  if (kind != "APIGroupDiscoveryList" || api_version != "apidiscovery.k8s.io/v2")
    return unreadable("an answer of kind \"" + std::string(kind) + "\" instead of APIGroupDiscoveryList", where);
  const json::array* items = array_at(*root, "items");
  if (items == nullptr) return unreadable("an answer without items", where);
  for (const json::value& item : *items) {
    const std::string group(string_at(item, {"metadata", "name"}));  // empty: the core group, in /api only
    if (group.empty() != (where == "/api")) return unreadable("an unexpected group \"" + group + "\"", where);
    const json::array* versions = array_at(item, "versions");
    if (versions == nullptr || versions->empty()) {
      catalog.unknown_groups.insert(group);
      continue;
    }
    for (const json::value& version : *versions)
      if (auto added = add_version(version, group, where, catalog); !added) return added;
  }
  return {};
}

}  // namespace

Result<ApiCatalog> parse_discovery(std::string_view api_body, std::string_view apis_body) {
  ApiCatalog catalog;
  if (auto added = add_groups(api_body, "/api", catalog); !added) return std::unexpected(added.error());
  if (auto added = add_groups(apis_body, "/apis", catalog); !added) return std::unexpected(added.error());
  // Every server has the core group: without it, something in between answered.
  if (catalog.find(GroupVersionKind{"", "v1", "Namespace"}) == nullptr && !catalog.unknown_groups.contains(""))
    return unreadable("the core group has no Namespace", "/api");
  return catalog;
}

boost::asio::awaitable<Result<ApiResponse>> ask_discovery(ApiServer& api, std::string path, std::string etag) {
  ApiRequest request;
  request.target = std::move(path);
  request.accept = kAccept;
  request.if_none_match = std::move(etag);
  co_return co_await api.send(std::move(request));
}

boost::asio::awaitable<Result<ApiCatalog>> discover(ApiServer& api) {
  std::array<std::string, 2> bodies;
  for (const bool core : {true, false}) {
    const std::string path = core ? "/api" : "/apis";
    Result<ApiResponse> response = co_await ask_discovery(api, path, std::string());
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200)
      co_return std::unexpected(
          to_error(parse_api_status(response->status, response->content_type, response->body), path));
    bodies[core ? 0 : 1] = std::move(response->body);
  }
  co_return parse_discovery(bodies[0], bodies[1]);
}

}  // namespace holdfast
