// The reconciler's waves: which of a revision's objects may be brought about by now. A wave begins when what came
// before is applied and healthy, told by events and never by a timer; healing goes on meanwhile, to the form that each
// object has reached.
#include <spdlog/fmt/fmt.h>

#include "engine/health_view.h"
#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

constexpr std::size_t kNamesShown = 3;

bool is_healthy(const Health& health) {
  const bool well = health.status == HealthStatus::Healthy || health.status == HealthStatus::Suspended;
  return well && health.kstatus == Kstatus::Current;
}

}  // namespace

bool Reconciler::wants(const ObjectKey& key) const {
  const auto found = states_.find(key);
  return found != states_.end() && (found->second.wanted != nullptr || found->second.next != nullptr);
}

const Desired* Reconciler::newest_form(const ObjectKey& key) const {
  const auto found = states_.find(key);
  if (found == states_.end()) return nullptr;
  return found->second.next != nullptr ? &found->second.next->desired : found->second.wanted;
}

// Takes the newest form of an object in, to be brought about when its wave comes.
void Reconciler::expect(const ObjectKey& key, Desired desired, bool same_revision) {
  claim(key);
  KeyState& state = states_[key];
  types_.insert(desired.resource.gvk);
  if (kept_.contains(key)) return;
  const Wave wave = wave_of(desired);
  waves_[wave].insert(key);
  for (const ObjectKey& other : desired.options.depends_on) dependents_[other].insert(key);
  pending_.insert(key);
  closed_.insert(key);
  const auto in_force = desired_.find(key);
  const bool changed = in_force == desired_.end() || in_force->second.hash != desired.hash;
  const bool refused = state.next != nullptr && state.next->desired.hash == desired.hash && same_revision;
  if (!refused) state.next_not_before.reset();
  if (changed && !refused) state.reported = false;
  if ((changed && !refused) || !same_revision)
    state.forgive(options_.now());  // another object of a new revision may be what it lacked
  state.removed = false;
  if (changed) {
    state.next = std::make_unique<Form>(std::move(desired), Sight{});
  } else {
    state.next.reset();
    in_force->second = std::move(desired);
  }
  if (state.not_before || state.next_not_before) failed_.insert(key);
}

void Reconciler::open_wave(const Wave& wave) {
  open_wave_ = wave;
  awaited_.clear();
  waiting_since_.reset();
  wave_is_stuck_ = false;
  const auto found = waves_.find(wave);
  if (found == waves_.end()) return;
  if (waves_.size() > 1) {
    for (const ObjectKey& key : found->second)
      if (!is_ready(key)) awaited_.insert(key);
    if (!awaited_.empty()) waiting_since_ = options_.now();
  }
  const std::set<ObjectKey> keys = found->second;
  for (const ObjectKey& key : keys)
    if (dependencies_ready(*newest_form(key))) admit(key);
}

void Reconciler::open_next_waves() {
  for (auto next = waves_.upper_bound(open_wave_); next != waves_.end(); next = waves_.upper_bound(open_wave_)) {
    if (!awaited_.empty()) return;
    if (next->first.phase > 0 && (!pruning_judged_ || !pruning_.empty())) return;
    open_wave(next->first);
  }
}

bool Reconciler::dependencies_ready(const Desired& desired) const {
  return std::ranges::all_of(desired.options.depends_on, [this](const ObjectKey& key) { return is_ready(key); });
}

void Reconciler::admit(const ObjectKey& key) {
  if (closed_.erase(key) == 0) return;
  const Desired* const form = newest_form(key);
  if (form != nullptr) queue_.add(key, lane_of_rank(form->rank));
}

void Reconciler::promote_if_due(const ObjectKey& key) {
  const auto found = states_.find(key);
  if (found == states_.end() || found->second.next == nullptr || closed_.contains(key)) return;
  KeyState& state = found->second;
  if (state.next_not_before && *state.next_not_before > options_.now()) {
    queue_.add_at(key, Lane::Repair, *state.next_not_before);
    return;
  }
  promote(key, state);
}

// From now on the object is healed to the new form: once it is sent, nobody knows that the old one is still there.
void Reconciler::promote(const ObjectKey& key, KeyState& state) {
  const auto before = desired_.find(key);
  const bool applied =
      before != desired_.end() && state.record && state.record->desired_hash == before->second.hash;
  if (applied) state.last_good = std::make_unique<Form>(std::move(before->second), std::move(state.sight));
  desired_[key] = std::move(state.next->desired);
  state.wanted = &desired_.at(key);
  state.sight = std::move(state.next->sight);
  state.next.reset();
  state.next_not_before.reset();
}

// The server refused the form for certain: the last good one is in force again, and is looked after at once (ask 42).
void Reconciler::demote(const ObjectKey& key) {
  KeyState& state = states_[key];
  if (state.last_good == nullptr || stopping_) return;
  state.next = std::make_unique<Form>(std::move(desired_.at(key)), std::move(state.sight));
  desired_.at(key) = std::move(state.last_good->desired);
  state.sight = std::move(state.last_good->sight);
  state.last_good.reset();
  state.next_not_before = std::exchange(state.not_before, std::nullopt);
  queue_.add(key, Lane::Repair);
}

