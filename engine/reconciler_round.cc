// The reconciler's roll-outs: how a new set becomes what is desired, and how what left it is pruned.
#include <algorithm>
#include <boost/asio/awaitable.hpp>

#include "engine/apply_order.h"
#include "engine/reconciler.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstRediscovery = 200ms;
constexpr auto kUnseenEnd = 5s;  // until we look again at what the watch does not show
constexpr int kRanks = 1000;     // above every rank of apply_order.h; deletion goes the other way round

bool names(const UnpreparedManifest& manifest, const ObjectKey& key) {
  return manifest.gvk.group == key.group && manifest.gvk.kind == key.kind && manifest.name == key.name;
}

std::string delete_body(const LiveObject& live) {
  const json::object body{
      {"apiVersion", "v1"},
      {"kind", "DeleteOptions"},
      {"propagationPolicy", "Background"},
      {"preconditions", {{"uid", live.uid.value}, {"resourceVersion", live.resource_version.value}}}};
  return to_json(body);
}

}  // namespace

void Reconciler::set_desired(ManifestSetPtr manifests) {
  next_manifests_ = std::move(manifests);
  round_due_ = true;
  if (save_retry_at_) save_retry_at_ = save_not_before_;
  wake();
}

void Reconciler::set_catalog(std::shared_ptr<const ApiCatalog> catalog) {
  catalog_ = std::move(catalog);
  round_due_ = next_manifests_ != nullptr;  // a type may have come, gone, or moved to another version
  wake();
}

void Reconciler::forget_writes() {
  for (auto& [key, state] : states_) {
    state.record.reset();
    state.sight = {};
  }
}

boost::asio::awaitable<bool> Reconciler::begin_round() {
  const ManifestSetPtr manifests = next_manifests_;
  PreparedSet prepared = prepare(*manifests, *catalog_, options_.prepare);
  for (const auto& [key, desired] : prepared.desired) {
    pruning_.erase(key);  // it has come back: a DELETE under way must not take it out of the record
    if (desired.options.hook)
      inventory_.intend_hook(key);
    else
      inventory_.intend(key);
  }
  if (!co_await save_inventory()) co_return false;
  if (manifests != next_manifests_)
    co_return true;  // overtaken while the inventory was written; round_due_ is set again
  adopt_prepared(std::move(prepared), manifests->revision);
  manifests_ = manifests;
  co_return true;
}

void Reconciler::adopt_prepared(PreparedSet prepared, const std::string& revision) {
  const bool same_revision = revision == revision_;
  if (!same_revision) {
    told_.clear();
    rediscoveries_ = 0;
    finished_.reset();
  }
  revision_ = revision;
  pending_.clear();
  failed_.clear();
  closed_.clear();
  pruning_.clear();
  pruning_judged_ = false;
  waves_.clear();
  dependents_.clear();
  left_alone_ = std::move(prepared.left_alone);
  keep_unprepared(prepared);
  types_.clear();
  const std::map<ObjectKey, Desired> before = desired_;
  std::erase_if(desired_, [&](const auto& entry) { return !prepared.desired.contains(entry.first); });
  for (auto& [key, state] : states_) {
    if (prepared.desired.contains(key)) continue;
    state.wanted = nullptr;
    state.next.reset();
    state.last_good.reset();
  }
  objects_ = prepared.desired.size();
  for (auto& [key, desired] : prepared.desired) expect(key, std::move(desired), same_revision);
  if (!finished_) observer_.round_started(revision_, objects_);
  watch_types();
  open_wave(waves_.empty() ? Wave{} : waves_.begin()->first);
  if (unprepared_ != 0) rediscover_at_ = options_.now() + backoff(rediscoveries_++, kFirstRediscovery);
  let_go_of(before);
  options_.on_desired();
}

// Other applications may have waited for what this one wants no longer.
void Reconciler::let_go_of(const std::map<ObjectKey, Desired>& before) {
  for (const auto& [key, desired] : before)
    if (!wants(key)) group_.let_go(key, *this);
  for (const auto& [key, uid] : inventory_.inventory().entries)
    if (!wants(key)) group_.let_go(key, *this);
}

// What cannot be prepared now keeps the form in which it was applied last, and is healed to that.
void Reconciler::keep_unprepared(PreparedSet& prepared) {
  unprepared_ = prepared.unprepared.size();
  kept_.clear();
  for (const UnpreparedManifest& manifest : prepared.unprepared) {
    for (const auto& [key, desired] : desired_)
      if (names(manifest, key) && prepared.desired.try_emplace(key, desired).second) kept_.insert(key);
    if (!told_.insert(describe(manifest.error)).second) continue;
    if (manifest.may_come)
      observer_.waiting(manifest.error);
    else
      observer_.set_problem(manifest.error);
  }
}

