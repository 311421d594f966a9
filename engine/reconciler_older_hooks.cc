// The reconciler's hooks of older revisions: each leaves before the next one of its name is made, and has ended by
// then.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/awaitable.hpp>

#include "engine/hook.h"
#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 10s;  // at what runs and is shown by no watch

// What was seen of it is no older than what the watch shows.
bool shows(const KeyState::Sight& sight, const LiveObject& live) {
  return sight.uid == live.uid && compare(sight.resource_version, live.resource_version) != std::partial_ordering::less;
}

}  // namespace

// Those of older revisions are deleted, and waited for: two of one hook do not run side by side.
bool Reconciler::older_hooks_go_first(const ObjectKey& key) {
  if (!desired_.at(key).options.hook_deletion.before_creation) return false;
  std::vector<ObjectKey> older;
  for (const auto& [other, record] : inventory_.inventory().hooks)
    if (record.making.empty() && !wants(other) && !left_alone_.contains(other) && is_same_hook(other, key))
      older.push_back(other);
  for (const ObjectKey& other : older) {
    if (!pruning_.contains(other)) prune(other);
    explain(key, [&] { return Explanation{"wait", "deletes " + to_string(other) + " before it is made", "D12"}; });
  }
  return !older.empty();
}

void Reconciler::let_next_hook_come(const ObjectKey& gone) {
  for (const ObjectKey& key : pending_) {
    const auto wanted = desired_.find(key);
    if (wanted != desired_.end() && !closed_.contains(key) && wanted->second.making && is_same_hook(gone, key))
      queue_.add(key, lane_of_rank(wanted->second.rank));
  }
}

// The one of this revision for whose sake an older one goes that may still be at work. None: it may go at once, since
// it has ended, has left Git for good, or the next one says so.
const Desired* Reconciler::hook_after(const ObjectKey& older) const {
  const HookRecord* const hook = inventory_.hook(older);
  if (hook == nullptr || hook->state != HookState::Begun || taken_for_gone_.contains(older)) return nullptr;
  for (const auto& [wave, keys] : waves_) {
    for (const ObjectKey& key : keys) {
      const Desired* const form = newest_form(key);
      const bool next = form != nullptr && form->making && is_same_hook(older, key);
      if (next) return form->options.hook_deletion.at_once ? nullptr : form;
    }
  }
  return nullptr;
}

// Nobody desires it, and still it matters how it ends.
void Reconciler::see_older_hook(const LiveObject& object, const JsonView& body) {
  const HookRecord* const hook = inventory_.hook(object.key);
  if (hook == nullptr || hook->state != HookState::Begun) return;
  Sight& sight = states_.at(object.key).sight;
  const bool old = sight.uid == object.uid &&
                   compare(object.resource_version, sight.resource_version) == std::partial_ordering::less;
  if (old) return;
  if (sight.uid != object.uid) sight = {};
  sight.uid = object.uid;
  sight.resource_version = object.resource_version;
  see_health(object.key, object.gvk, sight, body);
}

// It is to go for the sake of the next one, and is at work: its end brings it back.
boost::asio::awaitable<bool> Reconciler::still_runs(ObjectKey older, ApiResource resource) {
  const LivePtr live = live_.find(older);
  if (live == nullptr || !shows(states_[older].sight, *live)) {
    if (!co_await look_at_older_hook(older, std::move(resource))) co_return pruning_.contains(older) && waits(older);
    if (hook_after(older) == nullptr) co_return false;
  }
  if (live != nullptr && live->terminating) co_return false;
  const Uid* const known = inventory_.uid(older);
  const bool another = known != nullptr && !known->empty() && *known != states_[older].sight.uid;
  const HookEnd::Kind end = hook_end(older).kind;
  if (another || end == HookEnd::Kind::Succeeded || end == HookEnd::Kind::Failed) co_return false;
  say_still_runs(older);
  if (live == nullptr) queue_.add_at(older, Lane::Repair, options_.now() + kLookAgain);
  co_return true;
}

// One GET. False: there is no such object, or it cannot be told now, and then the key has to wait.
boost::asio::awaitable<bool> Reconciler::look_at_older_hook(ObjectKey older, ApiResource resource) {
  if (waits(older)) co_return false;
  const GroupVersionKind gvk = resource.gvk;
  ApiRequest request;
  request.target = resource_path(resource, older.namespace_, older.name);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (stopping_ || !pruning_.contains(older)) co_return false;
  if (response && says_no_such_object(*response)) co_return false;
  const Result<JsonView> body =
      !response ? std::unexpected(response.error())
      : response->status == 200
          ? indexer_.view(response->body)
          : std::unexpected(
                Error{ErrorKind::Busy, "cannot be read before pruning", {}, {}, response->retry_after.value_or(0s)});
  const auto found = body ? read_live_object(*body, gvk) : std::unexpected(body.error());
  if (!found) {
    retry(older, found.error(), 0ms, false);
    co_return false;
  }
  LiveObject object = **found;
  object.key = older;
  see_older_hook(object, *body);
  co_return true;
}

// At once, and when it takes as long as a wave may before that is said.
void Reconciler::say_still_runs(const ObjectKey& older) {
  KeyState& state = states_[older];
  if (state.outlasts_since == nullptr) state.outlasts_since = std::make_unique<const Time>(options_.now());
  const Desired* const next = hook_after(older);
  if (next == nullptr) return;
  const std::string why = to_string(older) + " of an older revision still runs";
  const std::string what_to_do =
      "it is waited for; delete it by hand, or say before-hook-creation in the next one's "
      "holdfast.dev/hook-delete-policy to have it deleted while it runs";
  if (told_.insert("outlasts " + to_string(older)).second)
    observer_.held_up(next->key, Error{ErrorKind::Busy, why, next->origin, what_to_do});
  explain(next->key, [&] { return Explanation{"wait", why, "D12"}; });
  const auto waiting = states_.find(next->key);
  if (waiting != states_.end() && waiting->second.sight.uid.empty())
    waiting->second.sight.health.message = "not made yet: " + why;
  const Time due = *state.outlasts_since + options_.wave_patience;
  if (options_.now() < due) return queue_.add_at(older, Lane::Repair, due);
  failed_.insert(older);
  if (pending_.contains(next->key) && !closed_.contains(next->key)) failed_.insert(next->key);
  // Of what is awaited already, the wave says so itself.
  if (awaited_.contains(next->key) || !told_.insert("outlasts long " + to_string(older)).second) return;
  observer_.set_problem(Error{ErrorKind::Timeout,
                              fmt::format("{}, {} s after it was to go", why, options_.wave_patience.count()),
                              next->origin, what_to_do});
  say_overdue({older});
  wake();
}

}  // namespace holdfast
