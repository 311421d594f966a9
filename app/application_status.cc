#include "app/application_status.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/log_observer.h"
#include "app/short_text.h"
#include "engine/inventory_record.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::array kTypes{"Ready", "Reconciling", "Stalled", "Healthy"};
constexpr std::size_t kLongestMessageBytes = 2'000;
constexpr std::size_t kFailuresTold = 3;

std::string cut(std::string text) { return shortened(std::move(text), kLongestMessageBytes); }

// What has to be mended by whoever writes it, in Flux' words.
bool needs_somebody(const Error& error) {
  return error.kind == ErrorKind::Invalid || error.kind == ErrorKind::TooLarge;
}

std::string some_of(const std::map<ObjectKey, std::string>& objects) {
  std::string text;
  std::size_t told = 0;
  for (const auto& [key, why] : objects) {
    if (told == kFailuresTold) break;
    text += (told++ == 0 ? "" : "; ") + to_string(key) + ": " + why;
  }
  if (objects.size() > told) text += fmt::format("; and {} more", objects.size() - told);
  return text;
}

std::string counted(std::size_t objects) { return fmt::format("{} object{}", objects, objects == 1 ? "" : "s"); }

}  // namespace

void ApplicationStatus::recall(const json::object& status) {
  applied_ = string_at(status, {"lastAppliedRevision"});
  attempted_ = string_at(status, {"lastAttemptedRevision"});
  handled_reconcile_ = string_at(status, {"lastHandledReconcileAt"});
  stated_.recall(status);
  history_ = ApplicationHistory::read(find(status, {"history"}));
  record_ = read_roll_out_record(status);
  plan_ = read_waiting_plan(status);
}

void ApplicationStatus::set_generation(std::int64_t generation, bool waits_for_health) {
  generation_ = generation;
  waits_for_health_ = waits_for_health;
  touched();
}

void ApplicationStatus::set_handled_reconcile(std::string requested_at) {
  if (requested_at == std::exchange(handled_reconcile_, requested_at)) return;
  touched();
}

void ApplicationStatus::refuse(std::string message) {
  standing_ = Standing::Refused;
  refusal_ = std::move(message);
  touched();
}

void ApplicationStatus::suspend() {
  standing_ = Standing::Suspended;
  touched();
}

void ApplicationStatus::hold() {
  if (std::exchange(standing_, Standing::Held) == Standing::Held) return;
  refusal_.clear();
  touched();
}

void ApplicationStatus::set_objects(std::size_t objects) {
  if (objects == std::exchange(objects_, objects)) return;
  touched();
}

void ApplicationStatus::source_read(const ManifestSet& /*read*/) {
  source_error_.reset();
  waits_for_names_.clear();
  touched();
}

void ApplicationStatus::source_failed(const Error& error, const std::string& held) {
  source_error_ = error;
  if (!held.empty()) source_error_->message += "; still holding " + held;
  touched();
}

void ApplicationStatus::waits_for(const std::string& revision, const std::string& names) {
  attempted_ = revision;
  waits_for_names_ = names;
  touched();
}

void ApplicationStatus::inventory_known() {
  const bool contested = !std::exchange(contested_since_, std::string()).empty();
  if (contested) inventory_error_.clear();
  if (hooks_.claim_known) hooks_.claim_known();
  if (contested) touched();
}

void ApplicationStatus::inventory_unknown(const Error& error, std::chrono::milliseconds /*retry_in*/) {
  inventory_error_ = describe(error);
  if (!is_held_elsewhere(error)) contested_since_.clear();
  if (is_held_elsewhere(error) && contested_since_.empty()) contested_since_ = to_timestamp(hooks_.now());
  if (hooks_.claim_known) hooks_.claim_known();
  touched();
}

void ApplicationStatus::round_started(const std::string& revision, std::size_t objects) {
  inventory_error_.clear();
  contested_since_.clear();
  waits_for_names_.clear();
  // It may begin anew with another catalog, and what was said of it is not said again.
  if (std::exchange(rolling_, revision) != revision) {
    set_problem_.clear();
    held_up_.clear();
  }
  failures_.clear();
  refusals_.clear();
  held_back_.clear();
  attempted_ = revision;
  objects_of_round_ = objects;
  progress_ = Progress::Rolling;
  known_healthy_ = false;
  failed_roll_out_.clear();
  history_.begin(revision, objects, hooks_.now());
  touched();
}

void ApplicationStatus::applied(const ObjectKey& key, bool /*created*/, const std::string& /*revision*/) {
  const std::size_t cleared = failures_.erase(key) + refusals_.erase(key) + drifted_.erase(key) + held_up_.erase(key);
  if (cleared != 0) touched();
}

