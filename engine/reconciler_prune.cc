// The reconciler's deletions: which of what left the set may go, and how it goes (correctness D10, D12, D13).
#include <spdlog/fmt/fmt.h>

#include <boost/asio/awaitable.hpp>

#include "engine/apply_order.h"
#include "engine/deletion.h"
#include "engine/prune_guard.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/merge/managed_fields.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnseenEnd = 5s;         // until we look again at what the watch does not show
constexpr auto kDeletionPatience = 8s;  // then it is said what holds an object up that is being deleted (ask 33)
constexpr int kRanks = 1000;            // above every rank of apply_order.h; deletion goes the other way round

// Our own apply made the object one of our set. A copy that somebody else makes has our labels from them.
bool is_of_our_making(const std::string& text, const PrepareOptions& ours) {
  static const FieldPath kPartOf{PathElement::field("metadata"), PathElement::field("labels"),
                                 PathElement::field("applyset.kubernetes.io/part-of")};
  const Result<json::value> body = parse_json(text);
  if (!body || ownership_of(*body).applyset != ours.applyset_id) return false;
  const auto applied = find_applied_entry(*body, ours.manager);
  return applied && *applied && (*applied)->fields.covers(kPartOf);
}

}  // namespace

ApiRequest delete_request(const ApiResource& resource, const ObjectKey& key, const Uid& uid,
                          const ResourceVersion& version, std::string_view propagation) {
  const json::object body{{"apiVersion", "v1"},
                          {"kind", "DeleteOptions"},
                          {"propagationPolicy", propagation},
                          {"preconditions", {{"uid", uid.value}, {"resourceVersion", version.value}}}};
  ApiRequest request;
  request.method = Method::Delete;
  request.target = resource_path(resource, key.namespace_, key.name);
  request.content_type = "application/json";
  request.body = to_json(body);
  return request;
}

// What the watch does not show may never have been made, and must not count as a deletion; or the watch is late, and
// then it has to. False: there is nothing left to look at.
bool Reconciler::look_at_what_is_not_shown() {
  if (taken_for_gone_.empty()) {
    for (const auto& [key, uid] : inventory_.inventory().entries) {
      if (wants(key) || left_alone_.contains(key) || live_.find(key) != nullptr || found_there_.contains(key)) continue;
      if (group_.other_wanting(key, *this) == nullptr) taken_for_gone_.insert(key);
    }
    for (const ObjectKey& key : taken_for_gone_) prune(key);
    pump();
  }
  return !taken_for_gone_.empty();
}

