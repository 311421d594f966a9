// The reconciler's requests for one object: the GET that tells whose it is, the apply, and what their answers teach.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <charconv>

#include "engine/adoption.h"
#include "engine/apply_order.h"
#include "engine/attribution.h"
#include "engine/fingerprint.h"
#include "engine/fixpoint.h"
#include "engine/reconciler_attempt.h"
#include "engine/rewriting.h"
#include "holdfast/merge/field_set.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

constexpr auto kEchoPatience = 10s;
constexpr std::string_view kApplyQuery = "&force=true&fieldValidation=Strict&timeout=30s";

// metadata.generation; 0 where there is none.
std::int64_t generation_of(const JsonView& body) {
  JsonCursor cursor = body.cursor();
  for (JsonMembers members(cursor); members.next();) {
    if (members.key() != "metadata") {
      cursor.skip();
      continue;
    }
    for (JsonMembers metadata(cursor); metadata.next();) {
      if (metadata.key() != "generation") {
        cursor.skip();
        continue;
      }
      const std::string_view text = cursor.scalar();
      std::int64_t generation = 0;
      std::from_chars(text.data(), text.data() + text.size(), generation);
      return generation;
    }
  }
  return 0;
}

bool is_our_label(const FieldDrift& field) {
  constexpr std::string_view kLabels = ".metadata.labels";
  if (!field.path.starts_with(kLabels)) return false;
  return field.path == kLabels || field.path.contains(kInstallationLabel) || field.path.contains(kApplySetLabel);
}

}  // namespace

std::optional<FieldSet> read_owned(const std::string* fields_v1) {
  if (fields_v1 == nullptr) return std::nullopt;
  const Result<json::value> fields = parse_json(*fields_v1);
  if (!fields) return std::nullopt;
  Result<FieldSet> set = FieldSet::parse(*fields);
  return set ? std::optional(std::move(*set)) : std::nullopt;
}

ApiRequest apply_request(const Desired& desired, const FieldManager& manager) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = resource_path(desired.resource, desired.key.namespace_, desired.key.name) +
                   "?fieldManager=" + manager.value + std::string(kApplyQuery);
  request.content_type = "application/apply-patch+yaml";
  request.body = desired.apply_body;
  return request;
}

// One GET for a key that was never seen (architecture: an object without our label looks absent). True: judge again.
boost::asio::awaitable<bool> Reconciler::look_up(ObjectKey key, Attempt& attempt, Verdict verdict) {
  ApiRequest request;
  request.target = resource_path(attempt.desired.resource, key.namespace_, key.name);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  promote_if_due(key);
  if (const auto state = states_.find(key); response && response->retry_after && state != states_.end()) {
    state->second.asked_to_wait_until = options_.now() + *response->retry_after;
    state->second.hurry(options_.now());  // even where the object is to be pruned by now
  }
  const auto wanted = desired_.find(key);
  if (stopping_ || wanted == desired_.end()) co_return false;
  take_form(attempt, states_[key]);  // the newest: it may have changed meanwhile
  if (!response) {
    retry(key, response.error(), 0ms, false);
    co_return false;
  }
  if (says_no_such_object(*response)) {
    if (hook_vanished(key)) co_return false;
    attempt.looked_up_absent = true;
    co_return true;
  }
  if (response->status != 200) {
    const ClassifiedApply answer = classify_apply(*response);
    if (answer.outcome == ApplyOutcome::TypeUnknown) watches_.rediscover();
    retry(key, Error{ErrorKind::Busy, answer.message, attempt.desired.origin, {}, answer.retry_after}, 0ms, false);
    co_return false;
  }
  Result<json::value> body = parse_json(response->body);
  if (!body) {
    retry(key, body.error(), 0ms, false);
    co_return false;
  }
  if (attempt.desired.options.management == Management::Once) {
    take_as_it_is(key, attempt.desired.resource, *response);
    co_return false;
  }
  const std::string_view set = string_at(*body, {"metadata", "labels", "applyset.kubernetes.io/part-of"});
  const Ownership ownership = ownership_of(*body);
  const OwnerState state = owner_state(ownership, key);
  const auto owner = other_owner(ownership, options_.prepare.applyset_id, options_.prepare.installation, state);
  // An object of our own that was deleted and made anew by hand is still the one that Git describes.
  const bool ours = set == options_.prepare.applyset_id || verdict.drift || state == OwnerState::LetGo;
  if (owner || (!ours && !options_.adopt)) {
    const auto tool = managing_tool(*body);
    const std::string who = owner  ? "belongs to " + *owner
                            : tool ? "is managed by " + *tool
                                   : "exists already and was not made by this application";
    retry(key,
          Error{ErrorKind::Conflict, who, attempt.desired.origin,
                owner ? "it is left alone" : "it is left alone; --adopt takes it over"},
          kLongestRetry, true);
    co_return false;
  }
  verdict.kind = VerdictKind::Apply;
  verdict.uid.value = string_at(*body, {"metadata", "uid"});
  attempt.found.value = string_at(*body, {"metadata", "resourceVersion"});
  attempt.taking_over = set.empty() && !verdict.drift;
  attempt.body = *std::move(body);
  if (ownership.installation == options_.prepare.installation) attempt.found_labelled = attempt.body;
  reshape(key, states_[key], *attempt.body);
  take_form(attempt, states_[key]);
  explain(key, [&] { return explain_found(attempt.taking_over, state == OwnerState::LetGo); });
  co_return co_await apply(key, attempt, verdict);
}