void ApplicationStatus::repaired(const Repair& repair) {
  ++corrected_;
  drifted_.erase(repair.drift.key);
  failures_.erase(repair.drift.key);
  last_drift_ = to_string(repair.drift.key);
  if (!repair.drift.fields.empty()) last_drift_ += ": " + describe(repair.drift.fields.front());
  touched();
}

void ApplicationStatus::pruned(const ObjectKey& key) {
  if (held_back_.erase(key) + failures_.erase(key) + drifted_.erase(key) != 0) touched();
}

void ApplicationStatus::hook_dismissed(const ObjectKey& key, const std::string& /*reason*/) {
  if (held_back_.erase(key) + failures_.erase(key) != 0) touched();
}

void ApplicationStatus::held_up(const ObjectKey& key, const Error& reason) {
  held_up_[key] = "not made yet: " + describe(reason);
  touched();
}

void ApplicationStatus::held_back(const ObjectKey& key, const std::string& reason) {
  held_back_[key] = reason;
  touched();
}

void ApplicationStatus::refused(const ObjectKey& key, const Error& error) {
  refusals_[key] = describe(error);
  touched();
}

void ApplicationStatus::failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds /*retry_in*/) {
  failures_[key] = describe(error);
  touched();
}

void ApplicationStatus::set_problem(const Error& error) {
  set_problem_ = describe(error);
  touched();
}

void ApplicationStatus::waiting(const Error& reason) {
  set_problem_ = describe(reason);
  touched();
}

void ApplicationStatus::round(const RoundSummary& summary) {
  progress_ = summary.complete ? Progress::Complete : Progress::Incomplete;
  objects_of_round_ = summary.objects;
  if (summary.complete) {
    set_problem_.clear();
    history_.settle(summary.revision, "Applied", summary.objects);
    applied_ = summary.revision;
  }
  touched();
}

void ApplicationStatus::drifted(const Drift& drift, DriftPolicy policy,
                                std::optional<std::chrono::milliseconds> retry_in) {
  last_drift_ = to_string(drift.key);
  if (!drift.fields.empty())
    last_drift_ += fmt::format(": {} is {}, not {}", drift.fields.front().path, drift.fields.front().live,
                               drift.fields.front().desired);
  if (!retry_in && policy != DriftPolicy::Enforce) drifted_.insert(drift.key);
  touched();
}

void ApplicationStatus::became_ready(const std::string& revision, std::size_t objects) {
  known_healthy_ = true;
  unhealthy_.clear();
  failed_roll_out_.clear();
  history_.settle(revision, "Healthy", objects);
  touched();
}

void ApplicationStatus::no_longer_ready(const std::string& /*revision*/, const ObjectKey& key, const Health& now) {
  known_healthy_ = true;
  unhealthy_ =
      fmt::format("{} is {}{}{}", to_string(key), to_string(now.status), now.message.empty() ? "" : ": ", now.message);
  touched();
}

std::string ApplicationStatus::what_failed() const {
  if (!refusals_.empty()) return some_of(refusals_);
  if (!failures_.empty()) return some_of(failures_);
  if (!set_problem_.empty()) return set_problem_;
  if (!held_back_.empty()) return some_of(held_back_);
  return "not all of it could be applied";
}

// What is in force may be well, and still not be what Git says by now.
ApplicationCondition ApplicationStatus::ready() const {
  using enum ConditionStatus;
  ApplicationCondition now = brought_about();
  if (standing_ != Standing::Held) return now;
  const bool well = now.status == True;
  const bool nothing_yet = now.status == Unknown && (progress_ == Progress::Unknown || progress_ == Progress::Waiting);
  if (record_.pinned && well)
    return {record_.pinned->who.empty() ? False : True, "RolledBack", now.message + "; " + describe(*record_.pinned)};
  if (const std::string waits = what_waits(); !waits.empty() && (well || nothing_yet))
    return {Unknown, "ApprovalRequired", waits + (well ? "; " + now.message : "")};
  return now;
}

