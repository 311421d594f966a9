// `holdfast get`: what the inventories of the cluster say is managed, and how each object stands right now.
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <map>

#include "app/application_verbs.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/table.h"
#include "app/yaml_text.h"
#include "engine/explanation.h"
#include "engine/inventory_record.h"
#include "holdfast/model/json.h"
#include "net/url.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

struct State {
  std::string name;
  std::string because;  // one clause
  std::string_view rules;
};

struct Row {
  std::string application;
  ObjectKey key;
  State state;
  std::string revision;
};

std::string label_selector(const ClusterOptions& cluster) {
  return "?labelSelector=" +
         encode_query_value("applyset.kubernetes.io/id,holdfast.dev/installation=" + cluster.installation);
}

asio::awaitable<Result<json::value>> get_json(ApiServer& api, std::string target) {
  ApiRequest request;
  request.target = std::move(target);
  co_return co_await ask_json(api, std::move(request));
}

// One GET: inventories are read to know what is there, not to guess at it.
asio::awaitable<State> state_of(ApiServer& api, const ApiCatalog& catalog, ObjectKey key, Uid uid) {
  const ApiResource* resource = catalog.find(key.group_kind());
  if (resource == nullptr)
    co_return State{"Unknown (type not served)", "the API server serves no such type now, which says nothing of it",
                    "D12"};
  std::string target = resource_path(*resource, key.namespace_, key.name);
  const Result<json::value> body = co_await get_json(api, std::move(target));
  if (!body && body.error().kind == ErrorKind::NotFound)
    co_return State{"Missing", "the inventory names it, and there is none", "C5.1, D11"};
  if (!body) co_return State{"Unknown (" + body.error().message + ")", "it could not be read", "D6"};
  if (find(*body, {"metadata", "deletionTimestamp"}) != nullptr)
    co_return State{"Terminating", "somebody deletes it, and it has not gone yet", "C5.2"};
  if (uid.empty())
    co_return State{"Not applied yet", "the inventory names it without a uid: it was only intended", "D11"};
  if (string_at(*body, {"metadata", "uid"}) != uid.value)
    co_return State{"Replaced", "its uid is another one than the inventory has: it was made anew", "D11"};
  co_return State{"Present", "its uid is the one that the inventory has", "D11"};
}

asio::awaitable<Result<std::vector<Row>>> collect(ApiServer& api, GetOptions options) {
  const std::string scope = options.inventory_namespace.empty() ? "" : "/namespaces/" + options.inventory_namespace;
  std::string target = "/api/v1" + scope + "/configmaps" + label_selector(options.cluster);
  const Result<json::value> list = co_await get_json(api, std::move(target));
  if (!list) co_return std::unexpected(list.error());
  const Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  std::vector<Row> rows;
  const json::value* items = find(*list, {"items"});
  if (items == nullptr || !items->is_array())
    co_return fail(ErrorKind::Protocol, "the list of inventories has no items");
  std::vector<SeenRevision> said;
  for (const json::value& item : items->get_array())
    if (const auto inventory = from_config_map(item); inventory && !inventory->seen.repository.empty())
      said.push_back(inventory->seen);
  for (const json::value& item : items->get_array()) {
    const std::string record(string_at(item, {"metadata", "name"})), home(string_at(item, {"metadata", "namespace"}));
    if (!options.name.empty() && record != inventory_name(options.name)) continue;
    const Result<Inventory> inventory = from_config_map(item);
    if (!inventory) co_return std::unexpected(inventory.error());
    const std::string application = record.substr(std::string_view("holdfast-").size());
    const std::string seen = seen_revision(*inventory, home, application, said);
    for (const auto& [key, uid] : inventory->entries) {
      State state = co_await state_of(api, *catalog, key, uid);
      const auto hook = inventory->hooks.find(key);
      const bool ended = hook != inventory->hooks.end() && hook->second.state != HookState::Begun;
      if (ended && state.name == "Missing")
        state = {hook->second.state == HookState::Done ? "Done (deleted)" : "Failed (deleted)",
                 "the hook has ended, and what became of it is on record; its policy, or its time to live, deletes it",
                 "D11"};
      rows.push_back({application, key, std::move(state), seen.empty() ? inventory->revision : seen});
    }
  }
  co_return rows;
}

void print_table(const std::vector<Row>& rows) {
  Table table({"APPLICATION", "KIND", "NAMESPACE", "NAME", "STATE", "REVISION"});
  for (const Row& row : rows)
    table.add({row.application, to_string(row.key.group_kind()), row.key.namespace_, row.key.name, row.state.name,
               row.revision});
  std::fputs(table.text().c_str(), stdout);
}

void explain(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    std::fprintf(stderr, "explain: %s: %s\n", to_string(row.key).c_str(),
                 to_string(Explanation{row.state.name, row.state.because, row.state.rules}).c_str());
}

json::array as_json(const std::vector<Row>& rows) {
  json::array objects;
  for (const Row& row : rows)
    objects.push_back({{"application", row.application},
                       {"group", row.key.group},
                       {"kind", row.key.kind},
                       {"namespace", row.key.namespace_},
                       {"name", row.key.name},
                       {"state", row.state.name},
                       {"revision", row.revision}});
  return objects;
}

// As `kubectl get -o name` has them: configmap/page, deployment.apps/web.
void print_names(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::string type = to_string(row.key.group_kind());
    for (char& c : type)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::printf("%s/%s\n", type.c_str(), row.key.name.c_str());
  }
}

void print(const std::vector<Row>& rows, const GetOptions& options) {
  if (options.explain) explain(rows);
  switch (options.output) {
    case OutputFormat::Json:
      std::puts(to_json(as_json(rows)).c_str());
      return;
    case OutputFormat::Yaml:
      std::fputs(yaml_text(as_json(rows)).c_str(), stdout);
      return;
    case OutputFormat::Name:
      return print_names(rows);
    case OutputFormat::Table:
    case OutputFormat::Wide:
      if (rows.empty())
        std::fputs("nothing is managed by this installation\n", stderr);
      else
        print_table(rows);
  }
}

}  // namespace

int get_command(const GetOptions& options) {
  if (options.what != Listed::Objects) {
    ApplicationVerbOptions applications;
    applications.cluster = options.cluster;
    applications.name = options.one;
    applications.output = options.output;
    return get_own_objects_command(applications, options.what);
  }
  return run_in_session(options.cluster, 1,
                        [&](asio::any_io_executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          const Result<std::vector<Row>> rows = co_await collect(*session.client, options);
                          if (!rows) co_return std::unexpected(rows.error());
                          print(*rows, options);
                          co_return 0;
                        });
}

}  // namespace holdfast
