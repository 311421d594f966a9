#include "app/planned_writes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/account_access.h"

namespace holdfast {
namespace {

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
const ApiResource kSecrets{{"", "v1", "Secret"}, "secrets", true, {}};

std::string path_of(const ApiRequest& request) { return request.target.substr(0, request.target.find('?')); }

// The uid that a write names: of what an apply is about, or of what is to be deleted.
std::string uid_named(const ApiRequest& request) {
  const Result<json::value> body = parse_json(request.body);
  if (!body) return {};
  return std::string(request.method == Method::Delete ? string_at(*body, {"preconditions", "uid"})
                                                      : string_at(*body, {"metadata", "uid"}));
}

// Of a type whose definition comes with the same revision.
std::optional<ApiResource> coming_type(const PreparedSet& set, const GroupVersionKind& gvk) {
  const Desired* const definition = definition_of(set, gvk.group_kind());
  if (definition == nullptr) return std::nullopt;
  return ApiResource{gvk,
                     std::string(string_at(definition->body, {"spec", "names", "plural"})),
                     string_at(definition->body, {"spec", "scope"}) == "Namespaced",
                     {}};
}

// Where a change is written; empty: nowhere that is known.
std::string path_of(const PlannedChange& change, const WantedApplication& application, const ApiCatalog& catalog) {
  const PreparedSet& set = application.prepared;
  const ObjectKey& key = change.key;
  if (const auto desired = set.desired.find(key); desired != set.desired.end())
    return resource_path(desired->second.resource, key.namespace_, key.name);
  if (const ApiResource* const served = catalog.find(key.group_kind()))
    return resource_path(*served, key.namespace_, key.name);
  for (const UnpreparedManifest& manifest : set.unprepared) {
    if (manifest.gvk.group_kind() != key.group_kind() || manifest.name != key.name) continue;
    const std::optional<ApiResource> coming = coming_type(set, manifest.gvk);
    if (!coming) return {};
    const bool homeless = coming->namespaced && key.namespace_.empty();
    return resource_path(*coming, homeless ? application.setup.prepare.default_namespace : key.namespace_, key.name);
  }
  return {};
}

}  // namespace

PlannedWrites::PlannedWrites(ApiServer& api, const MadePlan& made) : api_(api) {
  for (const auto& application : made.applications) {
    const InventoryLocation& inventory = application->setup.inventory;
    allowed_[resource_path(kConfigMaps, inventory.namespace_, inventory.name)] = {Rule::Any, {}};
    inventories_.push_back(inventory);
    for (const ApplicationPlan& plan : made.plan.applications)
      if (plan.name == application->setup.name && plan.namespace_ == inventory.namespace_)
        allow(made, *application, plan);
  }
}

void PlannedWrites::allow(const MadePlan& made, const WantedApplication& application, const ApplicationPlan& plan) {
  const PreparedSet& set = application.prepared;
  for (const SettledObject& object : plan.settled)
    allowed_.try_emplace(resource_path(set.desired.at(object.key).resource, object.key.namespace_, object.key.name));
  for (const PlannedChange& change : plan.changes)
    if (const std::optional<Rule> rule = rule_of(change.verb))
      if (const std::string path = path_of(change, application, made.catalog); !path.empty())
        allowed_[path] = {*rule, change.uid};
}

std::optional<PlannedWrites::Rule> PlannedWrites::rule_of(ChangeVerb verb) {
  switch (verb) {
    case ChangeVerb::Create:
      return Rule::Create;
    case ChangeVerb::Change:
      return Rule::Change;
    case ChangeVerb::Replace:
      return Rule::Replace;
    case ChangeVerb::Prune:
      return Rule::Prune;
    case ChangeVerb::Move:
    case ChangeVerb::HoldBack:
    case ChangeVerb::Refuse:
    case ChangeVerb::Unknown:
      break;
  }
  return std::nullopt;
}

// What was learned, and its key (learned_keeper.h): no plan is about these.
bool PlannedWrites::is_record(const std::string& path, const ApiRequest& request) const {
  return std::ranges::any_of(inventories_, [&](const InventoryLocation& inventory) {
    const std::string key = inventory.name + ".key";
    if (path.starts_with(resource_path(kConfigMaps, inventory.namespace_, inventory.name + ".learned-"))) return true;
    if (path == resource_path(kSecrets, inventory.namespace_, key)) return true;
    if (request.method != Method::Post || path != "/api/v1/namespaces/" + inventory.namespace_ + "/secrets")
      return false;
    const Result<json::value> body = parse_json(request.body);
    return body && string_at(*body, {"metadata", "name"}) == key;
  });
}

bool PlannedWrites::lets_through(const Allowed& allowed, const ApiRequest& request) const {
  const bool deletes = request.method == Method::Delete;
  const bool applies = request.content_type == "application/apply-patch+yaml";
  switch (allowed.rule) {
    case Rule::Any:
      return !deletes;
    case Rule::Create:
      return !deletes && (!applies || uid_named(request).empty());
    case Rule::Change:
      return !deletes && (!applies || uid_named(request) == allowed.uid.value);
    case Rule::Replace:
      return !deletes || uid_named(request) == allowed.uid.value;
    case Rule::Prune:
      return deletes && uid_named(request) == allowed.uid.value;
    case Rule::DryRun:
      break;
  }
  return false;
}

boost::asio::awaitable<Result<ApiResponse>> PlannedWrites::send(ApiRequest request) {
  const bool dry = request.target.contains("dryRun=All");
  const std::string path = path_of(request);
  if (request.method == Method::Get || dry || path == kAccessReviews) co_return co_await api_.send(std::move(request));
  if (is_record(path, request)) co_return co_await api_.send(std::move(request));
  const auto found = allowed_.find(path);
  if (found != allowed_.end()) {
    if (lets_through(found->second, request)) co_return co_await write(path, std::move(request));
    if (found->second.rule == Rule::DryRun && request.method == Method::Patch) {
      request.target += "&dryRun=All";
      co_return co_await api_.send(std::move(request));
    }
  }
  const std::string what = std::string(to_string(request.method)) + " " + path;
  if (std::ranges::find(refused_, what) == refused_.end()) refused_.push_back(what);
  co_return fail(ErrorKind::Conflict, "it is not in the plan, and was not written", what, "make a new plan");
}

// What a planned write has made is ours from then on; it may take a second apply to settle (V21).
boost::asio::awaitable<Result<ApiResponse>> PlannedWrites::write(std::string path, ApiRequest request) {
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  Allowed& allowed = allowed_.at(path);
  const bool makes = allowed.rule == Rule::Create || allowed.rule == Rule::Replace;
  if (!makes || !response || response->status != 201) co_return response;
  if (const Result<json::value> made = parse_json(response->body))
    allowed = {Rule::Change, {std::string(string_at(*made, {"metadata", "uid"}))}};
  co_return response;
}

}  // namespace holdfast