ApplicationCondition ApplicationStatus::brought_about() const {
  using enum ConditionStatus;
  if (standing_ == Standing::Refused) return {False, "InvalidSpec", refusal_};
  if (standing_ == Standing::Suspended) return {Unknown, "Suspended", "suspended: its objects are left as they are"};
  if (!inventory_error_.empty()) return {Unknown, "ReconciliationFailed", inventory_error_};
  if (source_error_) {
    const bool build = needs_somebody(*source_error_);
    return {False, build ? "BuildFailed" : "ArtifactFailed", describe(*source_error_)};
  }
  if (!waits_for_names_.empty())
    return {False, "DependencyNotReady", attempted_ + " waits until these are ready: " + waits_for_names_};
  switch (progress_) {
    case Progress::Unknown:
    case Progress::Waiting:
      return {Unknown, "Progressing", "its source is being read"};
    case Progress::Rolling:
      if (!failed_roll_out_.empty()) return {False, "RollOutFailed", failed_roll_out_};
      if (!failures_.empty() || !refusals_.empty()) return {False, "ReconciliationFailed", what_failed()};
      return {Unknown, "Progressing",
              "applying " + attempted_ + ", " + counted(objects_of_round_) +
                  (held_up_.empty() ? "" : "; " + some_of(held_up_))};
    case Progress::Incomplete: {
      if (!failed_roll_out_.empty()) return {False, "RollOutFailed", failed_roll_out_ + "; " + what_failed()};
      const bool only_prune = failures_.empty() && refusals_.empty() && set_problem_.empty() && !held_back_.empty();
      return {False, only_prune ? "PruneFailed" : "ReconciliationFailed", what_failed()};
    }
    case Progress::Complete:
      break;
  }
  if (!failures_.empty()) return {False, "ReconciliationFailed", what_failed()};
  if (waits_for_health_ && !failed_roll_out_.empty()) return {False, "RollOutFailed", failed_roll_out_};
  if (waits_for_health_ && !known_healthy_)
    return {Unknown, "Progressing", applied_ + " is applied; its objects are not healthy yet"};
  if (waits_for_health_ && !unhealthy_.empty()) return {False, "HealthCheckFailed", unhealthy_};
  return {True, "ReconciliationSucceeded", "Applied revision: " + applied_};
}

ApplicationCondition ApplicationStatus::healthy() const {
  using enum ConditionStatus;
  if (!known_healthy_) return {Unknown, "Progressing", "not all objects have been seen healthy yet"};
  if (!unhealthy_.empty()) return {False, "HealthCheckFailed", unhealthy_};
  return {True, "HealthCheckSucceeded", "all objects are healthy"};
}

ApplicationCondition ApplicationStatus::stalled() const {
  using enum ConditionStatus;
  if (standing_ == Standing::Refused) return {True, "InvalidSpec", refusal_};
  if (standing_ == Standing::Held && source_error_ && needs_somebody(*source_error_))
    return {True, "BuildFailed", describe(*source_error_)};
  if (standing_ == Standing::Held && !refusals_.empty()) return {True, "ReconciliationFailed", some_of(refusals_)};
  if (standing_ == Standing::Held && !held_back_.empty() && progress_ == Progress::Incomplete && failures_.empty())
    return {True, "PruneFailed", some_of(held_back_)};
  if (standing_ == Standing::Held && !what_waits().empty())
    return {False, "NotStalled", "nothing is stuck, and a plan waits for approval"};
  return {False, "NotStalled", "nobody has to do anything"};
}

ApplicationCondition ApplicationStatus::reconciling() const {
  using enum ConditionStatus;
  const ApplicationCondition now = ready();
  if (standing_ != Standing::Held || now.status == True || stalled().status == True)
    return {False, "Idle", "nothing is under way"};
  if (now.reason == "ApprovalRequired") return {True, now.reason, now.message};
  return {True, now.status == False ? "ProgressingWithRetry" : "Progressing", now.message};
}

Conditions ApplicationStatus::conditions() const {
  Conditions all{{"Ready", ready()}, {"Healthy", healthy()}, {"Stalled", stalled()}, {"Reconciling", reconciling()}};
  for (auto& [type, condition] : all) condition.message = cut(std::move(condition.message));
  return all;
}

// The time of a transition is that of a status which was not so before.
void ApplicationStatus::touched() {
  stated_.state(conditions(), hooks_.now(), hooks_.transition);
  if (hooks_.changed) hooks_.changed();
}

json::object ApplicationStatus::document() const {
  if (!contested_since_.empty())
    return {{"conditions", json::array{{{"type", "Contested"},
                                        {"status", "True"},
                                        {"reason", "HeldByAnotherInstallation"},
                                        {"message", cut(inventory_error_)},
                                        {"lastTransitionTime", contested_since_}}}}};
  json::object status{{"observedGeneration", generation_}, {"conditions", stated_.document(kTypes, generation_)}};
  if (!attempted_.empty()) status["lastAttemptedRevision"] = attempted_;
  if (!applied_.empty()) status["lastAppliedRevision"] = applied_;
  if (!handled_reconcile_.empty()) status["lastHandledReconcileAt"] = handled_reconcile_;
  json::object drift{{"objects", drifted_.size()}, {"corrected", corrected_}};
  if (!last_drift_.empty()) drift["last"] = cut(last_drift_);
  status["drift"] = std::move(drift);
  status["inventory"] = json::object{{"objects", objects_}};
  write_roll_out_record(record_, status);
  if (plan_) status["plan"] = to_json_object(*plan_);
  if (json::array history = history_.document(); !history.empty()) status["history"] = std::move(history);
  return status;
}

}  // namespace holdfast
