// What the reconciler sends for an object: the desired state without what is left to others, and of a drift only what
// is to be put back now. And what has to be done to the ownership of its fields beside that.
#include <algorithm>
#include <boost/asio/awaitable.hpp>

#include "engine/adoption.h"
#include "engine/attribution.h"
#include "engine/handover.h"
#include "engine/proof.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";
constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kBeforeFirstApply = "\"before-first-apply\"";
constexpr auto kLookAgain = 100ms;

bool declares_replicas(const Desired& desired) { return find(desired.body, {"spec", "replicas"}) != nullptr; }

// In this form; with another one there was less or more to own.
std::optional<FieldSet> owned_before(const std::optional<Record>& record, const Desired& desired) {
  if (!record || record->desired_hash != desired.hash) return std::nullopt;
  return read_owned(record->owned.get());
}

std::string text_of(const std::vector<FieldDrift>& fields) {
  std::string text;
  for (const FieldDrift& field : fields) text += field.path + "=" + field.live + ";";
  return text;
}

std::vector<FieldDrift> in_words(const std::vector<DriftedField>& fields) {
  std::vector<FieldDrift> words;
  words.reserve(fields.size());
  for (const DriftedField& field : fields) words.push_back(field.drift);
  return words;
}

}  // namespace

// Rules, or a field that autoscalers write.
bool Reconciler::may_yield(const Desired& desired) const {
  return !options_.yield_rules.ignore().empty() || !options_.yield_rules.trusted_managers().empty() ||
         declares_replicas(desired) || desired.key.kind == "Pod";
}

// True: what is left to others is another part than before.
bool Reconciler::reshape(const ObjectKey& key, KeyState& state, const json::value& live) {
  if (!may_yield(*state.wanted)) {
    state.shape.known = true;
    return false;
  }
  Result<std::vector<Yielded>> yielded =
      find_yielded(*state.wanted, live, options_.prepare.manager, options_.yield_rules);
  if (!yielded) return false;  // who holds what cannot be read: what was known before stands
  state.shape.known = true;
  if (*yielded == state.shape.yielded) return false;
  state.shape.yielded = std::move(*yielded);
  state.shape.rest.reset();
  auto rest = std::make_unique<Desired>(without(*state.wanted, state.shape.yielded));
  if (rest->hash != state.wanted->hash) state.shape.rest = std::move(rest);
  state.sight.memory = {};
  if (!live.is_null()) observer_.yielded(key, state.shape.yielded);
  explain_shape(key, state.shape.yielded);
  return true;
}

// A new form of an object whose holders are known: where nothing says that they matter otherwise now, nobody is asked.
void Reconciler::carry_shape_over(KeyState& state, const Shape& before) {
  if (!before.known) return;
  const bool by_manager = !options_.yield_rules.trusted_managers().empty() ||
                          std::ranges::any_of(options_.yield_rules.ignore(),
                                              [](const YieldRules::Rule& rule) { return !rule.managers.empty(); });
  if (by_manager || declares_replicas(*state.wanted) != declares_replicas(state.last_good->desired)) return;
  state.shape.known = true;
  state.shape.yielded = before.yielded;
  if (before.yielded.empty()) return;
  auto rest = std::make_unique<Desired>(without(*state.wanted, before.yielded));
  if (rest->hash != state.wanted->hash) state.shape.rest = std::move(rest);
}

