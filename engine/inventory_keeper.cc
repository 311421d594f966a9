#include "engine/inventory_keeper.h"

#include "engine/outcome.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};

std::string name_of(const InventoryLocation& location) {
  return "inventory ConfigMap " + location.namespace_ + "/" + location.name;
}

// A refusal, and when it may be tried again.
std::unexpected<Error> refused(ErrorKind kind, const std::string& message, std::chrono::seconds retry_after,
                               const InventoryLocation& location) {
  Error error{kind, message, name_of(location)};
  error.retry_after = retry_after;
  return std::unexpected(std::move(error));
}

}  // namespace

InventoryKeeper::InventoryKeeper(ApiServer& api, InventoryLocation location)
    : api_(api), location_(std::move(location)) {}

std::string InventoryKeeper::path() const { return resource_path(kConfigMaps, location_.namespace_, location_.name); }

const Uid* InventoryKeeper::uid(const ObjectKey& key) const {
  const auto found = inventory_.entries.find(key);
  return found == inventory_.entries.end() ? nullptr : &found->second;
}

// What a hook has left may have been deleted, as its policy wants it: its absence is no drift.
void InventoryKeeper::intend(const ObjectKey& key) {
  Uid& uid = inventory_.entries.try_emplace(key).first->second;
  const HookRecord* const before = hook(key);
  if (before == nullptr) return;
  if (before->state != HookState::Begun) uid = {};
  inventory_.hooks.erase(key);
}

void InventoryKeeper::intend_hook(const ObjectKey& key, const std::string& making) {
  const HookRecord* const before = hook(key);
  if (before != nullptr && before->making == making) return;
  if (before != nullptr) intend(key);
  inventory_.entries.try_emplace(key);
  inventory_.hooks[key] = {HookState::Begun, making};
}

Result<void> InventoryKeeper::accept(const std::string& body, Inventory& into) {
  const Result<json::value> value = parse_json(body);
  if (!value) return fail(value.error().kind, value.error().message, name_of(location_));
  Result<Inventory> inventory = from_config_map(*value, location_.installation);
  if (!inventory) return std::unexpected(inventory.error());
  const std::string source = recorded_source(*value);
  if (!source.empty() && source != location_.source && !location_.source.empty() && !location_.move_source)
    return fail(ErrorKind::Conflict, "records the objects of another source, " + source, name_of(location_),
                "give this application another --name; where its source has moved, say --move-source once");
  source_recorded_ = source == location_.source;
  uid_.value = string_at(*value, {"metadata", "uid"});
  resource_version_.value = string_at(*value, {"metadata", "resourceVersion"});
  into = std::move(*inventory);
  return {};
}

boost::asio::awaitable<Result<Inventory>> InventoryKeeper::read() {
  ApiRequest request;
  request.target = path();
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 404) {
    const ApiStatus status = parse_api_status(response->status, response->content_type, response->body);
    if (status.reason != "NotFound")
      co_return fail(ErrorKind::Protocol, "unexpected 404: " + status.message, name_of(location_));
    uid_ = {};
    resource_version_ = {};
    co_return Inventory{};
  }
  if (response->status != 200) {
    const ApiStatus status = parse_api_status(response->status, response->content_type, response->body);
    const ErrorKind kind = response->status == 403   ? ErrorKind::Forbidden
                           : response->status == 401 ? ErrorKind::Unauthorized
                                                     : ErrorKind::Busy;
    co_return refused(kind, "cannot be read: " + status.message, wait_of(*response, status), location_);
  }
  Inventory recorded;
  if (Result<void> accepted = accept(response->body, recorded); !accepted) co_return std::unexpected(accepted.error());
  co_return recorded;
}

boost::asio::awaitable<Result<void>> InventoryKeeper::load() {
  Result<Inventory> recorded = co_await read();
  if (!recorded) co_return std::unexpected(recorded.error());
  saved_ = std::move(*recorded);
  inventory_ = saved_;
  co_return Result<void>{};
}

