#include "engine/reconciler.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "engine/fingerprint.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

}  // namespace

Reconciler::Reconciler(boost::asio::any_io_executor executor, ApiServer& api, const LiveView& live,
                       WatchControl& watches, InventoryKeeper& inventory, ReconcilerGroup& group,
                       ReconcileObserver& observer, ReconcilerOptions options)
    : executor_(std::move(executor)),
      api_(api),
      live_(live),
      watches_(watches),
      inventory_(inventory),
      group_(group),
      observer_(observer),
      options_(std::move(options)),
      fingerprinter_(options_.digest_key, options_.prepare.manager),
      signal_(executor_),
      save_place_(group_.budget(), [this] { wake(); }) {
  group_.join(*this);
}

Reconciler::~Reconciler() {
  if (options_.health_judge != nullptr) options_.health_judge->forget(*this);
  group_.leave(*this);
}

void Reconciler::wake() { signal_.cancel(); }

void Reconciler::claim(const ObjectKey& key) {
  if (states_.try_emplace(key).second) group_.claim(key, *this);
}

void Reconciler::drop(const ObjectKey& key) {
  if (states_.erase(key) == 0) return;
  unproven_.erase(key);
  group_.release(key, *this);
  lessons_changed_ = true;
  if (options_.learned != nullptr) options_.learned->forget(key);
}

void Reconciler::stop() {
  stopping_ = true;
  wake();
}

