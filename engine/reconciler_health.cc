// The reconciler's view of health: who is asked how an object fares, what of the answer is believed, and whether all of
// a revision is well, told by events.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/awaitable.hpp>

#include "engine/health_view.h"
#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

constexpr std::size_t kNamesShown = 3;
constexpr auto kLookAgain = std::chrono::seconds{10};  // where an object could not be read for its health

bool is_well(const Health& health) {
  return health.status == HealthStatus::Healthy || health.status == HealthStatus::Suspended;
}

// True: another one than before.
bool see_end(KeyState::Sight& sight, HookEnd end) {
  if (sight.end != nullptr && *sight.end == end) return false;
  sight.end = std::make_unique<const HookEnd>(std::move(end));
  return true;
}

// Worse than on its way.
bool is_ill(const Health& health) {
  return health.status == HealthStatus::Degraded || health.status == HealthStatus::Missing ||
         health.status == HealthStatus::Unknown || health.kstatus == Kstatus::Failed;
}

}  // namespace

// A kind with a custom rule is judged elsewhere, and until then its health stays what it was, or Unknown.
void Reconciler::see_health(const ObjectKey& key, const GroupVersionKind& gvk, Sight& sight, const JsonView& body) {
  if (ignores_health(key)) {
    const Health well{HealthStatus::Healthy, Kstatus::Current, {}};
    if (sight.health != well) take_health(key, sight, well);
    return;
  }
  const bool ends = inventory_.hook(key) != nullptr && runs_to_an_end(key.group_kind());
  const bool scripted = has_rule(key.group_kind());
  const json::value object = ends || !scripted ? health_view(body, gvk) : json::value();
  const bool ended = ends && see_end(sight, end_of_hook(object, key.group_kind()));
  if (scripted) {
    if (sight.scripted == nullptr) sight.scripted = std::make_unique<Scripted>();
    if (sight.health == Health{}) sight.health.message = "its health rule has not been applied yet";
    ask_for_health(key, gvk, sight, {sight.uid, sight.resource_version}, std::string(body.text()));
  } else {
    const Health health = judge_health(object, {options_.wall_now(), nullptr, written_generation(key)});
    if (health != sight.health) return take_health(key, sight, health);
  }
  if (ended && is_in_force(key, sight)) advanced(key);
}

bool Reconciler::has_rule(const GroupKind& type) const {
  return options_.health_judge != nullptr && options_.health_judge->has_rule(type);
}

bool Reconciler::is_in_force(const ObjectKey& key, const Sight& sight) const {
  const auto found = states_.find(key);
  return found != states_.end() && &found->second.sight == &sight;
}

// A hook is over when it fares well: of that nothing is ignored.
bool Reconciler::ignores_health(const ObjectKey& key) const {
  const Desired* const form = newest_form(key);
  return form != nullptr && form->options.ignores_health && !form->making;
}

std::int64_t Reconciler::written_generation(const ObjectKey& key) const {
  const auto found = states_.find(key);
  return found != states_.end() && found->second.record ? found->second.record->generation : 0;
}

// The answer to a write and its event have the same bytes, and are one question.
void Reconciler::ask_for_health(const ObjectKey& key, const GroupVersionKind& gvk, Sight& sight, Seen seen,
                                std::string body) {
  sight.scripted->missed = false;
  if (std::exchange(sight.scripted->asked, seen.version) == seen.version) return;
  options_.health_judge->ask(*this, key,
                             HealthTask{std::move(seen.uid), std::move(seen.version), gvk, std::move(body),
                                        options_.wall_now(), written_generation(key)});
}

// Where a newer state waits to be judged, this is still news: of an object that never rests nothing else would ever
// be known. Whether it is new enough for a wave, is_ready() tells.
void Reconciler::judged(const ObjectKey& key, const Uid& uid, const ResourceVersion& version, const Health& health) {
  const auto found = states_.find(key);
  if (stopping_ || found == states_.end()) return;
  KeyState& state = found->second;
  Sight& sight = state.wanted == nullptr && state.next != nullptr ? state.next->sight : state.sight;
  if (sight.scripted == nullptr || sight.uid != uid) return;
  sight.scripted->judged = version;
  const bool unknown = health.status == HealthStatus::Unknown;
  if (unknown && told_.insert("health " + health.message).second) observer_.health_unknown(key, health.message);
  take_health(key, sight, health);
}

void Reconciler::ask_again(const ObjectKey& key) {
  const auto found = states_.find(key);
  if (found == states_.end() || found->second.sight.scripted == nullptr) return;
  found->second.sight.scripted->missed = true;
  found->second.sight.scripted->asked = {};
  queue_.add(key, Lane::Repair);
  pump();
}

bool Reconciler::health_was_missed(const ObjectKey& key) const {
  const auto found = states_.find(key);
  if (found == states_.end() || !desired_.contains(key)) return false;
  const Sight& sight = found->second.sight;
  return sight.scripted != nullptr && sight.scripted->missed;
}