bool Reconciler::is_ready(const ObjectKey& key) const {
  const auto found = states_.find(key);
  if (found == states_.end() || pending_.contains(key)) return false;
  if (inventory_.inventory().hooks.contains(key)) return inventory_.hook_recorded(key);
  if (!options_.wait_for_health) return true;
  const KeyState& state = found->second;
  const bool newer_than_write =
      !state.record || compare(state.sight.resource_version, state.record->last_write) != std::partial_ordering::less;
  return newer_than_write && is_healthy(state.sight.health);
}

// The object was applied, or its health is another one.
void Reconciler::advanced(const ObjectKey& key) {
  const auto wave = waves_.find(open_wave_);
  if (waves_.size() > 1 && wave != waves_.end() && wave->second.contains(key)) {
    if (is_ready(key))
      awaited_.erase(key);
    else
      awaited_.insert(key);
  }
  if (const auto found = dependents_.find(key); found != dependents_.end() && is_ready(key)) {
    for (const ObjectKey& dependent : found->second) {
      const Desired* const form = newest_form(dependent);
      if (form != nullptr && wave_of(*form) <= open_wave_ && dependencies_ready(*form)) admit(dependent);
    }
    pump();
  }
  if (awaited_.empty()) waiting_since_.reset();
  wake();
}

void Reconciler::see_health(const ObjectKey& key, Sight& sight, const JsonView& body) {
  const auto found = states_.find(key);
  std::int64_t generation = 0;
  if (found != states_.end() && found->second.record) generation = found->second.record->generation;
  const bool scripted = options_.health_rules != nullptr;
  const Health health = judge_health(scripted ? whole_view(body) : health_view(body),
                                     {options_.wall_now(), options_.health_rules, generation});
  if (health == sight.health) return;
  const Health before = std::exchange(sight.health, health);
  if (found == states_.end() || &found->second.sight != &sight) return;
  note_hook(key, sight);
  observer_.health_changed(key, before, health);
  advanced(key);
}

// A hook is over when its health says so, and for good once that is on record (ask 34).
void Reconciler::note_hook(const ObjectKey& key, const Sight& sight) {
  const auto hook = inventory_.inventory().hooks.find(key);
  if (hook == inventory_.inventory().hooks.end() || hook->second) return;
  if (sight.health.status == HealthStatus::Healthy) {
    inventory_.hook_done(key);
    wake();
  } else if (sight.health.status == HealthStatus::Degraded && pending_.contains(key) == false) {
    observer_.failed(key, Error{ErrorKind::Invalid, "the hook failed: " + sight.health.message, {}, {}},
                     std::chrono::milliseconds{0});
    wave_is_stuck_ = true;
    wake();
  }
}

void Reconciler::note_recorded_hooks() {
  for (const auto& [key, done] : inventory_.inventory().hooks)
    if (done && awaited_.contains(key)) advanced(key);
}

// True: it is dealt with. A hook that was seen is never made again: whether it has run nobody could tell.
std::optional<bool> Reconciler::judge_hook(const ObjectKey& key) {
  const auto wanted = desired_.find(key);
  if (wanted == desired_.end() || !wanted->second.options.hook) return std::nullopt;
  const auto hook = inventory_.inventory().hooks.find(key);
  if (hook != inventory_.inventory().hooks.end() && hook->second) {
    settled(key);
    return true;
  }
  const Uid* const known = inventory_.uid(key);
  const bool gone = known != nullptr && !known->empty() && live_.find(key) == nullptr &&
                    live_.synced(key.group_kind()) && !(states_[key].record && states_[key].record->echo_awaited_until);
  if (!gone) return std::nullopt;
  retry(key,
        Error{ErrorKind::Invalid, "the hook vanished before its end was seen", wanted->second.origin,
              "it is not run twice for one revision; look whether it did its work, then commit to run it again"},
        kLongestRetry, true);
  return true;
}

void Reconciler::say_what_waits() {
  if (!waiting_since_ || wave_is_stuck_ || awaited_.empty()) return;
  if (options_.now() - *waiting_since_ < options_.wave_patience) return;
  wave_is_stuck_ = true;
  std::string names;
  std::size_t shown = 0;
  for (const ObjectKey& key : awaited_) {
    if (shown++ == kNamesShown) break;
    const auto found = states_.find(key);
    const std::string message = found == states_.end() ? "" : found->second.sight.health.message;
    names += (names.empty() ? "" : "; ") + to_string(key) + (message.empty() ? "" : ": " + message);
  }
  observer_.set_problem(Error{ErrorKind::Timeout,
                              fmt::format("{} is not healthy after {} s: {}{}", to_string(open_wave_),
                                          options_.wave_patience.count(), names,
                                          awaited_.size() > kNamesShown ? ", and more" : ""),
                              {},
                              "what comes after it waits; see to these objects, or commit a change"});
}

// Everything but the hooks that run at the end.
bool Reconciler::main_waves_applied() const {
  if (pending_.empty()) return true;
  return std::ranges::all_of(pending_, [this](const ObjectKey& key) {
    const Desired* const form = newest_form(key);
    return form != nullptr && wave_of(*form).phase > 0;
  });
}

}  // namespace holdfast