// An object that is not as it was last, or of which nothing is known. True: its body has to be kept.
bool Reconciler::look_closely(const LiveObject& object, const JsonView& text, KeyState& state) {
  Result<json::value> body = parse_json(text.text());
  if (!body || !body->is_object()) return true;
  body->get_object()["apiVersion"] = object.gvk.api_version();  // the items of a list lack it
  body->get_object()["kind"] = object.gvk.kind;
  if (reshape(object.key, state, *body))
    (void)fingerprinter_.read(text, state.applied_form().empties, state.sight.memory);
  state.release_due = false;
  if (text.text().find(handover_manager(options_.prepare.manager).value) != std::string_view::npos) {
    const auto release = release_body(*state.wanted, *body, options_.prepare.manager);
    state.release_due = release && release->has_value();
  }
  const Desired& form = state.applied_form();
  const auto& print = state.sight.memory.fingerprint;
  const bool judged = state.record && state.record->uid == object.uid && state.record->desired_hash == form.hash;
  if (judged && print && state.record->knows(*print)) return state.release_due;
  if (!judged && !queue_.processing(object.key) && prove_converged(object, *body, state)) return state.release_due;
  return true;
}

// After a restart, or where somebody did by hand what was then committed: no call is needed to know (C5.5).
bool Reconciler::prove_converged(const LiveObject& object, const json::value& body, KeyState& state) {
  const auto& print = state.sight.memory.fingerprint;
  recall(object, state);
  const bool recalled = state.record && state.record->desired_hash == state.applied_form().hash;
  if (recalled && print && state.record->knows(*print)) return true;
  if (options_.schemas == nullptr || !print || object.terminating || inventory_.uid(object.key) == nullptr)
    return false;
  const TypeSchema schema = options_.schemas->type_of(object.gvk);
  if (schema.type == nullptr) return false;
  const Desired& form = state.applied_form();
  if (const Proof proof = prove(form, body, options_.prepare.manager, schema.type.get()); !proof.proven()) {
    log(LogLevel::Debug, "not-proven", to_string(object.key) + ": " + proof.why_not);
    if (observer_.wants_explanations()) unproven_[object.key] = proof.why_not;
    return false;
  }
  Record record;
  record.desired_hash = form.hash;
  record.wanted_hash = state.wanted->hash;
  record.uid = object.uid;
  record.last_write = object.resource_version;
  record.schema = schema_of(object.gvk);
  record.learn(*print);
  const KnownEntryPtr& entry = state.sight.memory.entry;
  if (entry != nullptr) record.owned = std::shared_ptr<const std::string>(entry, &entry->fields);
  note_lesson(state, std::move(record));
  explain(object.key, explain_proof);
  if (*inventory_.uid(object.key) != object.uid) inventory_.saw(object.key, object.uid);
  return true;
}

void Reconciler::take_form(Attempt& attempt, const KeyState& state) const {
  attempt.desired = state.applied_form();
  attempt.wanted_hash = state.wanted->hash;
}

// Whether a difference is drift, or a roll-out that has not come here yet. Of an object that nothing was learned of
// since the start, the record in the cluster says which.
bool Reconciler::is_drift(const ObjectKey& key, const Verdict& verdict) const {
  if (verdict.drift) return true;
  const auto found = states_.find(key);
  if (found == states_.end() || found->second.wanted == nullptr) return false;
  const KeyState& state = found->second;
  if (state.record) return state.record->wanted_hash == state.wanted->hash;
  return may_be_drift(key) && !revision_.empty() && inventory_.inventory().revision == revision_;
}

// It was ours before this process, which has not learned yet in what form.
bool Reconciler::may_be_drift(const ObjectKey& key) const {
  const auto found = states_.find(key);
  const Uid* const known = inventory_.uid(key);
  return found != states_.end() && !found->second.record && known != nullptr && !known->empty();
}

