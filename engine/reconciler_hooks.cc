// The reconciler's hooks: each is made once for its revision, ends, and goes when its policy says so (ask 34).
#include <algorithm>
#include <boost/asio/awaitable.hpp>

#include "engine/apply_order.h"
#include "engine/hook.h"
#include "engine/prune_guard.h"
#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnseenEnd = 5s;  // until we look again at what the watch does not show

}  // namespace

// A hook is over when it has ended, and for good once that is on record.
void Reconciler::note_hook(const ObjectKey& key) {
  const HookRecord* const hook = inventory_.hook(key);
  const auto wanted = desired_.find(key);
  if (hook == nullptr || hook->state != HookState::Begun) return;
  if (wanted == desired_.end()) {
    if (pruning_.contains(key)) queue_.add(key, Lane::Repair);  // the next one waits for its end
    return;
  }
  const HookEnd end = hook_end(key);
  if (end.kind == HookEnd::Kind::Succeeded && !pending_.contains(key)) {
    inventory_.hook_is(key, HookState::Done);
    wake();
  } else if (end.kind == HookEnd::Kind::Failed && waves_[open_wave_].contains(key)) {
    const GroupKind type = key.group_kind();
    const bool for_good = runs_to_an_end(type) || has_rule(type);
    if (for_good && wanted->second.options.hook_deletion.failed) inventory_.hook_is(key, HookState::Failed);
    say_failed(key, "the hook failed: " + end.message);
  }
}

// Of a kind that does not run to an end, its health is all there is: of a ConfigMap, that it was made.
HookEnd Reconciler::hook_end(const ObjectKey& key) const {
  using enum HookEnd::Kind;
  const auto found = states_.find(key);
  if (found == states_.end()) return {Runs};
  const Sight& sight = found->second.sight;
  if (runs_to_an_end(key.group_kind())) return sight.end != nullptr ? *sight.end : HookEnd{Runs};
  const auto wanted = desired_.find(key);
  const bool once = wanted == desired_.end() || wanted->second.options.management == Management::Once;
  if (sight.health.status == HealthStatus::Healthy && (once || is_well_since_written(found->second)))
    return {Succeeded};
  if (sight.health.status == HealthStatus::Degraded && once) return {Failed, sight.health.message};
  return {Runs};
}

// Whether anything says when objects of the type have done their work. What Kubernetes itself brings, and does not run
// to an end, has no work of its own.
bool Reconciler::end_is_told(const GroupKind& type) const {
  return runs_to_an_end(type) || is_builtin_group(type.group) || has_rule(type);
}

void Reconciler::say_failed(const ObjectKey& key, const std::string& why) {
  wave_is_stuck_ = true;
  if (told_.insert("hook " + to_string(key)).second)
    observer_.refused(key, Error{ErrorKind::Invalid, why, desired_.at(key).origin,
                                 "what comes after it waits; commit a change to run it again"});
  wake();
}

void Reconciler::note_recorded_hooks() {
  for (const auto& [key, hook] : inventory_.inventory().hooks)
    if (hook.state == HookState::Done && (awaited_.contains(key) || readiness_.unhealthy().contains(key)))
      advanced(key);
}

// True: it has run, or cannot yet.
boost::asio::awaitable<bool> Reconciler::attend_hook(ObjectKey key) {
  const auto wanted = desired_.find(key);
  if (wanted == desired_.end() || !wanted->second.making) co_return false;
  const HookRecord* const hook = inventory_.hook(key);
  if (hook != nullptr && hook->state != HookState::Begun) {
    const bool failed = hook->state == HookState::Failed;
    // Afterwards a failure to delete it is all that can be settled, and its wait is not cut short (D14).
    if (pending_.contains(key) && !closed_.contains(key)) settled(key, true);
    if (failed && waves_[open_wave_].contains(key))
      say_failed(key, "the hook failed, and was deleted as its policy says");
    if (hook_is_to_go(key)) co_await dismiss_hook(key);
    co_return true;
  }
  // Its next making is to come, with its wave: the one before is not brought back.
  if (hook != nullptr && hook->making != wanted->second.making) co_return true;
  if (wanted->second.options.management != Management::Once) co_return false;
  // Whoever made it: from now on its absence is its end.
  const LivePtr live = live_.find(key);
  const Uid* const known = inventory_.uid(key);
  if (live != nullptr && (known == nullptr || *known != live->uid)) inventory_.saw(key, live->uid);
  const bool made = live != nullptr || (known != nullptr && !known->empty());
  co_return !made && older_hooks_go_first(key);
}