boost::asio::awaitable<void> Reconciler::run() {
  begin_with_what_was_learned();
  for (const auto& [key, uid] : inventory_.inventory().entries) claim(key);  // others may have it watched already
  if (!options_.approvals.name.empty()) group_.claim(options_.approvals, *this);
  while (!stopping_) {
    const Time now = options_.now();
    const bool may_save = !save_retry_at_ || *save_retry_at_ <= now;
    if (round_due_ && catalog_ && next_manifests_ && may_save && (!begins_with_a_record() || save_place_.take())) {
      round_due_ = false;
      if (!co_await begin_round()) round_due_ = true;
      save_place_.give();
      continue;
    }
    if (rediscover_at_ && *rediscover_at_ <= now) {
      rediscover_at_.reset();
      watches_.rediscover();
    }
    const std::optional<Time> next_turn = give_turns(now);
    pump();
    finish_round_if_done();
    if (inventory_.dirty() && queue_.idle() && may_save && save_place_.take()) {
      co_await save_inventory();
      continue;  // what happened meanwhile woke nobody
    }
    const std::optional<Time> lessons = lessons_due();
    if (lessons && *lessons <= now && save_place_.take()) {
      co_await save_lessons();
      continue;
    }
    Time until = now + 1h;
    if (next_turn) until = std::min(until, *next_turn);
    if (lessons && *lessons > now) until = std::min(until, *lessons);
    if (const auto due = queue_.next_due()) until = std::min(until, *due);
    if (!may_save) until = std::min(until, *save_retry_at_);
    if (rediscover_at_) until = std::min(until, *rediscover_at_);
    if (const auto end = patience_ends()) until = std::min(until, *end);
    if (const auto end = readiness_patience_ends()) until = std::min(until, *end);
    if (stopping_) break;
    save_place_.give();  // nothing has to be saved any more
    signal_.expires_at(until);
    co_await signal_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  save_place_.leave();
  while (queue_.processing_count() != 0) {
    signal_.expires_at(Time::max());
    co_await signal_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  if (inventory_.dirty()) co_await save_inventory();
  if (lessons_due() && save_lessons_not_before_ <= options_.now()) co_await save_lessons();
  save_place_.leave();
}

// What begins next is not on record as begun yet, or something else is to be written before it.
bool Reconciler::begins_with_a_record() const {
  return inventory_.dirty() || inventory_.inventory().newest.revision != next_manifests_->revision;
}

boost::asio::awaitable<void> Reconciler::await_save_place() {
  while (!save_place_.take()) {
    signal_.expires_at(Time::max());
    co_await signal_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

// False: it has to be tried again, not before save_retry_at_.
boost::asio::awaitable<bool> Reconciler::save_inventory() {
  if (inventory_.dirty()) co_await await_save_place();
  const Result<void> saved = co_await inventory_.save();
  save_place_.give();
  if (saved) {
    save_failures_ = 0;
    save_retry_at_.reset();
    note_recorded_hooks();
    co_return true;
  }
  observer_.set_problem(saved.error());
  save_not_before_ = options_.now() + saved.error().retry_after;
  save_retry_at_ = std::max(options_.now() + backoff(save_failures_++, kFirstRetry), save_not_before_);
  co_return false;
}

bool Reconciler::read(const LiveObject& object, const JsonView& body) {
  if (object.key == options_.approvals) {
    if (const Result<json::value> config_map = parse_json(body.text())) read_approvals(*config_map);
    return false;
  }
  const auto found = states_.find(object.key);
  if (found == states_.end()) return false;
  KeyState& state = found->second;
  if (state.wanted == nullptr && state.next == nullptr) {
    see_older_hook(object, body);
    return manifests_ == nullptr;  // it may be wanted any moment
  }
  const bool in_force = state.wanted != nullptr;
  const Desired& desired = in_force ? state.applied_form() : state.next->desired;
  if (object.gvk.version != desired.resource.gvk.version) return false;  // comes in our version, too (A22)
  Sight& sight = in_force ? state.sight : state.next->sight;
  const bool old = sight.uid == object.uid &&
                   compare(object.resource_version, sight.resource_version) == std::partial_ordering::less;
  if (old) return false;  // the store will not take it
  sight.uid = object.uid;
  sight.resource_version = object.resource_version;
  const Result<Digest128> print = fingerprinter_.read(body, desired.empties, sight.memory);
  see_health(object.key, object.gvk, sight, body);
  if (!in_force) return inventory_.uid(object.key) != nullptr;  // to be proven when its wave comes
  if (!state.record && !may_yield(*state.wanted)) recall(object, state);
  const bool judged = state.record && state.record->uid == object.uid && state.record->desired_hash == desired.hash;
  const bool known = judged && print && state.record->knows(*print);
  const bool by_holder =
      std::ranges::any_of(state.shape.yielded, [](const Yielded& field) { return !field.to.empty(); });
  if (known && !by_holder && !state.release_due) return false;
  return look_closely(object, body, state);
}

void Reconciler::live_changed(const ObjectKey& key, Time received) {
  if (key == options_.approvals) return take_approvals(live_.find(key) == nullptr ? Approvals() : approvals_read_);
  const auto found = states_.find(key);
  if (found == states_.end()) return;
  KeyState& state = found->second;
  if (state.wanted == nullptr && !pruning_.contains(key)) return;
  const LivePtr live = live_.find(key);
  if (live != nullptr && state.wanted != nullptr && live->gvk.version != state.wanted->resource.gvk.version) return;
  if (state.record && state.record->echo_awaited_until) {
    const bool echoed =
        live == nullptr || compare(live->resource_version, state.record->last_write) != std::partial_ordering::less;
    if (echoed) state.record->echo_awaited_until.reset();
  }
  // A CRD of this set that moves may just have become Established (A21).
  if (unprepared_ != 0 && key.kind == "CustomResourceDefinition") watches_.rediscover();
  // Most events are none of our business, and are over here: no queue, no look.
  const bool settled_before = state.wanted != nullptr && live != nullptr && state.record && state.failures == 0 &&
                              !queue_.processing(key) && !pending_.contains(key);
  if (settled_before && !state.release_due) {
    const Verdict verdict = judge(snapshot_of(key, state, live));
    if (verdict.kind == VerdictKind::InSync && !hook_is_to_go(key)) {
      explain(key, [&] { return explain_verdict(key, verdict); });
      note_calm(key, state);
      return;
    }
  }
  if (!state.event_received) state.event_received = received;
  queue_.add(key, Lane::Repair);
  pump();
}

void Reconciler::type_synced(const GroupKind& type) {
  for (const auto& [key, desired] : desired_)
    if (key.group_kind() == type) queue_.add(key, pending_.contains(key) ? lane_of_rank(desired.rank) : Lane::Repair);
  for (const ObjectKey& key : pruning_)
    if (key.group_kind() == type) queue_.add(key, Lane::Repair);
  pump();
  wake();
}

void Reconciler::reconsider(const ObjectKey& key) {
  const auto found = states_.find(key);
  if (found == states_.end() || found->second.wanted == nullptr) return;
  found->second.hurry(options_.now());
  queue_.add(key, Lane::Repair);
  pump();
}

void Reconciler::pump() {
  while (!stopping_) {
    const std::optional<Lane> lane = queue_.next_lane(options_.now());
    if (!lane || !group_.budget().take(*this, *lane == Lane::Repair ? WriteKind::Repair : WriteKind::RollOut)) return;
    start(*queue_.pop(options_.now()));
  }
}

void Reconciler::start(ObjectKey key) {
  // Owned by queue_'s processing count, which run() drains before it returns; a failure inside is our own bug.
  boost::asio::co_spawn(executor_, process(key), [this, key](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    finish(key);
  });
}

void Reconciler::finish(const ObjectKey& key) {
  queue_.done(key);
  group_.budget().give();
  pump();
  wake();
}

boost::asio::awaitable<void> Reconciler::process(ObjectKey key) {
  promote_if_due(key);
  if (desired_.contains(key)) {
    co_await bring_about(key);
  } else if (pruning_.contains(key)) {
    co_await remove(key);
  }
}

// Judges and acts until the object is settled or has to wait for an event. Bounded: each pass either ends or learns
// something that the next one cannot learn again.
boost::asio::awaitable<void> Reconciler::bring_about(ObjectKey key) {
  if (options_.access != nullptr) {
    ApiResource resource = desired_.at(key).resource;
    if (!co_await may_act(key, std::move(resource))) co_return;
  }
  if (co_await attend_hook(key)) co_return;
  Attempt attempt;
  for (int pass = 0; pass < 4; ++pass) {
    if (!desired_.contains(key)) co_return;  // it left the set while we waited
    const Verdict verdict = judge_now(key, attempt);
    const GroupVersionKind& type = attempt.desired.resource.gvk;
    if (catalog_->find(type) == nullptr && !catalog_->unknown_groups.contains(type.group))
      co_return;  // not served now; the catalog that has it again brings the key back
    bool again = false;
    if (verdict.kind != VerdictKind::Apply) explain(key, [&] { return explain_verdict(key, verdict); });
    switch (verdict.kind) {
      case VerdictKind::InSync:
        note_calm(key, states_[key]);
        if (pass == 0 && states_[key].doubt == Doubt::Due && attempt.live != nullptr) {
          if (waits(key)) co_return;
          again = co_await confirm(key, attempt, verdict);
          break;
        }
        if (pass != 0 || !has_to_be_seen(key, attempt.live)) {
          settled(key);
          if (states_[key].release_due && !waits(key)) co_await release_handover(key);
          if (health_was_missed(key)) co_await look_at_health(key);
          co_return;
        }
        if (waits(key)) co_return;
        again = attempt.desired.options.management == Management::Once ? co_await look_up(key, attempt, verdict)
                                                                       : co_await apply(key, attempt, verdict);
        break;
      case VerdictKind::Hold:
        co_await attend_deletion(key, attempt.desired.resource, attempt.live);
        co_return;
      case VerdictKind::Wait:
        if (verdict.again_at) queue_.add_at(key, Lane::Repair, *verdict.again_at);
        co_return;
      case VerdictKind::Refuse:
        retry(key,
              Error{ErrorKind::Conflict, verdict.why, attempt.desired.origin,
                    "it is left alone; remove it from one of the two sources"},
              kLongestRetry, true);
        states_[key].not_before.reset();  // to judge the next event costs no call
        co_return;
      case VerdictKind::LookUp:
        if (pass == 0 && (waits(key) || namespace_comes_first(key))) co_return;
        again = co_await look_up(key, attempt, verdict);
        break;
      case VerdictKind::Create:
      case VerdictKind::Apply:
        if (pass == 0 && waits(key)) co_return;
        if (verdict.kind == VerdictKind::Create && verdict.drift && meet_absence(key, attempt)) {
          note_missing(key);
          co_return;
        }
        if (pass == 0 && awaits_schema(key, attempt)) co_return;
        again = pass == 0 && prove_stored(key, attempt);
        if (again) break;
        if (verdict.kind == VerdictKind::Apply) explain(key, [&] { return explain_verdict(key, verdict); });
        again = co_await apply(key, attempt, verdict);
        break;
    }
    if (!again || stopping_) co_return;
  }
}

bool Reconciler::waits(const ObjectKey& key) {
  const std::optional<Time> not_before = states_[key].not_before;
  if (!not_before || *not_before <= options_.now()) return false;
  explain(key, [&] { return explain_pause(std::chrono::ceil<Milliseconds>(*not_before - options_.now())); });
  queue_.add_at(key, Lane::Repair, *not_before);
  return true;
}

Verdict Reconciler::judge_now(const ObjectKey& key, Attempt& attempt) {
  KeyState& state = states_[key];
  if (!state.shape.known && live_.find(key) == nullptr) reshape(key, state, json::value());
  attempt.live = live_.find(key);
  const bool may_recall = state.shape.known || !may_yield(*state.wanted);
  if (!state.record && may_recall && attempt.live != nullptr && state.sight.shows(*attempt.live))
    recall(*attempt.live, state);
  take_form(attempt, state);
  // The server's own word about that uid is newer than what the watch has shown so far.
  if (attempt.gone && attempt.live != nullptr && attempt.live->uid == attempt.applied_uid) attempt.live = nullptr;
  const Time now = options_.now();
  if (attempt.judged == Time{}) {
    attempt.judged = now;
    attempt.event_received = std::exchange(state.event_received, std::nullopt);
  }

  Snapshot snapshot = snapshot_of(key, state, attempt.live);
  snapshot.looked_up_absent = attempt.looked_up_absent;
  snapshot.now = now;
  Verdict verdict = judge(snapshot);
  // A list has read ahead of what the store shows until it is complete: who holds what may be another matter by then.
  if (attempt.live != nullptr && state.sight.uid == attempt.live->uid && verdict.kind == VerdictKind::Apply &&
      compare(attempt.live->resource_version, state.sight.resource_version) == std::partial_ordering::less) {
    verdict.kind = VerdictKind::Wait;
    verdict.why = "a newer state of it is on its way";
    verdict.rules = "C5.3";
  }
  if (attempt.gone && verdict.kind == VerdictKind::Create) verdict.drift = true;
  return verdict;
}

Snapshot Reconciler::snapshot_of(const ObjectKey& key, const KeyState& state, LivePtr live) const {
  Snapshot snapshot;
  snapshot.desired = &state.applied_form();
  if (live != nullptr) {
    snapshot.fingerprint = fingerprint_of(*live, state);
  } else {
    snapshot.synced = live_.synced(key.group_kind());
    snapshot.known_uid = inventory_.uid(key);
  }
  if (live != nullptr && live->ownership != nullptr) snapshot.owner = owner_state(*live->ownership, key);
  snapshot.live = std::move(live);
  snapshot.record = state.record ? &*state.record : nullptr;
  snapshot.applyset_id = options_.prepare.applyset_id;
  snapshot.installation = options_.prepare.installation;
  return snapshot;
}

// A commit may move an object from one application of this process to another.
OwnerState Reconciler::owner_state(const Ownership& ownership, const ObjectKey& key) const {
  if (ownership.applyset.empty() || ownership.applyset == options_.prepare.applyset_id) return OwnerState::Other;
  const Reconciler* owner = group_.of_applyset(ownership.applyset);
  if (owner == nullptr || owner->wants(key)) return OwnerState::Other;
  if (owner->manifests_ != nullptr) return OwnerState::LetGo;
  const std::optional<bool> later = owner->options_.will_want(key);
  return later && !*later ? OwnerState::LetGo : OwnerState::Undecided;
}

// None where the bytes came by before this was desired: then one call confirms what they would have told.
std::optional<Digest128> Reconciler::fingerprint_of(const LiveObject& live, const KeyState& state) const {
  if (state.sight.shows(live)) return state.sight.memory.fingerprint;
  if (live.body.empty()) return std::nullopt;
  const Result<json::value> body = parse_json(live.body);
  if (!body) return std::nullopt;
  const Result<Digest128> print =
      fingerprint(options_.digest_key, *body, options_.prepare.manager, state.applied_form().empties);
  return print ? std::optional(*print) : std::nullopt;
}

// D9: while the set's own Namespace is still to be tried, what is to be made in it would only be refused. What was
// settled already is healed meanwhile; only a pending key comes back by admit_to_namespace().
bool Reconciler::namespace_comes_first(const ObjectKey& key) const {
  const ObjectKey home{"", "Namespace", "", key.namespace_};
  return !key.namespace_.empty() && pending_.contains(key) && pending_.contains(home) && !failed_.contains(home) &&
         !closed_.contains(home) && live_.find(home) == nullptr;
}

void Reconciler::admit_to_namespace(const ObjectKey& home) {
  if (home.kind != "Namespace" || !home.group.empty()) return;
  for (const ObjectKey& key : pending_)
    if (key.namespace_ == home.name && !closed_.contains(key)) queue_.add(key, lane_of_rank(newest_form(key)->rank));
}

// `held`: it is not as Git says, and that is what was asked for.
void Reconciler::settled(const ObjectKey& key, bool held) {
  KeyState& state = states_[key];
  const auto wanted = desired_.find(key);
  const bool once = wanted != desired_.end() && wanted->second.options.management == Management::Once;
  const bool in_force = wanted != desired_.end() &&
                        (once || held || (state.record && state.record->desired_hash == state.applied_form().hash));
  if (in_force) state.last_good.reset();
  if (state.next != nullptr && !closed_.contains(key)) {
    state.hurry(options_.now());
    return;  // its failures are those of the form that comes next
  }
  state.forgive(options_.now());
  state.reported = false;
  if (in_force) state.replaced.reset();
  failed_.erase(key);
  // What has its form already counts when its wave has come.
  if (!in_force || closed_.contains(key) || pending_.erase(key) == 0) return;
  admit_to_namespace(key);
  advanced(key);
}

Milliseconds Reconciler::backoff(unsigned failures, Milliseconds first) {
  const auto grown = first * (1LL << std::min(failures, 12U));
  const auto base = std::min<Milliseconds>(std::chrono::duration_cast<Milliseconds>(grown), kLongestRetry);
  return Milliseconds(static_cast<long long>(static_cast<double>(base.count()) * (0.8 + 0.4 * options_.chance())));
}

void Reconciler::retry(const ObjectKey& key, Error error, Milliseconds least, bool certain_refusal) {
  if (stopping_) return;  // what was cut off by our own stop is no failure; the next run looks again
  KeyState& state = states_[key];
  state.asked_to_wait_until = options_.now() + error.retry_after;
  least = std::max<Milliseconds>(least, error.retry_after);
  const Milliseconds wait =
      std::max(backoff(state.failures, std::max(kFirstRetry, std::min(least, kLongestRetry))), least);
  ++state.failures;
  const bool newest = state.next == nullptr;  // rather than a form that another one follows
  if (newest && (pending_.contains(key) || pruning_.contains(key)) && failed_.insert(key).second)
    admit_to_namespace(key);
  if (!std::exchange(state.reported, true)) {
    if (certain_refusal)
      observer_.refused(key, error);
    else
      observer_.failed(key, error, wait);
  }
  explain(key, [&] { return explain_retry(error, wait, certain_refusal); });
  state.not_before = options_.now() + wait;
  queue_.add_at(key, Lane::Repair, *state.not_before);
}

}  // namespace holdfast
