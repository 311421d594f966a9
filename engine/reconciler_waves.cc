// The reconciler's waves: which of a revision's objects may be brought about by now. A wave begins when what came
// before is applied and healthy, told by events and never by a timer; healing goes on meanwhile, to the form that each
// object has reached.
#include <spdlog/fmt/fmt.h>

#include "engine/reconciler_attempt.h"

namespace holdfast {
namespace {

constexpr auto kLookAgain = std::chrono::seconds{10};  // at what is being deleted and shown by no watch

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
  if (may_go(desired)) dismissible_.insert(key);
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
    state.next = std::make_unique<Form>(std::move(desired), Sight{}, Shape{});
  } else {
    state.next.reset();
    in_force->second = std::move(desired);
  }
  if (state.not_before || state.next_not_before) failed_.insert(key);
}

// Whether anything waits for anything: otherwise nobody's health has to be looked at.
bool Reconciler::staged() const { return waves_.size() > 1 || !dependents_.empty() || open_wave_.phase != 0; }

// Those of the open wave, that is; it cannot be the last as long as they have not.
bool Reconciler::hooks_ended() const { return open_wave_.phase == 0 || awaited_.empty(); }

void Reconciler::open_wave(const Wave& wave) {
  open_wave_ = wave;
  awaited_.clear();
  waiting_since_.reset();
  wave_is_stuck_ = false;
  const auto found = waves_.find(wave);
  if (found == waves_.end()) return;
  if (staged()) {
    explain_wave(wave);
    for (const ObjectKey& key : found->second)
      if (!is_ready(key)) awaited_.insert(key);
    if (!awaited_.empty()) waiting_since_ = options_.now();
  }
  for (const ObjectKey& key : found->second) {
    if (dependencies_ready(*newest_form(key)))
      admit(key);
    else
      explain(key, [] { return Explanation{"wait", "what it depends on is not ready", "D9"}; });
  }
}

// True: there is something to do for the queue.
bool Reconciler::open_next_waves() {
  bool opened = false;
  for (auto next = waves_.upper_bound(open_wave_); next != waves_.end(); next = waves_.upper_bound(open_wave_)) {
    if (!awaited_.empty()) {
      explain_waiting(next->first);
      break;
    }
    if (first_unprepared_ && *first_unprepared_ < next->first) break;
    if (next->first.phase > 0 && (!pruning_judged_ || !pruning_.empty())) break;
    open_wave(next->first);
    opened = true;
  }
  return opened;
}

void Reconciler::open_all_waves() {
  if (waves_.empty()) return;
  open_wave_ = waves_.rbegin()->first;
  awaited_.clear();
  waiting_since_.reset();
  const std::set<ObjectKey> keys = closed_;
  for (const ObjectKey& key : keys) admit(key);
}

bool Reconciler::dependencies_ready(const Desired& desired) const {
  return std::ranges::all_of(desired.options.depends_on, [this](const ObjectKey& key) { return is_ready(key); });
}

// Where nothing is in force yet, the form is at once: what the watch shows meanwhile is read with its eyes.
void Reconciler::admit(const ObjectKey& key) {
  if (closed_.erase(key) == 0) return;
  if (!desired_.contains(key)) promote_if_due(key);
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
      before != desired_.end() && state.record && state.record->desired_hash == state.applied_form().hash;
  Shape shape = std::move(state.shape);
  state.shape = {};
  if (applied) state.last_good = std::make_unique<Form>(std::move(before->second), std::move(state.sight), Shape{});
  desired_[key] = std::move(state.next->desired);
  state.wanted = &desired_.at(key);
  state.sight = std::move(state.next->sight);
  state.next.reset();
  if (applied) {
    carry_shape_over(state, shape);
    state.last_good->shape = std::move(shape);
  }
  const bool refused_before = std::exchange(state.next_not_before, std::nullopt).has_value();
  if (refused_before) return;
  state.forgive(options_.now());  // the failures were those of another form
  state.reported = false;
  failed_.erase(key);
}

// The server refused the form for certain: the last good one is in force again, and is looked after at once (ask 42).
void Reconciler::demote(const ObjectKey& key) {
  KeyState& state = states_[key];
  if (state.last_good == nullptr || stopping_) return;
  explain(key,
          [] { return Explanation{"heal to the last good form", "the server refuses the new one for certain", "D4"}; });
  if (state.next == nullptr) {
    state.next = std::make_unique<Form>(std::move(desired_.at(key)), std::move(state.sight), Shape{});
    state.next_not_before = std::exchange(state.not_before, std::nullopt);
  } else {
    state.hurry(options_.now());  // a newer form has come meanwhile: nobody wants the refused one any more
  }
  desired_.at(key) = std::move(state.last_good->desired);
  state.sight = std::move(state.last_good->sight);
  state.shape = std::move(state.last_good->shape);
  state.last_good.reset();
  queue_.add(key, Lane::Repair);
}

// The object was applied, or its health is another one.
void Reconciler::advanced(const ObjectKey& key) {
  note_hook(key);
  note_readiness(key);
  const auto wave = waves_.find(open_wave_);
  if (staged() && wave != waves_.end() && wave->second.contains(key)) {
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
  if (awaited_.empty())
    waiting_since_.reset();
  else if (!waiting_since_)
    waiting_since_ = options_.now();
  wake();
}

// What is made once is looked at by nobody, and what was wanted by nobody for a while was not: its health may have come
// by before it was asked for.
bool Reconciler::has_to_be_seen(const ObjectKey& key, const LivePtr& live) const {
  const auto state = states_.find(key);
  const bool matters = staged() || inventory_.hook(key) != nullptr;
  if (live == nullptr || state == states_.end() || !matters) return false;
  const Sight& sight = state->second.sight;
  const bool newer =
      sight.uid != live->uid || compare(sight.resource_version, live->resource_version) == std::partial_ordering::less;
  return newer && pending_.contains(key) && !closed_.contains(key);
}

// An object that is made once is there already, as the response to a GET shows it.
void Reconciler::take_as_it_is(const ObjectKey& key, const ApiResource& resource, const ApiResponse& response) {
  const Result<JsonView> body = indexer_.view(response.body);
  const auto found = body ? read_live_object(*body, resource.gvk) : std::unexpected(body.error());
  if (!found) return retry(key, found.error(), std::chrono::milliseconds{0}, false);
  const LiveObject& live = **found;
  if (live.terminating) return queue_.add_at(key, Lane::Repair, options_.now() + kLookAgain);
  const bool ours = live.ownership != nullptr && live.ownership->applyset == options_.prepare.applyset_id;
  if (ours) inventory_.saw(key, live.uid);
  Sight& sight = states_[key].sight;
  sight.uid = live.uid;
  sight.resource_version = live.resource_version;
  see_health(key, resource.gvk, sight, *body);
  settled(key);
}

// When it is to be said what a wave waits for, if anything comes after it.
std::optional<Reconciler::Time> Reconciler::patience_ends() const {
  const bool last = closed_.empty() && open_wave_.phase == 0;
  if (!waiting_since_ || wave_is_stuck_ || awaited_.empty() || last) return std::nullopt;
  return *waiting_since_ + options_.wave_patience;
}

void Reconciler::say_what_waits() {
  const auto end = patience_ends();
  if (!end || options_.now() < *end) return;
  wave_is_stuck_ = true;
  observer_.set_problem(Error{ErrorKind::Timeout,
                              fmt::format("{} is not healthy after {} s: {}", to_string(open_wave_),
                                          options_.wave_patience.count(), what_is_awaited()),
                              {},
                              "what comes after it waits; see to these objects, or commit a change"});
  say_overdue(awaited_);
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