// False: the visit is over.
boost::asio::awaitable<bool> Reconciler::see_body(ObjectKey key, Attempt& attempt, Uid uid) {
  if (attempt.found_labelled) attempt.body = attempt.found_labelled;
  if (!attempt.body && attempt.live != nullptr && !attempt.live->body.empty())
    if (Result<json::value> parsed = parse_json(attempt.live->body)) attempt.body = std::move(*parsed);
  if (!attempt.body) {
    ApiRequest request;
    request.target = resource_path(attempt.desired.resource, key.namespace_, key.name);
    const Result<ApiResponse> response = co_await api_.send(std::move(request));
    const auto state = states_.find(key);
    if (stopping_ || state == states_.end() || state->second.wanted == nullptr) co_return false;
    Result<json::value> parsed = response && response->status == 200
                                     ? parse_json(response->body)
                                     : fail(ErrorKind::Busy, "cannot be read before it is written");
    if (!parsed || string_at(*parsed, {"metadata", "uid"}) != uid.value) {
      const auto looked = [&] {
        return Error{ErrorKind::Busy, "changed while it was looked at", {}, {}, response->retry_after.value_or(0s)};
      };
      retry(key, response ? looked() : response.error(), 0ms, false);
      co_return false;
    }
    attempt.body = std::move(*parsed);
  }
  KeyState& state = states_[key];
  reshape(key, state, *attempt.body);
  take_form(attempt, state);
  co_return true;
}

// Decides by policy and by fights what of a drift is put back now. False: nothing.
bool Reconciler::meet_drift(const ObjectKey& key, Attempt& attempt, const Verdict& verdict) {
  KeyState& state = states_[key];
  const bool certain = is_drift(key, verdict);
  if (!attempt.body || (!certain && !may_be_drift(key))) return true;
  if (state.drift == nullptr && !options_.policies.differs(attempt.desired)) return true;
  if (state.drift == nullptr) state.drift = std::make_unique<DriftMemory>();
  const std::optional<FieldSet> owned = owned_before(state.record, attempt.desired);
  std::vector<DriftedField> fields =
      attribute_fields(attempt.desired.body, *attempt.body, owned ? &*owned : nullptr, options_.prepare.manager);
  // What somebody else holds by now was taken from us; what nobody does may be what a commit has changed meanwhile.
  if (!certain) std::erase_if(fields, [](const DriftedField& field) { return !field.drift.owner; });
  if (fields.empty()) return true;
  const Time now = options_.now();
  std::vector<FieldPath> paths;
  paths.reserve(fields.size());
  for (const DriftedField& field : fields) paths.push_back(field.path);
  state.drift->ages.note(paths, now);
  DriftPlan plan = plan_drift(options_.policies, attempt.desired, fields, state.drift->ages,
                              approved_repairs(key, verdict.uid), now);
  explain_drift(key, attempt.desired, plan, state.drift->fights);
  std::vector<DriftedField> held = plan.held();
  std::optional<Time> next = plan.next();
  std::vector<DriftedField> put_back;
  for (DriftedField& field : plan.now) {
    const std::optional<Time> not_before = state.drift->fights.not_before(field.drift.path);
    if (!not_before || *not_before <= now) {
      put_back.push_back(std::move(field));
      continue;
    }
    next = std::min(next.value_or(*not_before), *not_before);
    held.push_back(std::move(field));
  }
  if (next) queue_.add_at(key, Lane::Repair, *next);
  if (held.empty()) return true;
  const DriftPolicy policy = plan.waits_for_approval ? DriftPolicy::Approve
                             : plan.reported.empty() ? DriftPolicy::Enforce
                                                     : DriftPolicy::Warn;
  say_drift(state, Drift{key, DriftKind::Changed, in_words(held), detected_after(attempt)}, policy, next);
  if (put_back.empty()) {
    state.drift->fights.drifted(in_words(held), now);
    return false;
  }
  Result<HeldWrite> write = hold_as_live(attempt.desired, *attempt.body, held, options_.prepare.manager);
  if (!write) return true;  // nobody knows who holds what: the whole of it is applied, which settles that
  attempt.held = std::move(*write);
  attempt.fields = std::move(put_back);
  return true;
}

