#include "manifests/managed_objects.h"

#include <boost/json.hpp>
#include <stdexcept>

#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

// The inventories that the daemon keeps: they are not managed, they are how it remembers.
bool is_record(const AuditedRequest& request) {
  return request.resource == "configmaps" && request.name.starts_with("holdfast-");
}

std::string path_of(const AuditedRequest& request) { return request.uri.substr(0, request.uri.find('?')); }

std::string path_in(const std::string& type, std::string_view namespace_name, std::string_view name) {
  const std::size_t at = type.rfind('/');
  std::string path = type.substr(0, at);
  if (!namespace_name.empty()) path += "/namespaces/" + std::string(namespace_name);
  path += type.substr(at) + "/";
  for (const char c : name) path += c == ':' ? std::string("%3A") : std::string(1, c);  // as Holdfast asks for it
  return path;
}

WrittenState read_state(const json::value& object) {
  WrittenState state;
  state.resource_version = string_at(object, {"metadata", "resourceVersion"});
  const json::value* entries = find(object, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array()) return state;
  for (const json::value& entry : entries->get_array()) {
    const bool ours = string_at(entry, {"manager"}).starts_with("holdfast");
    (ours ? state.ours : state.others) += json::serialize(entry) + "\n";
  }
  return state;
}

}  // namespace

std::string type_of_path(const std::string& object) {
  std::string type = object.substr(0, object.rfind('/'));
  constexpr std::string_view kNamespaces = "/namespaces/";
  const std::size_t begin = type.find(kNamespaces);
  if (begin == std::string::npos) return type;
  const std::size_t end = type.find('/', begin + kNamespaces.size());
  return type.erase(begin, end - begin);
}

ManagedObjects::ManagedObjects(const ControlPlane& plane) : plane_(plane), client_(plane.admin_kubeconfig()) {}

std::set<std::string> ManagedObjects::applied_since(std::chrono::system_clock::time_point since) const {
  std::set<std::string> objects;
  for (const AuditedRequest& request : plane_.requests(holdfast_user, since))
    if (request.verb == "patch" && request.subresource.empty() && request.code < 300 && !is_record(request))
      objects.insert(path_of(request));
  return objects;
}

std::vector<std::string> ManagedObjects::written_since(std::chrono::system_clock::time_point since) const {
  std::vector<std::string> written;
  for (const AuditedRequest& request : plane_.requests(holdfast_user, since))
    if (request.is_write() && !request.is_dry_run() && !is_record(request)) written.push_back(path_of(request));
  return written;
}

std::set<std::string> ManagedObjects::types_listed_since(std::chrono::system_clock::time_point since) const {
  std::set<std::string> types;
  for (const AuditedRequest& request : plane_.requests(holdfast_user, since))
    if ((request.verb == "list" || request.uri.contains("sendInitialEvents=true")) && request.code == 200)
      types.insert(path_of(request));
  return types;
}

WrittenStates ManagedObjects::states_of(const std::set<std::string>& objects) {
  std::set<std::string> types;
  for (const std::string& object : objects) types.insert(type_of_path(object));
  WrittenStates states;
  for (const std::string& type : types) {
    ApiRequest request;
    request.target = type;
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const Result<ApiResponse> response = client_.send(std::move(request));
    if (!response || response->status != 200)
      throw std::runtime_error("cannot list " + type + ": " + (response ? response->body : describe(response.error())));
    const Result<json::value> list = parse_json(response->body);
    const json::value* items = list ? find(*list, {"items"}) : nullptr;
    if (items == nullptr || !items->is_array()) throw std::runtime_error("the list of " + type + " is none");
    for (const json::value& item : items->get_array()) {
      const std::string path =
          path_in(type, string_at(item, {"metadata", "namespace"}), string_at(item, {"metadata", "name"}));
      if (objects.contains(path)) states[path] = read_state(item);
    }
  }
  return states;
}

void ManagedObjects::unlabel(const std::string& object) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = object + "?fieldManager=somebody";
  request.content_type = "application/merge-patch+json";
  request.body = R"({"metadata":{"labels":{"holdfast.dev/installation":null}}})";
  const Result<ApiResponse> response = client_.send(std::move(request));
  if (!response || response->status != 200)
    throw std::runtime_error("cannot change " + object + ": " +
                             (response ? response->body : describe(response.error())));
}

Changes changes_between(const WrittenStates& before, const WrittenStates& after) {
  Changes changes;
  for (const auto& [path, state] : before) {
    const auto found = after.find(path);
    if (found == after.end() || found->second.ours != state.ours)
      changes.by_us.push_back(path);
    else if (found->second.others != state.others)
      ++changes.by_others;
    else if (found->second.resource_version != state.resource_version)
      changes.unclaimed.push_back(path);
  }
  for (const auto& [path, state] : after)
    if (!before.contains(path)) changes.by_us.push_back(path);
  return changes;
}

}  // namespace holdfast::cluster
