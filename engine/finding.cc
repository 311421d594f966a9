#include "engine/finding.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/adoption.h"
#include "engine/field_access.h"
#include "engine/outcome.h"
#include "engine/proof.h"
#include "engine/prune_guard.h"
#include "engine/reconciler_attempt.h"
#include "engine/replacement.h"
#include "engine/shown_value.h"
#include "engine/takeover.h"

namespace holdfast {
namespace {

Uid uid_of(const json::value& body) { return {std::string(string_at(body, {"metadata", "uid"}))}; }
ResourceVersion version_of(const json::value& body) {
  return {std::string(string_at(body, {"metadata", "resourceVersion"}))};
}

Finding finding_of(FindingKind kind, std::string reason, const Seen& seen) {
  Finding finding{kind, std::move(reason)};
  if (seen.body.is_null()) return finding;
  finding.uid = uid_of(seen.body);
  finding.version = version_of(seen.body);
  if (kind != FindingKind::InSync) finding.content = content_hash(seen.body);
  return finding;
}

// Of a new object: what its key and its being ours do not say already.
json::object without_identity(json::object body) {
  json::object& metadata = body["metadata"].as_object();
  metadata.erase("name");
  metadata.erase("namespace");
  if (json::value* labels = metadata.if_contains("labels"); labels != nullptr && labels->is_object()) {
    labels->get_object().erase(kInstallationLabel);
    labels->get_object().erase(kApplySetLabel);
    if (labels->get_object().empty()) metadata.erase("labels");
  }
  return body;
}

Finding creation_of(const Desired& form, std::string reason, const Seen& seen) {
  Finding finding = finding_of(FindingKind::Create, std::move(reason), seen);
  finding.fields = diff_fields(json::value(), json::value(without_identity(form.body)), true);
  std::erase_if(finding.fields,
                [](const FieldChange& field) { return field.path == ".apiVersion" || field.path == ".kind"; });
  return finding;
}

std::vector<FieldChange> changes_of(const std::vector<DriftedField>& fields) {
  std::vector<FieldChange> changes;
  changes.reserve(fields.size());
  for (const DriftedField& field : fields) changes.push_back({field.drift.path, field.drift.live, field.drift.desired});
  return changes;
}

Desired form_of(const Desired& desired, const Seen& seen, const Circumstances& known, std::vector<Yielded>& yielded) {
  Result<std::vector<Yielded>> found = find_yielded(desired, seen.body, known.prepare->manager, *known.yield_rules);
  if (!found || found->empty()) return desired;  // unreadable managedFields: the whole of it is applied
  yielded = std::move(*found);
  return without(desired, yielded);
}

std::variant<Finding, Question> consider_absent(const Desired& desired, const Seen& seen, const Circumstances& known) {
  const bool was_there = known.known_uid != nullptr && !known.known_uid->empty();
  if (desired.making && desired.options.management == Management::Once && was_there)
    return finding_of(
        FindingKind::Refuse,
        "the hook vanished before its end was seen, and is not run twice for one revision; look whether it did "
        "its work, then commit to run it again",
        seen);
  const DriftPolicies::Answer policy = known.policies->of_existence(desired);
  if (was_there && policy.policy != DriftPolicy::Enforce)
    return finding_of(FindingKind::HoldBack,
                      fmt::format("it was deleted, which the policy {} only reports", to_string(policy.policy)), seen);
  std::vector<Yielded> yielded;
  Desired form = form_of(desired, seen, known, yielded);
  std::string reason = was_there ? "it was deleted" : "";
  if (known.home_comes) return creation_of(form, std::move(reason), seen);
  std::string body = form.apply_body;
  return Question{std::move(form), std::move(body), std::move(yielded), {}, {}, std::move(reason), {}, known.type};
}

// Why an object that exists is not ours to write; empty where it is.
std::string objection(const Seen& seen, const Circumstances& known, std::string& taken_from) {
  const Ownership ownership = ownership_of(seen.body);
  if (const auto owner = other_owner(ownership, known.prepare->applyset_id, known.prepare->installation, known.owner))
    return "it belongs to " + *owner + ", and is left alone";
  const bool seen_before = known.known_uid != nullptr && !known.known_uid->empty();
  const bool ours = ownership.applyset == known.prepare->applyset_id || seen_before || known.owner == OwnerState::LetGo;
  if (seen.labelled || ours) return {};
  const auto tool = managing_tool(seen.body);
  if (!known.adopt)
    return (tool ? "it is managed by " + *tool : "it exists already and was not made by this application") +
           "; it is left alone, and --adopt takes it over";
  taken_from = "it is taken over" + (tool ? " from " + *tool : "");
  return {};
}

// Of a drift, what is put back is asked about, and the rest reported.
void hold_by_policy(const Desired& desired, const Seen& seen, const Circumstances& known, Question& question) {
  const bool was_there = known.known_uid != nullptr && !known.known_uid->empty();
  if (!was_there || !known.policies->differs(desired)) return;
  const FieldManager& manager = known.prepare->manager;
  std::vector<DriftedField> fields = attribute_fields(question.form.body, seen.body, nullptr, manager);
  if (!known.revision_recorded) std::erase_if(fields, [](const DriftedField& field) { return !field.drift.owner; });
  if (fields.empty()) return;
  DriftAges ages;
  std::vector<FieldPath> paths;
  paths.reserve(fields.size());
  for (const DriftedField& field : fields) paths.push_back(field.path);
  const Clock::time_point now{};  // a grace begins now
  ages.note(paths, now);
  const std::vector<DriftedField> held = plan_drift(*known.policies, question.form, fields, ages, {}, now).held();
  if (held.empty()) return;
  Result<HeldWrite> write = hold_as_live(question.form, seen.body, held, manager);
  if (!write) return;
  question.body = write->body(uid_of(seen.body), version_of(seen.body));
  question.form = std::move(write->variant);
  question.held = changes_of(held);
  question.reason = "of a drift, the policy only reports what is held";
}

// Neither what is left to others nor the shell that it leaves behind.
json::value without_fields(json::value body, const std::vector<Yielded>& yielded) {
  json::object* object = body.if_object();
  for (const Yielded& field : yielded)
    if (object != nullptr) remove_field(*object, field.path);
  return body;
}

std::string dotted(const std::string& field) { return field.empty() || field[0] == '.' ? field : "." + field; }

// Whatever the answer says that it is about.
std::string without_secrets(std::string message, const ObjectKey& key) {
  return key.kind == "Secret" && key.group.empty() ? without_values(std::move(message)) : message;
}

Finding refusal_of(const Question& question, const Seen& seen, const ClassifiedApply& answer,
                   const FieldManager& manager) {
  Finding finding = finding_of(FindingKind::Refuse, without_secrets(answer.message, question.form.key), seen);
  finding.asked = true;
  finding.refused = refused_fields(answer, question.form.body, question.type);
  if (!answer.immutable && !finding.refused.empty()) {
    Error error = in_words({ErrorKind::Invalid, finding.reason}, finding.refused);
    finding.reason = describe(error);
  }
  for (const std::string& field : answer.immutable_fields) finding.immutable.push_back(dotted(field));
  if (finding.immutable.empty()) return finding;
  for (const DriftedField& field : attribute_fields(question.form.body, seen.body, nullptr, manager))
    finding.fields.push_back({field.drift.path, field.drift.live, field.drift.desired});
  return finding;
}

Finding failure_of(const Question& question, const Seen& seen, const ClassifiedApply& answer,
                   const FieldManager& manager) {
  if (answer.no_dry_run)
    return finding_of(
        FindingKind::Unknown,
        fmt::format("the webhook {} has side effects and answers no dry run; only an apply would tell", answer.webhook),
        seen);
  if (is_certain(answer.outcome)) return refusal_of(question, seen, answer, manager);
  return finding_of(FindingKind::Unknown, without_secrets(answer.message, question.form.key), seen);
}

}  // namespace

std::optional<Sha256> content_hash(const json::value& live) {
  if (!live.is_object() || is_secret(live)) return std::nullopt;
  json::object body = live.get_object();
  body.erase("status");
  if (json::value* metadata = body.if_contains("metadata"); metadata != nullptr && metadata->is_object())
    for (const std::string_view name : {"managedFields", "resourceVersion", "generation", "uid", "selfLink"})
      metadata->get_object().erase(name);
  return sha256(canonical_json(json::value(std::move(body))));
}

ApiRequest to_request(const Question& question, const FieldManager& manager) {
  ApiRequest request = apply_request(question.form, manager);
  request.target += "&dryRun=All";
  request.body = question.body;
  return request;
}

std::variant<Finding, Question> consider(const Desired& desired, const Seen& seen, const Circumstances& known) {
  if (known.hook_done) return finding_of(FindingKind::InSync, "the hook has run for this revision", seen);
  if (seen.body.is_null()) return consider_absent(desired, seen, known);
  if (!string_at(seen.body, {"metadata", "deletionTimestamp"}).empty())
    return creation_of(desired, "it is being deleted, and is made anew when that has ended", seen);
  std::string taken;
  if (const std::string why = objection(seen, known, taken); !why.empty())
    return finding_of(FindingKind::Refuse, why, seen);
  if (desired.options.management == Management::Once)
    return finding_of(FindingKind::InSync, "it is made once, and left to others since", seen);
  Question question{{}, {}, {}, {}, {}, std::move(taken)};
  question.type = known.type;
  question.form = form_of(desired, seen, known, question.yielded);
  if (!question.reason.empty())
    question.lost = lost_by_takeover(question.form, seen.body, known.prepare->manager, known.type);
  if (!known.leaves.empty()) question.reason = "it comes from the application " + known.leaves;
  Proof proof{"it is not known as ours"};
  if (seen.labelled && known.known_uid != nullptr)
    proof = prove(question.form, seen.body, known.prepare->manager, known.type);
  if (proof.proven()) return finding_of(FindingKind::InSync, {}, seen);
  question.why = std::move(proof.why_not);
  question.body = apply_body_with_uid(question.form, uid_of(seen.body));
  hold_by_policy(desired, seen, known, question);
  return question;
}

std::optional<Finding> conclude(const Question& question, const Seen& seen, const ApiResponse& response,
                                const FieldManager& manager) {
  const ClassifiedApply answer = classify_apply(response);
  if (answer.outcome == ApplyOutcome::UidMismatch || answer.outcome == ApplyOutcome::Stale) return std::nullopt;
  const bool exists = !seen.body.is_null();
  if (answer.outcome == ApplyOutcome::Created) {
    Finding finding = creation_of(question.form, question.reason, seen);
    finding.asked = true;
    return exists ? std::nullopt : std::optional(std::move(finding));
  }
  if (answer.outcome != ApplyOutcome::Applied) {
    Finding finding = failure_of(question, seen, answer, manager);
    finding.asked = true;
    return finding;
  }
  const Result<json::value> after = parse_json(response.body);
  if (!after) return finding_of(FindingKind::Unknown, "the API server's answer is not JSON", seen);
  if (!exists || version_of(*after) != version_of(seen.body)) return std::nullopt;
  Finding finding = finding_of(FindingKind::Change, question.reason, seen);
  finding.asked = true;
  finding.held = question.held;
  finding.fields = diff_fields(without_fields(seen.body, question.yielded), without_fields(*after, question.yielded),
                               question.form.key.kind == "Secret" && question.form.key.group.empty());
  for (const FieldChange& lost : question.lost)
    if (std::ranges::none_of(finding.fields, [&](const FieldChange& field) { return field.path == lost.path; }))
      finding.fields.push_back(lost);
  if (!finding.fields.empty()) return finding;
  finding.kind = finding.held.empty() ? FindingKind::InSync : FindingKind::HoldBack;
  if (finding.kind == FindingKind::InSync) finding.reason.clear();
  return finding;
}

std::optional<Question> replacement_question(const Question& question, const Seen& seen, const Finding& refused) {
  const bool kept = !seen.body.is_null() && !ownership_of(seen.body).kept_by.empty();
  const bool allowed = question.form.options.replace && !is_protected(question.form.key.group_kind()) && !kept;
  if (refused.immutable.empty() || refused.uid.empty() || !allowed) return std::nullopt;
  Question trial{replacement_trial(question.form, refused.uid), {}, {}, {}, {}, {}};
  trial.body = trial.form.apply_body;
  return trial;
}

Finding conclude_replacement(Finding refused, const ApiResponse& response) {
  const ClassifiedApply answer = classify_apply(response);
  if (answer.outcome == ApplyOutcome::Created) {
    refused.kind = FindingKind::Replace;
  } else {
    refused.reason += "; nor could it be made anew: " +
                      (answer.message.empty() ? std::string("its trial name is taken") : answer.message);
  }
  return refused;
}

}  // namespace holdfast