// What moves to another application is no deletion, and the hooks of an older revision leave with it: neither counts
// for what guards against deleting too much.
void Reconciler::start_pruning() {
  if (look_at_what_is_not_shown()) return;
  pruning_judged_ = true;
  std::set<ObjectKey> wanted;
  std::vector<ObjectKey> uncounted;
  Inventory counted = inventory_.inventory();
  for (const auto& [key, uid] : inventory_.inventory().entries) {
    const bool ours = wants(key) || left_alone_.contains(key);
    if (ours) wanted.insert(key);
    const bool hook = inventory_.hook(key) != nullptr && !is_protected(key.group_kind());
    if (ours || (!hook && group_.other_wanting(key, *this) == nullptr)) continue;
    uncounted.push_back(key);
    counted.entries.erase(key);
  }
  const PruneDecision decision = judge_prune(counted, wanted, prune_limits());
  std::map<ObjectKey, std::string> held;
  for (const HeldBack& object : decision.held_back) {
    held.emplace(object.key, object.reason);
    if (const auto before = held_back_.find(object.key); before == held_back_.end() || before->second != object.reason)
      observer_.held_back(object.key, object.reason);
  }
  held_back_ = std::move(held);
  watch_approvals();
  for (const ObjectKey& key : uncounted) prune(key);
  for (const ObjectKey& key : decision.to_delete) {
    explain_prune(key, decision.to_delete.size() + decision.held_back.size(), counted.entries.size());
    prune(key);
  }
  for (const HeldBack& object : decision.held_back)
    explain(object.key, [&] { return Explanation{"do not prune", object.reason, "D13"}; });
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

// It was not shown, and is there: nothing is done to it before all that leaves is judged together.
bool Reconciler::counts_after_all(const ObjectKey& key) {
  if (!taken_for_gone_.contains(key)) return false;
  end_pruning(key);
  found_there_.insert(key);
  wake();
  return true;
}

void Reconciler::end_pruning(const ObjectKey& key) {
  pruning_.erase(key);
  taken_for_gone_.erase(key);
  found_there_.erase(key);
  failed_.erase(key);
  if (inventory_.hook(key) != nullptr) let_next_hook_come(key);
}

void Reconciler::forget(const ObjectKey& key) {
  end_pruning(key);
  inventory_.forget(key);
  drop(key);
}

void Reconciler::give_up_pruning(const ObjectKey& key, const std::string& reason) {
  forget(key);
  observer_.held_back(key, reason + "; it is left alone and no longer managed");
  explain(key, [&] { return Explanation{"do not prune, and forget", reason, "D12"}; });
}

void Reconciler::pruned(const ObjectKey& key) {
  const Uid* known = inventory_.uid(key);
  const HookRecord* const hook = inventory_.hook(key);
  const bool ended =
      hook != nullptr && hook->state != HookState::Begun;  // its policy, or its time to live, may have it
  const bool was_there = states_[key].removed || (known != nullptr && !known->empty() && !ended);
  forget(key);
  if (was_there) observer_.pruned(key);  // otherwise a set that was overtaken meant to make it, and never did
}

std::string Reconciler::objection_to_pruning(const ObjectKey& key, const LiveObject& live) const {
  return holdfast::objection_to_pruning(inventory_.uid(key), live.uid, live.ownership.get(),
                                        options_.prepare.applyset_id, options_.prepare.installation);
}

boost::asio::awaitable<void> Reconciler::remove(ObjectKey key) {
  if (const Reconciler* other = group_.other_wanting(key, *this)) {
    forget(key);
    observer_.moved(key, other->application());
    explain(key, [&] {
      return Explanation{"do not prune", "the application " + other->application() + " wants it", "D12"};
    });
    co_return;
  }
  const ApiResource* served = catalog_->find(key.group_kind());
  if (served == nullptr) {
    if (!catalog_->unknown_groups.contains(key.group)) give_up_pruning(key, "its type is no longer served");
    co_return;
  }
  const ApiResource resource = *served;
  if (options_.access != nullptr && (!co_await may_act(key, resource) || !pruning_.contains(key))) co_return;
  LivePtr live = live_.find(key);
  if (live == nullptr && !live_.synced(key.group_kind())) co_return;
  if (live != nullptr && counts_after_all(key)) co_return;
  if (hook_after(key) != nullptr) {
    if (co_await still_runs(key, resource) || stopping_ || !pruning_.contains(key)) co_return;
    live = live_.find(key);
  }
  const bool behind = live != nullptr && states_[key].refused_to_delete == live->resource_version;
  if (live == nullptr || (!live->terminating && (behind || !objection_to_pruning(key, *live).empty()))) {
    co_await look_before_pruning(key, resource);
  } else if (!live->terminating) {
    co_await delete_object(key, resource, live);
  } else {
    co_await attend_deletion(key, resource, live);
  }
}

boost::asio::awaitable<void> Reconciler::delete_object(ObjectKey key, ApiResource resource, LivePtr live) {
  if (waits(key)) co_return;
  // What of a hook still runs has ended when the next one is made.
  const HookRecord* const hook = inventory_.hook(key);
  const bool running = hook != nullptr && hook->state == HookState::Begun;
  ApiRequest request =
      delete_request(resource, key, live->uid, live->resource_version, running ? "Foreground" : "Background");
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
      states_[key].refused_to_delete = live->resource_version;
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
      co_return;
    }
    // Made anew by a process that died before it could record that.
    if (is_of_our_making(response->body, options_.prepare)) inventory_.saw(key, (*found)->uid);
    if (const std::string objection = objection_to_pruning(key, **found); !objection.empty()) {
      give_up_pruning(key, objection);
    } else if (counts_after_all(key)) {
      co_return;
    } else if ((*found)->terminating) {
      queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
      co_await attend_deletion(key, resource, *found);
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

// Somebody deletes the object, which takes as long as finalizers want.
boost::asio::awaitable<void> Reconciler::attend_deletion(ObjectKey key, ApiResource resource, LivePtr live) {
  Deletion& known = states_[key].deletion;
  if (known.uid != live->uid) known = {live->uid, options_.now(), false};
  if (known.said) co_return;
  const Time due = known.since + kDeletionPatience;
  if (options_.now() < due) {
    queue_.add_at(key, Lane::Repair, due);
    co_return;
  }
  if (waits(key)) co_return;
  ApiRequest request;
  request.target = resource_path(resource, key.namespace_, key.name);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  const auto state = states_.find(key);
  if (stopping_ || state == states_.end() || state->second.deletion.uid != live->uid) co_return;
  const Result<json::value> body =
      response && response->status == 200 ? parse_json(response->body) : std::unexpected(Error{});
  if (!body) {  // its end comes as an event; whatever else was answered says nothing
    queue_.add_at(key, Lane::Repair, options_.now() + kDeletionPatience);
    co_return;
  }
  if (string_at(*body, {"metadata", "uid"}) != live->uid.value) co_return;
  state->second.deletion.said = true;
  const std::string holds = what_holds_up(*body);
  if (holds.empty()) co_return;
  if (pending_.contains(key) || pruning_.contains(key)) failed_.insert(key);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.now() - state->second.deletion.since);
  observer_.set_problem(Error{
      ErrorKind::Timeout,
      fmt::format("{} is being deleted, and after {} s it is still held by {}", to_string(key), seconds.count(), holds),
      {},
      "whoever set these has to take them away; Holdfast never does"});
}

}  // namespace holdfast