// True: the object stays away for now.
bool Reconciler::meet_absence(const ObjectKey& key, const Attempt& attempt) {
  KeyState& state = states_[key];
  DriftPolicies::Answer answer = options_.policies.of_existence(attempt.desired);
  if (const Uid* const known = inventory_.uid(key); answer.policy == DriftPolicy::Approve && known != nullptr)
    if (approved_repairs(key, *known).contains("")) answer.policy = DriftPolicy::Enforce;
  const bool plain = answer.policy == DriftPolicy::Enforce && answer.grace == 0s;
  if (plain && state.drift == nullptr) return false;
  if (state.drift == nullptr) state.drift = std::make_unique<DriftMemory>();
  const Time now = options_.now();
  state.drift->ages.note({FieldPath{}}, now);
  std::optional<Time> next;
  if (answer.policy == DriftPolicy::Enforce) next = *state.drift->ages.since(FieldPath{}) + answer.grace;
  if (const auto fought = state.drift->fights.not_before("")) next = std::max(next.value_or(*fought), *fought);
  if (answer.policy == DriftPolicy::Enforce && (!next || *next <= now)) return false;
  if (next && answer.policy == DriftPolicy::Enforce) queue_.add_at(key, Lane::Repair, *next);
  explain(key, [&] {
    const bool later = next && answer.policy == DriftPolicy::Enforce;
    return explain_absence(answer,
                           later ? std::optional(std::chrono::ceil<std::chrono::seconds>(*next - now)) : std::nullopt);
  });
  say_drift(state, Drift{key, DriftKind::Deleted, {}, detected_after(attempt)}, answer.policy,
            answer.policy == DriftPolicy::Enforce ? next : std::nullopt);
  settled(key, true);
  return true;
}

std::optional<std::chrono::nanoseconds> Reconciler::detected_after(const Attempt& attempt) {
  if (!attempt.event_received) return std::nullopt;
  return attempt.judged - *attempt.event_received;
}

void Reconciler::say_drift(KeyState& state, Drift drift, DriftPolicy policy, std::optional<Time> until) {
  std::string text = drift.kind == DriftKind::Deleted ? "deleted" : text_of(drift.fields);
  if (std::exchange(state.drift->said, text) == text) return;
  std::optional<std::chrono::milliseconds> wait;
  if (until) wait = std::chrono::ceil<std::chrono::milliseconds>(*until - options_.now());
  observer_.drifted(drift, policy, wait);
}

void Reconciler::note_repair(const ObjectKey& key, const std::vector<FieldDrift>& fields, bool all) {
  KeyState& state = states_[key];
  if (state.drift == nullptr) state.drift = std::make_unique<DriftMemory>();
  if (all) state.drift->said.clear();  // what is left so was said
  for (const Fight& fight : state.drift->fights.repaired(fields, options_.now())) observer_.fight(key, fight, false);
}

// All is as it should be.
void Reconciler::note_calm(const ObjectKey& key, KeyState& state) {
  if (state.drift == nullptr) return;
  const Time now = options_.now();
  state.drift->fights.settled(now);
  state.drift->ages.note({}, now);
  state.drift->said.clear();
  for (const Fight& fight : state.drift->fights.ended(now)) observer_.fight(key, fight, true);
  if (const auto end = state.drift->fights.next_end()) queue_.add_at(key, Lane::Repair, *end);
}

// One more request about the same object. False: it failed, and the visit is over.
boost::asio::awaitable<bool> Reconciler::patch_beside(ObjectKey key, Attempt& attempt, std::string manager,
                                                      std::string type, std::string body) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target =
      resource_path(attempt.desired.resource, key.namespace_, key.name) + "?fieldManager=" + manager + "&timeout=30s";
  request.content_type = std::move(type);
  request.body = std::move(body);
  const Result<ApiResponse> response = co_await api_.send(std::move(request));
  const auto state = states_.find(key);
  if (stopping_ || state == states_.end() || state->second.wanted == nullptr) co_return false;
  if (!response) {
    retry(key, response.error(), 0ms, false);
    co_return false;
  }
  const ClassifiedApply answer = classify_apply(*response);
  if (answer.outcome == ApplyOutcome::Applied || answer.outcome == ApplyOutcome::Created) co_return true;
  if (answer.outcome == ApplyOutcome::Stale || answer.outcome == ApplyOutcome::UidMismatch) {
    queue_.add_at(key, Lane::Repair, options_.now() + kLookAgain);
    co_return false;
  }
  retry(key, Error{ErrorKind::Invalid, answer.message, attempt.desired.origin, {}, answer.retry_after},
        answer.retry_after, false);
  co_return false;
}