void Reconciler::watch_types() {
  std::set<GroupKind> seen;
  for (const auto& [key, state] : states_) {
    const Desired* const newest = newest_form(key);
    if (newest != nullptr && types_.contains(newest->resource.gvk) && seen.insert(key.group_kind()).second)
      watches_.watch(newest->resource);
  }
  for (const auto& [key, uid] : inventory_.inventory().entries) {
    if (!seen.insert(key.group_kind()).second) continue;
    if (const ApiResource* resource = catalog_->find(key.group_kind())) watches_.watch(*resource);
  }
}

bool Reconciler::all_synced() const {
  return std::ranges::all_of(inventory_.inventory().entries, [this](const auto& entry) {
    const GroupKind type = entry.first.group_kind();
    return live_.synced(type) || (catalog_->find(type) == nullptr && !catalog_->unknown_groups.contains(type.group));
  });
}

// A group that could not be asked keeps its types unknown until it is asked again.
void Reconciler::await_discovery() {
  if (rediscover_at_) return;
  const bool unknown = std::ranges::any_of(inventory_.inventory().entries, [this](const auto& entry) {
    return catalog_->unknown_groups.contains(entry.first.group) && !live_.synced(entry.first.group_kind());
  });
  if (unknown) rediscover_at_ = options_.now() + backoff(rediscoveries_++, kFirstRediscovery);
}

void Reconciler::finish_round_if_done() {
  if (manifests_ == nullptr || round_due_ || (finished_ && finished_->complete)) return;
  open_next_waves();
  if (main_waves_applied() && unprepared_ == 0 && !pruning_judged_) {
    if (!all_synced()) {
      await_discovery();
      return;
    }
    if (const std::string reason = options_.pruning_waits_for(); !reason.empty()) {
      say_pruning_waits(reason);
      return;
    }
    start_pruning();
    open_next_waves();
  }
  say_what_waits();
  RoundSummary summary{revision_, objects_, failed_.size() + unprepared_, false};
  const std::size_t open = pending_.size() - closed_.size() + pruning_.size();
  summary.complete = open == 0 && closed_.empty() && unprepared_ == 0;
  const bool blocked = closed_.empty() || !failed_.empty() || wave_is_stuck_;
  const bool tried = open == failed_.size() && blocked && (unprepared_ == 0 || rediscoveries_ >= kPatienceForTypes);
  const bool said = finished_.has_value();
  if (!summary.complete && (!tried || said)) return;
  if (!summary.complete) summary.failed = std::max<std::size_t>(summary.failed, 1);
  if (summary.complete) inventory_.set_revision(revision_);
  finished_ = summary;
  observer_.round(summary);
  if (options_.on_round) options_.on_round(summary);
}

void Reconciler::start_pruning() {
  pruning_judged_ = true;
  std::set<ObjectKey> wanted;
  for (const auto& [key, uid] : inventory_.inventory().entries)
    if (wants(key) || left_alone_.contains(key)) wanted.insert(key);
  for (const auto& [key, uid] : inventory_.inventory().entries) {
    const bool moved = group_.other_wanting(key, *this) != nullptr;  // to another application, which is no deletion
    if (wanted.contains(key) || !(moved || inventory_.inventory().hooks.contains(key))) continue;
    wanted.insert(key);
    prune(key);
  }
  const PruneDecision decision = judge_prune(inventory_.inventory(), wanted, options_.prune);
  std::map<ObjectKey, std::string> held;
  for (const HeldBack& object : decision.held_back) {
    held.emplace(object.key, object.reason);
    if (const auto before = held_back_.find(object.key); before == held_back_.end() || before->second != object.reason)
      observer_.held_back(object.key, object.reason);
  }
  held_back_ = std::move(held);
  for (const ObjectKey& key : decision.to_delete) prune(key);
  pump();
}

void Reconciler::prune(const ObjectKey& key) {
  pruning_.insert(key);
  claim(key);
  states_[key].forgive(options_.now());
  // The reverse of the order of applying, the objects of one rank side by side.
  queue_.add(key, lane_of_rank(kRanks - apply_rank(key.group_kind(), !is_builtin_group(key.group))));
}

void Reconciler::say_pruning_waits(const std::string& reason) {
  if (told_.insert(reason).second)
    observer_.waiting(Error{ErrorKind::Busy, "nothing is pruned yet: " + reason, {}, {}});
}

void Reconciler::give_up_pruning(const ObjectKey& key, const std::string& reason) {
  pruning_.erase(key);
  failed_.erase(key);
  inventory_.forget(key);
  drop(key);
  observer_.held_back(key, reason + "; it is left alone and no longer managed");
}