// The server has no such object. A hook that was seen is never made again: whether it has done its work nobody can
// tell.
bool Reconciler::hook_vanished(const ObjectKey& key) {
  const Desired& desired = desired_.at(key);
  const Uid* const known = inventory_.uid(key);
  const bool runs = desired.making && desired.options.management == Management::Once;
  if (!runs || known == nullptr || known->empty()) return false;
  retry(key,
        Error{ErrorKind::Invalid, "the hook vanished before its end was seen", desired.origin,
              "it is not run twice for one revision; look whether it did its work, then commit to run it again"},
        kLongestRetry, true);
  return true;
}

bool Reconciler::may_go(const Desired& desired) {
  return desired.making && (desired.options.hook_deletion.succeeded || desired.options.hook_deletion.failed);
}

// Of a hook before and after all else, both phases; what cannot be prepared may belong to any.
bool Reconciler::phase_ended(const Desired& hook) const {
  if (unprepared_ != 0) return false;
  const bool both = hook.options.again_after && hook.options.management != Management::Once;
  if (both && !pending_.empty()) return false;
  return std::ranges::all_of(waves_, [&](const auto& wave) {
    const bool meant = both ? wave.first.phase != 0 : wave.first.phase == wave_of(hook).phase;
    return !meant || std::ranges::all_of(wave.second, [this](const ObjectKey& key) { return is_ready(key); });
  });
}

// Only what is on record goes: after a crash, its absence says nothing else.
bool Reconciler::hook_is_to_go(const ObjectKey& key) const {
  const HookRecord* const recorded = inventory_.recorded_hook(key);
  if (recorded == nullptr) return false;
  const auto wanted = desired_.find(key);
  if (wanted == desired_.end() || recorded->making != wanted->second.making) return false;
  return is_to_go(wanted->second.options.hook_deletion, recorded->state,
                  recorded->state == HookState::Done && phase_ended(wanted->second));
}

// Each once: afterwards its own events, and the waiting after a failure, bring it back.
void Reconciler::dismiss_ended_hooks() {
  const std::size_t before = dismissible_.size();
  std::erase_if(dismissible_, [this](const ObjectKey& key) {
    if (!hook_is_to_go(key)) return false;
    queue_.add(key, Lane::Repair);
    return true;
  });
  if (dismissible_.size() != before) pump();
}

// Its absence is no deletion of what has left Git. Whoever could not delete it has no more reason to say so.
void Reconciler::note_hook_gone(const ObjectKey& key) {
  KeyState& state = states_[key];
  const bool failed_before = state.failures != 0 && !state.removed;
  state.removed = false;
  if (!failed_before) return;
  state.forgive(options_.now());
  state.reported = false;
  observer_.hook_dismissed(key, "somebody else was first");
}

// By its uid, in the state in which it was seen last, and only where it is ours to delete.
boost::asio::awaitable<void> Reconciler::dismiss_hook(ObjectKey key) {
  const ApiResource resource = desired_.at(key).resource;
  const LivePtr live = live_.find(key);
  if (live == nullptr) co_return note_hook_gone(key);
  if (states_[key].removed) co_return;
  if (live->terminating) co_return co_await attend_deletion(key, resource, live);
  std::string objection = objection_to_pruning(key, *live);
  if (is_protected(key.group_kind())) objection = "a " + key.kind + " is deleted by no policy";
  if (!end_is_told(key.group_kind()))
    objection = "nothing says when a " + to_string(key.group_kind()) + " has ended; a health rule for its kind does";
  if (!objection.empty()) {
    if (told_.insert("stays " + to_string(key)).second)
      observer_.held_back(key, "the policy of the hook wants it deleted, but " + objection);
    co_return;
  }
  if (waits(key)) co_return;
  const bool failed = inventory_.hook(key)->state == HookState::Failed;
  ApiRequest request = delete_request(resource, key, live->uid, live->resource_version);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (stopping_ || !hook_is_to_go(key)) co_return;  // the set is another one by now
  if (!response) co_return retry(key, response.error(), 0ms, false);
  const ClassifiedDelete answer = classify_delete(*response);
  KeyState& state = states_[key];
  switch (answer.outcome) {
    case DeleteOutcome::Deleted:
    case DeleteOutcome::Deleting:
    case DeleteOutcome::AlreadyGone:
      state.removed = answer.outcome != DeleteOutcome::Deleting;
      state.forgive(options_.now());
      state.reported = false;
      observer_.hook_dismissed(key, failed ? "it has failed" : "it has ended well");
      co_return;
    case DeleteOutcome::Stale:  // mostly the event of what it is now brings the key back sooner
      queue_.add_at(key, Lane::Repair, options_.now() + kUnseenEnd);
      co_return;
    case DeleteOutcome::Forbidden:
    case DeleteOutcome::Busy:
    case DeleteOutcome::Failed:
      retry(key, Error{ErrorKind::Busy, "the hook cannot be deleted: " + answer.message, {}, {}, answer.retry_after},
            0ms, false);
      co_return;
  }
}

}  // namespace holdfast