// D2: what only we own is not dropped before somebody holds its value.
boost::asio::awaitable<bool> Reconciler::hand_over(ObjectKey key, Attempt& attempt) {
  const KeyState& state = states_[key];
  if (state.shape.yielded.empty() || !attempt.body) co_return true;
  const FieldManager& manager = options_.prepare.manager;
  const Result<FieldSet> fields =
      find_handover(*state.wanted, attempt.desired, state.shape.yielded, *attempt.body, manager);
  if (!fields || fields->empty()) co_return true;
  Result<std::string> body = handover_body(*state.wanted, *attempt.body, *fields, manager);
  if (!body) co_return true;
  explain(key, [] {
    return Explanation{"hand over first", "a field that is left to others is held by us alone, and would be reset",
                       "D2"};
  });
  co_return co_await patch_beside(key, attempt, handover_manager(manager).value, std::string(kApplyPatch),
                                  std::move(*body));
}

// D3: what those before us wrote becomes ours, or it would stay for ever after Git has dropped it.
boost::asio::awaitable<bool> Reconciler::take_over(ObjectKey key, Attempt& attempt) {
  if (!attempt.taking_over || !attempt.body) co_return true;
  Result<std::optional<std::string>> patch =
      adoption_patch(attempt.desired, *attempt.body, options_.prepare.manager, options_.former_managers);
  if (!patch) {
    Result<std::string> reset = reset_patch(*attempt.body);
    if (!reset) co_return true;
    patch = std::optional(std::move(*reset));
  }
  if (!patch->has_value()) co_return true;
  explain(key, [] {
    return Explanation{"take over its fields", "what was written before us would stay after Git has dropped it", "D3"};
  });
  co_return co_await patch_beside(key, attempt, options_.prepare.manager.value, std::string(kJsonPatch),
                                  std::move(**patch));
}

// Another manager, or we again, own what was handed over: the entry that kept it goes.
boost::asio::awaitable<bool> Reconciler::release_handover(ObjectKey key) {
  KeyState& state = states_[key];
  state.release_due = false;
  Attempt attempt;
  attempt.desired = *state.wanted;
  attempt.live = live_.find(key);
  if (attempt.live == nullptr || attempt.live->body.empty()) co_return false;
  const Result<json::value> body = parse_json(attempt.live->body);
  if (!body) co_return false;
  Result<std::optional<std::string>> release = release_body(*state.wanted, *body, options_.prepare.manager);
  if (!release || !release->has_value()) co_return false;
  co_return co_await patch_beside(key, attempt, handover_manager(options_.prepare.manager).value,
                                  std::string(kApplyPatch), std::move(**release));
}

// V29: after managedFields were lost, an entry of nobody's owns all that was there.
boost::asio::awaitable<void> Reconciler::tidy_managers(ObjectKey key, std::string answered) {
  if (answered.find(kBeforeFirstApply) == std::string::npos) co_return;
  const Result<json::value> body = parse_json(answered);
  if (!body) co_return;
  Attempt attempt;
  attempt.desired = states_[key].applied_form();
  Result<std::optional<std::string>> patch = leftover_patch(attempt.desired, *body, options_.prepare.manager);
  if (!patch || !patch->has_value()) co_return;
  (void)co_await patch_beside(key, attempt, options_.prepare.manager.value, std::string(kJsonPatch),
                              std::move(**patch));
}

}  // namespace holdfast
