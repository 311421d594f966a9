// `holdfast tree`: what an application holds, and what has become of it, down to the pods.
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <utility>

#include "app/application_lookup.h"
#include "app/application_verbs.h"
#include "app/cluster_session.h"
#include "app/object_tree.h"
#include "app/yaml_text.h"
#include "engine/inventory_record.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kTrouble = 2;

// Of these may the controllers of Kubernetes make more objects.
constexpr const char* kWorkloads[] = {"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"};
const GroupKind kMade[] = {{"apps", "ReplicaSet"}, {"batch", "Job"}, {"", "Pod"}};

asio::awaitable<Result<json::value>> get(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  co_return co_await ask_json(api, std::move(request));
}

asio::awaitable<Result<std::vector<TreeRoot>>> read_roots(ApiServer& api, const ApiCatalog& catalog,
                                                          Inventory inventory) {
  std::vector<TreeRoot> roots;
  for (const auto& [key, uid] : inventory.entries) {
    TreeRoot root{key, {}};
    if (const ApiResource* const resource = catalog.find(key.group_kind())) {
      std::string target = resource_path(*resource, key.namespace_, key.name);
      Result<json::value> body = co_await get(api, std::move(target));
      if (!body && body.error().kind != ErrorKind::NotFound) co_return std::unexpected(body.error());
      if (body) root.body = *std::move(body);
    }
    roots.push_back(std::move(root));
  }
  co_return roots;
}

asio::awaitable<Result<std::vector<json::value>>> read_owned(ApiServer& api, const ApiCatalog& catalog,
                                                             std::set<std::string> namespaces) {
  std::vector<json::value> owned;
  for (const GroupKind& type : kMade) {
    const ApiResource* const resource = catalog.find(type);
    if (resource == nullptr) continue;
    for (const std::string& namespace_ : namespaces) {
      std::string target = resource_path(*resource, namespace_, {});
      const Result<json::value> list = co_await get(api, std::move(target));
      if (!list) co_return std::unexpected(list.error());
      const json::value* items = find(*list, {"items"});
      if (items == nullptr || !items->is_array()) co_return fail(ErrorKind::Protocol, "a list has no items");
      for (json::value item : items->get_array()) {
        item.as_object()["apiVersion"] = resource->gvk.api_version();
        item.as_object()["kind"] = resource->gvk.kind;
        owned.push_back(std::move(item));
      }
    }
  }
  co_return owned;
}

std::set<std::string> namespaces_of(const std::vector<TreeRoot>& roots) {
  std::set<std::string> namespaces;
  for (const TreeRoot& root : roots)
    if (std::ranges::find(kWorkloads, root.key.kind) != std::end(kWorkloads)) namespaces.insert(root.key.namespace_);
  return namespaces;
}

void print(const std::string& name, const Inventory& inventory, const std::vector<TreeNode>& nodes,
           OutputFormat output) {
  const json::value whole =
      json::object{{"application", name}, {"revision", inventory.revision}, {"objects", tree_json(nodes)}};
  if (output == OutputFormat::Json)
    std::puts(to_json(whole).c_str());
  else if (output == OutputFormat::Yaml)
    std::fputs(yaml_text(whole).c_str(), stdout);
  else
    std::printf("%s  %s\n%s", name.c_str(), inventory.revision.empty() ? "-" : inventory.revision.c_str(),
                tree_text(nodes).c_str());
}

asio::awaitable<Result<int>> show(ApiServer& api, ApplicationVerbOptions options) {
  std::string name = options.name, namespace_ = options.cluster.namespace_;
  const Result<json::value> object = co_await find_application(api, std::move(name), std::move(namespace_));
  if (!object) co_return std::unexpected(object.error());
  const std::string home(string_at(*object, {"metadata", "namespace"})),
      application(string_at(*object, {"metadata", "name"}));
  std::string record = "/api/v1/namespaces/" + home + "/configmaps/" + inventory_name(application);
  const Result<json::value> config_map = co_await get(api, std::move(record));
  if (!config_map && config_map.error().kind == ErrorKind::NotFound)
    co_return fail(ErrorKind::NotFound, application_shown(*object) + " has applied nothing yet", {},
                   "kubectl -n " + home + " describe hfapp " + application + " says why");
  if (!config_map) co_return std::unexpected(config_map.error());
  const Result<Inventory> inventory = from_config_map(*config_map);
  if (!inventory) co_return std::unexpected(inventory.error());
  const Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  Inventory wanted = *inventory;
  const Result<std::vector<TreeRoot>> roots = co_await read_roots(api, *catalog, std::move(wanted));
  if (!roots) co_return std::unexpected(roots.error());
  std::set<std::string> namespaces = namespaces_of(*roots);
  const Result<std::vector<json::value>> owned = co_await read_owned(api, *catalog, std::move(namespaces));
  if (!owned) co_return std::unexpected(owned.error());
  HealthQuestion question;
  question.now = std::chrono::system_clock::now();
  print(application_shown(*object), *inventory, object_tree(*roots, *owned, question), options.output);
  co_return 0;
}

}  // namespace

int tree_command(const ApplicationVerbOptions& options) {
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          ApplicationVerbOptions copy = options;
                          co_return co_await show(*session.client, std::move(copy));
                        });
}

}  // namespace holdfast