// One GET for an object whose state was let go of before it could be judged.
boost::asio::awaitable<void> Reconciler::look_at_health(ObjectKey key) {
  ApiRequest request;
  const GroupVersionKind gvk = desired_.at(key).resource.gvk;
  request.target = resource_path(desired_.at(key).resource, key.namespace_, key.name);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  if (stopping_ || !health_was_missed(key)) co_return;  // seen meanwhile
  Sight& sight = states_.at(key).sight;
  const auto live = response && response->status == 200 ? read_live_object(std::string_view(response->body), gvk)
                                                        : std::unexpected(Error{});
  if (!live) {
    const auto wait = response && response->retry_after ? *response->retry_after : std::chrono::seconds{0};
    queue_.add_at(key, Lane::Repair, options_.now() + std::max<std::chrono::seconds>(wait, kLookAgain));
  } else if ((*live)->uid == sight.uid) {
    ask_for_health(key, gvk, sight, {(*live)->uid, (*live)->resource_version}, response->body);
  }
}

void Reconciler::take_health(const ObjectKey& key, Sight& sight, const Health& health) {
  const Health before = std::exchange(sight.health, health);
  if (!is_in_force(key, sight)) return;
  if (before != health) observer_.health_changed(key, before, health);
  advanced(key);
}

// It stays away by policy: then nobody's event tells how it fares.
void Reconciler::note_missing(const ObjectKey& key) {
  Sight& sight = states_[key].sight;
  const Health missing{HealthStatus::Missing, Kstatus::NotFound, "it was deleted, and is left so"};
  if (sight.health != missing) take_health(key, sight, missing);
}

bool Reconciler::is_ready(const ObjectKey& key) const {
  const auto found = states_.find(key);
  if (found == states_.end() || pending_.contains(key)) return false;
  if (inventory_.hook(key) != nullptr) return inventory_.hook_recorded(key);
  return !options_.wait_for_health || is_well_since_written(found->second);
}

bool Reconciler::is_well_since_written(const KeyState& state) {
  const Sight& sight = state.sight;
  const bool scripted = sight.scripted != nullptr;
  const ResourceVersion& seen = scripted ? sight.scripted->judged : sight.resource_version;
  if (scripted && seen.empty()) return false;
  const bool newer_than_write = !state.record || compare(seen, state.record->last_write) != std::partial_ordering::less;
  // A rule of one's own knows the kind better than kstatus does.
  return newer_than_write && is_well(sight.health) && (scripted || sight.health.kstatus == Kstatus::Current);
}

void Reconciler::note_readiness(const ObjectKey& key) {
  const auto wanted = desired_.find(key);
  if (wanted == desired_.end() || pending_.contains(key)) return;
  // What somebody else made is watched by nobody, so that no event would end the waiting for it.
  const bool unseen = wanted->second.options.management == Management::Once && live_.find(key) == nullptr;
  readiness_.note(key, unseen || is_ready(key));
  tell_readiness(&key);
}

void Reconciler::tell_readiness(const ObjectKey* cause) {
  const bool applied = finished_ && finished_->complete && finished_->revision == revision_ && pending_.empty();
  const Health* const health = cause == nullptr ? nullptr : &states_[*cause].sight.health;
  const Readiness::Change change = readiness_.settle(applied, health != nullptr && is_ill(*health));
  if (applied && !readiness_.ready() && (change.flipped || !unready_since_)) {
    unready_since_ = options_.now();
    unready_for_long_ = false;
    wake();
  }
  if (applied && readiness_.ready()) unready_since_.reset();
  if (options_.wait_for_health && change.news == Readiness::News::Ready)
    observer_.became_ready(revision_, objects_);
  else if (change.news == Readiness::News::Degraded && health != nullptr)
    observer_.no_longer_ready(revision_, *cause, shown_health(*cause, *health));
  if (change.flipped) options_.on_ready();
}

// When whoever waits for all of it to be healthy is to be told that it takes long.
std::optional<Reconciler::Time> Reconciler::readiness_patience_ends() const {
  if (!unready_since_ || unready_for_long_) return std::nullopt;
  return *unready_since_ + options_.wave_patience;
}

void Reconciler::note_impatience() {
  const auto end = readiness_patience_ends();
  if (!end || options_.now() < *end) return;
  unready_for_long_ = true;
  options_.on_ready();
  say_overdue({readiness_.unhealthy().begin(), readiness_.unhealthy().end()});
}

void Reconciler::say_overdue(const std::set<ObjectKey>& objects) {
  OverdueRollOut overdue{revision_, {}, names_of(objects)};
  for (const ObjectKey& key : objects)
    if (overdue.objects.size() < OverdueRollOut::kMostObjects) overdue.objects.push_back(key);
  options_.on_overdue(overdue);
}

// The first of them, with what is said of their health.
template <class Keys>
std::string Reconciler::names_of(const Keys& keys) const {
  std::string names;
  std::size_t shown = 0;
  for (const ObjectKey& key : keys) {
    if (shown++ == kNamesShown) return names + ", and more";
    const auto found = states_.find(key);
    const Sight* const sight = found == states_.end() ? nullptr : &found->second.sight;
    std::string message = sight == nullptr ? "" : sight->health.message;
    if (message.empty() && sight != nullptr && sight->end != nullptr) message = sight->end->message;
    names += (names.empty() ? "" : "; ") + to_string(key) + (message.empty() ? "" : ": " + message);
  }
  return names;
}

std::string Reconciler::what_is_not_healthy() const { return names_of(readiness_.unhealthy()); }
std::string Reconciler::what_is_awaited() const { return names_of(awaited_); }

}  // namespace holdfast