// True: judge again at once.
boost::asio::awaitable<bool> Reconciler::apply(ObjectKey key, Attempt& attempt, Verdict verdict) {
  attempt.applied_uid = verdict.uid;
  attempt.held.reset();
  if (verdict.kind == VerdictKind::Apply) {
    if (!co_await look_before_writing(key, attempt, verdict)) co_return false;
    if (!co_await take_over(key, attempt) || !co_await hand_over(key, attempt)) co_return false;
    if (!meet_drift(key, attempt, verdict)) {
      settled(key, true);
      co_return false;
    }
    verdict.drift = has_drifted(key, attempt, verdict);
  }
  ApiRequest request = apply_request(attempt.desired, options_.prepare.manager);
  request.body = body_to_send(attempt, verdict.uid);
  Result<ApiResponse> response = co_await api_.send(std::move(request));
  const Time answered = options_.now();
  if (!response) {  // D7: whatever happened shows in the next look at the live object, never in a queued body
    if (verdict.uid.empty()) inventory_.saw(key, {});  // it may exist by now, under a uid that nobody told us
    retry(key, response.error(), 0ms, false);
    co_return false;
  }
  const ClassifiedApply answer = classify_apply(*response);
  if (answer.outcome == ApplyOutcome::Busy)
    group_.budget().overloaded(answered);
  else
    group_.budget().kept_up();
  if (!attempt.confirming && may_replace(key, attempt, answer)) co_return co_await replace(key, attempt, answer);
  if (answer.outcome != ApplyOutcome::Applied && answer.outcome != ApplyOutcome::Created)
    co_return handle_apply_failure(key, attempt, answer);

  if (!settled_by(attempt, *response)) co_return true;
  const bool created = answer.outcome == ApplyOutcome::Created;
  const auto record_before = states_[key].record;
  if (!learn(key, attempt, verdict, *response, created)) {
    retry(key, Error{ErrorKind::Protocol, "the answer to its apply cannot be read", attempt.desired.origin, {}}, 0ms,
          false);
    co_return false;
  }
  const KeyState& state = states_[key];
  const ResourceVersion& before = attempt.live != nullptr ? attempt.live->resource_version : attempt.found;
  const bool wrote = !state.record || state.record->last_write != before;
  if (wrote && verdict.drift) {
    const bool same_form = record_before && record_before->desired_hash == attempt.desired.hash;
    report_repair(key, attempt, verdict, created, answered, same_form ? record_before->owned.get() : nullptr);
  } else if (wrote) {
    observer_.applied(key, created, revision_);
  }
  settled(key);
  co_await tidy_managers(key, std::move(response->body));
  co_return false;
}

// V21: the answer to an apply may show what the next one would change again. False: it has to be sent once more.
bool Reconciler::settled_by(Attempt& attempt, const ApiResponse& response) {
  if (is_builtin_group(attempt.desired.key.group) || attempt.desired.empties.empty()) return true;
  if (++attempt.applies >= kMostAppliesToSettle) return true;
  const Result<json::value> body = parse_json(response.body);
  return !body || has_settled(attempt.desired, *body);
}