void Reconciler::pruned(const ObjectKey& key) {
  const Uid* known = inventory_.uid(key);
  const bool was_there = states_[key].removed || (known != nullptr && !known->empty());
  pruning_.erase(key);
  failed_.erase(key);
  inventory_.forget(key);
  drop(key);
  if (was_there) observer_.pruned(key);  // otherwise a set that was overtaken meant to make it, and never did
}

// D12: inventory, uid and label have to agree. Empty where they do.
std::string Reconciler::objection_to_pruning(const ObjectKey& key, const LiveObject& live) const {
  const Uid* known = inventory_.uid(key);
  if (known == nullptr || (!known->empty() && *known != live.uid)) return "another object has taken its name";
  if (live.ownership == nullptr) return "it has lost the label that says it is ours";
  if (const auto owner = other_owner(*live.ownership, options_.prepare.applyset_id, options_.prepare.installation))
    return "it belongs to " + *owner;
  return live.ownership->applyset == options_.prepare.applyset_id ? "" : "it has lost the label that says it is ours";
}

boost::asio::awaitable<void> Reconciler::remove(ObjectKey key) {
  if (const Reconciler* other = group_.other_wanting(key, *this)) {
    pruning_.erase(key);
    failed_.erase(key);
    inventory_.forget(key);
    drop(key);
    observer_.moved(key, other->application());
    co_return;
  }
  const ApiResource* served = catalog_->find(key.group_kind());
  if (served == nullptr) {
    if (!catalog_->unknown_groups.contains(key.group)) give_up_pruning(key, "its type is no longer served");
    co_return;
  }
  const ApiResource resource = *served;
  const LivePtr live = live_.find(key);
  if (live == nullptr && !live_.synced(key.group_kind())) co_return;
  if (live == nullptr || (!live->terminating && !objection_to_pruning(key, *live).empty())) {
    co_await look_before_pruning(key, resource);
  } else if (!live->terminating) {
    co_await delete_object(key, resource, live);
  }
}

boost::asio::awaitable<void> Reconciler::delete_object(ObjectKey key, ApiResource resource, LivePtr live) {
  if (waits(key)) co_return;
  ApiRequest request;
  request.method = Method::Delete;
  request.target = resource_path(resource, key.namespace_, key.name);
  request.content_type = "application/json";
  request.body = delete_body(*live);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!pruning_.contains(key)) co_return;  // it has come back into the set
  if (!response) {
    retry(key, response.error(), 0ms, false);
    co_return;
  }
  const LivePtr shown = live_.find(key);
  const bool unseen = shown == nullptr || shown->uid != live->uid;  // so no event tells of its end
  const ClassifiedDelete answer = classify_delete(*response);
  switch (answer.outcome) {
    case DeleteOutcome::Deleted:
    case DeleteOutcome::AlreadyGone:  // as good as ours (D7)
      states_[key].removed = true;
      states_[key].forgive(options_.now());
      failed_.erase(key);
      if (unseen) queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
      co_return;  // its DELETED event brings the key back
    case DeleteOutcome::Deleting:
      if (unseen) queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
      co_return;
    case DeleteOutcome::Stale:  // the event of what it is now brings the key back, mostly sooner
      queue_.add_at(key, Lane::Repair, options_.now() + 1s);
      co_return;
    case DeleteOutcome::Forbidden:
    case DeleteOutcome::Busy:
    case DeleteOutcome::Failed:
      retry(key, Error{ErrorKind::Busy, "cannot be pruned: " + answer.message, {}, {}, answer.retry_after}, 0ms, false);
      co_return;
  }
}

// The watch shows no such object, or another one than we made: it may be gone, or no longer ours to delete; or the
// watch is behind our own last write, and then only the server knows.
boost::asio::awaitable<void> Reconciler::look_before_pruning(ObjectKey key, ApiResource resource) {
  if (states_[key].removed && live_.find(key) == nullptr) {
    pruned(key);
    co_return;
  }
  if (waits(key)) co_return;
  ApiRequest request;
  request.target = resource_path(resource, key.namespace_, key.name);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (!pruning_.contains(key)) co_return;  // it has come back into the set
  if (response && says_no_such_object(*response)) {
    pruned(key);
  } else if (response && response->status == 200) {
    const Result<LivePtr> found = read_live_object(std::string_view(response->body), resource.gvk);
    if (!found) {
      retry(key, found.error(), 0ms, false);
    } else if (const std::string objection = objection_to_pruning(key, **found); !objection.empty()) {
      give_up_pruning(key, objection);
    } else if ((*found)->terminating) {
      queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
    } else {
      co_await delete_object(key, resource, *found);
    }
  } else {
    const auto refused = [&] {
      return Error{ErrorKind::Busy, "cannot be read before pruning", {}, {}, response->retry_after.value_or(0s)};
    };
    retry(key, response ? refused() : response.error(), 0ms, false);
  }
}

}  // namespace holdfast