// Takes in what another writer recorded; only what we let go ourselves stays away.
boost::asio::awaitable<Result<void>> InventoryKeeper::catch_up() {
  Result<Inventory> recorded = co_await read();
  if (!recorded) co_return std::unexpected(recorded.error());
  for (const auto& [key, uid] : recorded->entries) {
    if (saved_.entries.contains(key) && !inventory_.entries.contains(key)) continue;
    Uid& ours = inventory_.entries[key];
    const auto known = saved_.entries.find(key);
    if (ours.empty() && (known == saved_.entries.end() || known->second != uid)) ours = uid;
  }
  for (const auto& [key, theirs] : recorded->hooks) {
    if (!inventory_.entries.contains(key)) continue;
    if (saved_.hooks.contains(key) && !inventory_.hooks.contains(key)) continue;
    HookRecord& ours = inventory_.hooks.try_emplace(key, theirs).first->second;
    if (ours.state == HookState::Begun && ours.making == theirs.making) ours.state = theirs.state;
  }
  saved_ = std::move(*recorded);
  outdated_ = false;
  co_return Result<void>{};
}

boost::asio::awaitable<Result<void>> InventoryKeeper::save() {
  if (outdated_) {
    if (Result<void> caught_up = co_await catch_up(); !caught_up) co_return caught_up;
  }
  if (!dirty() && !uid_.empty()) co_return Result<void>{};
  const Inventory writing = inventory_;
  json::object body = to_config_map(writing, location_);
  if (!uid_.empty()) {
    json::object& metadata = body["metadata"].as_object();
    metadata["uid"] = uid_.value;
    metadata["resourceVersion"] = resource_version_.value;
  }
  ApiRequest request;
  request.method = Method::Patch;
  request.target = path() + "?fieldManager=holdfast&force=true&fieldValidation=Strict&timeout=30s";
  request.content_type = "application/apply-patch+yaml";
  request.body = to_json(body);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  outdated_ = true;  // until an answer says what is recorded
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 200 || response->status == 201) {
    Result<void> accepted = accept(response->body, saved_);
    outdated_ = !accepted;
    co_return accepted;
  }
  const ClassifiedApply answer = classify_apply(*response);
  if (answer.outcome == ApplyOutcome::NamespaceMissing)
    co_return fail(ErrorKind::Forbidden, "cannot be written: " + answer.message, name_of(location_),
                   "create the namespace, or name another one with --inventory-namespace");
  if (answer.outcome != ApplyOutcome::Stale && answer.outcome != ApplyOutcome::UidMismatch)
    co_return refused(answer.outcome == ApplyOutcome::Busy ? ErrorKind::Busy : ErrorKind::Forbidden,
                      "cannot be written: " + answer.message, answer.retry_after, location_);
  if (Result<void> caught_up = co_await catch_up(); !caught_up) co_return caught_up;
  co_return fail(ErrorKind::Conflict, "was changed by another writer", name_of(location_),
                 "make sure that only one Holdfast runs this application");
}

boost::asio::awaitable<Result<void>> InventoryKeeper::remove() {
  if (!inventory_.entries.empty() || !saved_.entries.empty() || outdated_ || uid_.empty()) co_return Result<void>{};
  const ObjectKey key{"", "ConfigMap", location_.namespace_, location_.name};
  ApiRequest request = delete_request(kConfigMaps, key, uid_, resource_version_);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  const ClassifiedDelete answer = classify_delete(*response);
  switch (answer.outcome) {
    case DeleteOutcome::Deleted:
    case DeleteOutcome::AlreadyGone:
    case DeleteOutcome::Deleting:
      co_return Result<void>{};
    case DeleteOutcome::Stale:
    case DeleteOutcome::Forbidden:
    case DeleteOutcome::Busy:
    case DeleteOutcome::Failed:
      co_return refused(ErrorKind::Busy, "cannot be deleted: " + answer.message, answer.retry_after, location_);
  }
  co_return Result<void>{};
}

}  // namespace holdfast