// What is live, where it is needed to decide what to send.
boost::asio::awaitable<bool> Reconciler::look_before_writing(ObjectKey key, Attempt& attempt, Verdict verdict) {
  const KeyState& state = states_[key];
  const bool at_hand = attempt.body || (attempt.live != nullptr && !attempt.live->body.empty());
  const bool shape_unknown = !state.shape.known && may_yield(*state.wanted);
  const bool by_policy = options_.policies.differs(attempt.desired) && (is_drift(key, verdict) || may_be_drift(key));
  if (!at_hand && !shape_unknown && !by_policy) co_return true;
  co_return co_await see_body(key, attempt, verdict.uid);
}

std::string Reconciler::body_to_send(const Attempt& attempt, const Uid& uid) {
  if (attempt.held)
    return attempt.held->body(uid,
                              ResourceVersion{std::string(string_at(*attempt.body, {"metadata", "resourceVersion"}))});
  return uid.empty() ? attempt.desired.apply_body : apply_body_with_uid(attempt.desired, uid);
}

bool Reconciler::learn(const ObjectKey& key, Attempt& attempt, const Verdict& verdict, const ApiResponse& response,
                       bool created) {
  KeyState& state = states_[key];
  const Result<JsonView> body = indexer_.view(response.body);
  if (!body) return false;
  const auto answered = read_live_object(*body, attempt.desired.resource.gvk);
  if (!answered) return false;
  const Uid& uid = (*answered)->uid;
  const ResourceVersion& version = (*answered)->resource_version;
  Record record;
  // What had converged stays known, unless this write ended a real drift (C6).
  const bool wrote = attempt.live == nullptr || attempt.live->resource_version != version;
  const bool anew = attempt.confirming || (verdict.drift && wrote);
  if (state.record && state.record->desired_hash == attempt.desired.hash && !anew) record = *state.record;
  record.desired_hash = attempt.desired.hash;
  record.wanted_hash = attempt.wanted_hash;
  record.uid = uid;
  record.last_write = version;
  record.generation = generation_of(*body);
  FingerprintMemory memory;
  const Result<Digest128> print = fingerprinter_.read(*body, attempt.desired.empties, memory);
  record.partial = attempt.held.has_value();
  if (print && !attempt.held) record.learn(*print);
  if (!attempt.held) {
    record.schema = schema_of(attempt.desired.resource.gvk);
    record.rewritten = is_rewritten(attempt.desired.body, response.body);
  }
  if (memory.entry != nullptr) record.owned = std::shared_ptr<const std::string>(memory.entry, &memory.entry->fields);
  // What was left as others have it is still missed (and made out from Git where that is all that is known).
  if (attempt.held) record.owned = state.record ? state.record->owned : nullptr;
  const bool unseen = created || attempt.live == nullptr;
  const LivePtr shown = live_.find(key);
  if (unseen && (shown == nullptr || shown->uid != uid)) record.echo_awaited_until = options_.now() + kEchoPatience;
  if (const Uid* known = inventory_.uid(key); known == nullptr || *known != record.uid) inventory_.saw(key, record.uid);
  const bool newest =
      state.sight.uid != uid || compare(state.sight.resource_version, version) != std::partial_ordering::greater;
  if (newest) {  // its event is byte-equal (V34)
    state.sight = {uid, version, std::move(memory), state.sight.health};
    see_health(key, attempt.desired.resource.gvk, state.sight, *body);
  }
  note_lesson(state, std::move(record));
  return true;
}

// Whether what is about to be put back had been as Git still says. What is left to others may have changed by the same
// event, so that it is applied in another form than before.
bool Reconciler::has_drifted(const ObjectKey& key, const Attempt& attempt, const Verdict& verdict) const {
  if (verdict.drift) return true;
  if (!attempt.body || !is_drift(key, verdict)) return false;
  const auto& record = states_.at(key).record;
  const bool same_form = record && record->desired_hash == attempt.desired.hash;
  const std::optional<FieldSet> owned = same_form ? read_owned(record->owned.get()) : std::nullopt;
  return !attribute(attempt.desired.body, *attempt.body, owned ? &*owned : nullptr, options_.prepare.manager).empty();
}

void Reconciler::report_repair(const ObjectKey& key, const Attempt& attempt, const Verdict& verdict, bool created,
                               Time answered, const std::string* owned_before) {
  Repair repair;
  repair.drift.key = key;
  repair.drift.kind = created ? DriftKind::Deleted : verdict.drift_kind;
  const bool seen = !created && (attempt.live != nullptr || attempt.body);
  if (seen) {
    if (attempt.live != nullptr || attempt.found_labelled) repair.drift.kind = DriftKind::Changed;
    for (const DriftedField& field : attempt.fields) repair.drift.fields.push_back(field.drift);
    const std::optional<FieldSet> owned = read_owned(owned_before);
    const Result<json::value> body = attempt.body ? *attempt.body : parse_json(attempt.live->body);
    if (body && !attempt.held)
      repair.drift.fields = attribute(attempt.desired.body, *body, owned ? &*owned : nullptr, options_.prepare.manager);
  }
  // More than the labels by which we know it: then these are not the news.
  if (repair.drift.kind == DriftKind::LabelLost && !std::ranges::all_of(repair.drift.fields, is_our_label))
    repair.drift.kind = DriftKind::Changed;
  repair.event_driven = attempt.event_received.has_value();
  repair.drift.detected_after = detected_after(attempt);
  repair.event_to_verdict = repair.drift.detected_after.value_or(0ns);
  repair.verdict_to_response = answered - attempt.judged;
  observer_.repaired(repair);
  if (repair.drift.kind == DriftKind::Deleted) repair.drift.fields.push_back({"", "present", "(absent)", std::nullopt});
  note_repair(key, repair.drift.fields, !attempt.held);
}

bool Reconciler::handle_apply_failure(const ObjectKey& key, Attempt& attempt, const ClassifiedApply& answer) {
  Error error{ErrorKind::Invalid, answer.message, attempt.desired.origin, {}};
  if (attempt.confirming && is_certain(answer.outcome)) {
    leave_unconfirmed(key, answer.message);
    return false;
  }
  switch (answer.outcome) {
    case ApplyOutcome::Applied:
    case ApplyOutcome::Created:
      return false;
    case ApplyOutcome::UidMismatch:  // gone (409), or another object under the name (422): look, then decide anew
      attempt.gone = true;
      attempt.looked_up_absent = answer.no_such_object;
      return true;
    case ApplyOutcome::Stale:
      queue_.add_at(key, Lane::Repair, options_.now() + 100ms);
      return false;
    case ApplyOutcome::TypeUnknown:
      watches_.rediscover();
      retry(key, error, kFirstRetry, false);
      return false;
    case ApplyOutcome::WebhookDenied:
    case ApplyOutcome::Rejected:
    case ApplyOutcome::FieldConflict:
      refused(key, attempt, answer, std::move(error));
      demote(key);
      return false;
    case ApplyOutcome::Forbidden:
    case ApplyOutcome::QuotaExceeded:
    case ApplyOutcome::NamespaceTerminating:
    case ApplyOutcome::NamespaceMissing:
      retry(key, error, answer.retry_after, false);
      demote(key);
      return false;
    case ApplyOutcome::Busy:
    case ApplyOutcome::ServerFault:
      error.retry_after = answer.retry_after;
      retry(key, error, 0ms, false);
      return false;
  }
  return false;
}

// Where it is about fields, in the author's terms.
void Reconciler::refused(const ObjectKey& key, const Attempt& attempt, const ClassifiedApply& answer, Error error) {
  const Desired& form = attempt.desired;
  const TypeSchema schema = options_.schemas == nullptr ? TypeSchema() : options_.schemas->type_of(form.resource.gvk);
  std::vector<RefusedField> fields = refused_fields(answer, form.body, schema.type.get());
  const bool news = !states_[key].reported && !fields.empty();
  if (!answer.immutable) error = in_words(std::move(error), fields);
  retry(key, std::move(error), kFirstRetryOfRefusal, false);
  if (news) options_.on_refused_fields({key, form.origin, revision_, std::move(fields)});
}

}  // namespace holdfast
