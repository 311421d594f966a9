#include "health/kstatus.h"

#include <spdlog/fmt/fmt.h>

#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "health/fields.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

using Conditions = std::vector<Condition>;

// A pod that the scheduler finds no node for gets so long before that counts as a failure.
constexpr std::chrono::seconds kScheduleWindow{15};

KstatusVerdict current(std::string message) { return {Kstatus::Current, std::move(message)}; }
KstatusVerdict in_progress(std::string message) { return {Kstatus::InProgress, std::move(message)}; }
KstatusVerdict failed(std::string message) { return {Kstatus::Failed, std::move(message)}; }
KstatusVerdict unknown(std::string message) { return {Kstatus::Unknown, std::move(message)}; }

// The condition's own words, or at least its reason.
std::string words(const Condition& condition) {
  return std::string(condition.message.empty() ? condition.reason : condition.message);
}

bool holds(const Conditions& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type && condition.status == "True") return true;
  }
  return false;
}

KstatusVerdict progress(std::string_view what, std::int64_t have, std::int64_t want) {
  return in_progress(fmt::format("{} of {} replicas {}", have, want, what));
}

KstatusVerdict surplus(std::int64_t count) { return in_progress(fmt::format("{} replicas too many still run", count)); }

KstatusVerdict stateful_set(const json::value& object, const Conditions&, WallTime) {
  if (text_or(object, {"spec", "updateStrategy", "type"}, "") == "OnDelete")
    return current("pods are updated as somebody deletes them (OnDelete)");
  const std::int64_t wanted = integer_or(object, {"spec", "replicas"}, 1);
  const std::int64_t replicas = integer_or(object, {"status", "replicas"}, 0);
  const std::int64_t ready = integer_or(object, {"status", "readyReplicas"}, 0);
  const std::int64_t updated = integer_or(object, {"status", "updatedReplicas"}, 0);
  const std::int64_t at_current = integer_or(object, {"status", "currentReplicas"}, 0);
  const std::int64_t partition = integer_or(object, {"spec", "updateStrategy", "rollingUpdate", "partition"}, -1);
  if (wanted > replicas) return progress("exist", replicas, wanted);
  if (wanted > ready) return progress("are ready", ready, wanted);
  if (replicas > wanted) return surplus(replicas - wanted);
  if (partition != -1) {
    if (updated < wanted - partition) return progress("of the partition are updated", updated, wanted - partition);
    return current(fmt::format("{} replicas are updated, as far as the partition goes", updated));
  }
  if (wanted > at_current) return progress("are of the current revision", at_current, wanted);
  if (text_or(object, {"status", "currentRevision"}, "") != text_or(object, {"status", "updateRevision"}, ""))
    return in_progress("the update revision is not the current one yet");
  return current(fmt::format("all {} replicas run", replicas));
}

KstatusVerdict deployment_replicas(const json::value& object, bool rolled_out, bool available_condition) {
  const std::int64_t wanted = integer_or(object, {"spec", "replicas"}, 1);
  const std::int64_t replicas = integer_or(object, {"status", "replicas"}, 0);
  const std::int64_t updated = integer_or(object, {"status", "updatedReplicas"}, 0);
  const std::int64_t ready = integer_or(object, {"status", "readyReplicas"}, 0);
  const std::int64_t available = integer_or(object, {"status", "availableReplicas"}, 0);
  if (wanted > replicas) return progress("exist", replicas, wanted);
  if (wanted > updated) return progress("are updated", updated, wanted);
  if (replicas > wanted) return surplus(replicas - wanted);
  if (updated > available) return progress("are available", available, updated);
  if (wanted > ready) return progress("are ready", ready, wanted);
  if (!rolled_out) return in_progress("the new ReplicaSet is not available");
  if (!available_condition) return in_progress("the condition Available is not true");
  return current(fmt::format("available with {} replicas", replicas));
}

KstatusVerdict deployment(const json::value& object, const Conditions& conditions, WallTime) {
  // Without a deadline the controller never sets Progressing; the largest int32 is its way of saying "none".
  constexpr std::int64_t kNone = std::numeric_limits<std::int32_t>::max();
  bool rolled_out = integer_or(object, {"spec", "progressDeadlineSeconds"}, kNone) == kNone;
  for (const Condition& condition : conditions) {
    if (condition.type != "Progressing") continue;
    if (condition.reason == "ProgressDeadlineExceeded") return failed("the progress deadline has passed");
    if (condition.status == "True" && condition.reason == "NewReplicaSetAvailable") rolled_out = true;
  }
  return deployment_replicas(object, rolled_out, holds(conditions, "Available"));
}

KstatusVerdict replica_set(const json::value& object, const Conditions& conditions, WallTime) {
  if (holds(conditions, "ReplicaFailure")) return in_progress("pods cannot be created or deleted (ReplicaFailure)");
  const std::int64_t wanted = integer_or(object, {"spec", "replicas"}, 1);
  const std::int64_t replicas = integer_or(object, {"status", "replicas"}, 0);
  const std::int64_t labeled = integer_or(object, {"status", "fullyLabeledReplicas"}, 0);
  const std::int64_t available = integer_or(object, {"status", "availableReplicas"}, 0);
  const std::int64_t ready = integer_or(object, {"status", "readyReplicas"}, 0);
  if (wanted > labeled) return progress("carry all labels", labeled, wanted);
  if (wanted > available) return progress("are available", available, wanted);
  if (wanted > ready) return progress("are ready", ready, wanted);
  if (replicas > wanted) return surplus(replicas - wanted);
  return current(fmt::format("available with {} replicas", replicas));
}

KstatusVerdict daemon_set(const json::value& object, const Conditions&, WallTime) {
  // Its controller sets these with its first look; until then the other numbers mean nothing.
  if (find(object, {"metadata", "generation"}) == nullptr) return in_progress("metadata.generation is not set yet");
  if (find(object, {"status", "observedGeneration"}) == nullptr)
    return in_progress("status.observedGeneration is not set yet");
  const std::int64_t wanted = integer_or(object, {"status", "desiredNumberScheduled"}, -1);
  const std::int64_t scheduled = integer_or(object, {"status", "currentNumberScheduled"}, 0);
  const std::int64_t updated = integer_or(object, {"status", "updatedNumberScheduled"}, 0);
  const std::int64_t available = integer_or(object, {"status", "numberAvailable"}, 0);
  const std::int64_t ready = integer_or(object, {"status", "numberReady"}, 0);
  if (wanted == -1) return in_progress("status.desiredNumberScheduled is not set yet");
  if (wanted > scheduled) return progress("are scheduled", scheduled, wanted);
  if (wanted > updated) return progress("are updated", updated, wanted);
  if (wanted > available) return progress("are available", available, wanted);
  if (wanted > ready) return progress("are ready", ready, wanted);
  return current(fmt::format("a pod runs on each of {} nodes", wanted));
}

std::string crash_looping(const json::value& object) {
  const json::value* statuses = find(object, {"status", "containerStatuses"});
  std::string names;
  if (statuses == nullptr || !statuses->is_array()) return names;
  for (const json::value& status : statuses->get_array()) {
    const std::string_view name = string_at(status, {"name"});
    if (name.empty() || string_at(status, {"state", "waiting", "reason"}) != "CrashLoopBackOff") continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

KstatusVerdict pending_pod(const json::value& object, const Conditions& conditions, WallTime now) {
  for (const Condition& condition : conditions) {
    if (condition.type != "PodScheduled" || condition.status != "False") continue;
    if (condition.reason != "Unschedulable") break;
    const auto created = parse_timestamp(string_at(object, {"metadata", "creationTimestamp"}));
    if (created && now - kScheduleWindow < *created) return in_progress("no node has been found for it yet");
    return failed("no node can be found for it");
  }
  return in_progress("the pod is pending");
}

KstatusVerdict pod(const json::value& object, const Conditions& conditions, WallTime now) {
  const std::string_view phase = text_or(object, {"status", "phase"}, "");
  if (phase == "Succeeded") return current("the pod has ended well");
  if (phase == "Failed") return current("the pod has ended with a failure");
  if (phase == "Running") {
    if (holds(conditions, "Ready")) return current("the pod is ready");
    const std::string crashing = crash_looping(object);
    if (!crashing.empty()) return failed("crashing again and again: " + crashing);
    return in_progress("the pod runs and is not ready");
  }
  if (phase == "Pending") return pending_pod(object, conditions, now);
  if (phase.empty()) return in_progress("the pod has no phase yet");
  return unknown(fmt::format("the pod's phase is \"{}\", of which nothing is known", phase));
}

KstatusVerdict job(const json::value& object, const Conditions& conditions, WallTime) {
  const std::int64_t parallelism = integer_or(object, {"spec", "parallelism"}, 1);
  const std::int64_t completions = integer_or(object, {"spec", "completions"}, parallelism);
  const std::int64_t succeeded = integer_or(object, {"status", "succeeded"}, 0);
  const std::int64_t ended_badly = integer_or(object, {"status", "failed"}, 0);
  for (const Condition& condition : conditions) {
    if (condition.status != "True") continue;
    if (condition.type == "Complete") return current(fmt::format("{} of {} completions", succeeded, completions));
    if (condition.type == "Failed")
      return failed(fmt::format("the job has failed: {} of its pods failed, {} completions are wanted", ended_badly,
                                completions));
    if (condition.type == "Suspended" && flag_or(object, {"spec", "suspend"}, false))
      return current("the job is suspended");
  }
  if (text_or(object, {"status", "startTime"}, "").empty()) return in_progress("the job has not started");
  return current(fmt::format("the job runs: {} succeeded, {} active, {} failed", succeeded,
                             integer_or(object, {"status", "active"}, 0), ended_badly));
}

KstatusVerdict volume_claim(const json::value& object, const Conditions&, WallTime) {
  const std::string_view phase = text_or(object, {"status", "phase"}, "unknown");
  if (phase == "Bound") return current("the claim is bound");
  return in_progress(fmt::format("the claim is not bound; its phase is {}", phase));
}

KstatusVerdict service(const json::value& object, const Conditions&, WallTime) {
  if (text_or(object, {"spec", "type"}, "ClusterIP") == "LoadBalancer" &&
      text_or(object, {"spec", "clusterIP"}, "").empty())
    return in_progress("the load balancer has no cluster IP yet");
  return current("the service is ready");
}

KstatusVerdict custom_resource_definition(const json::value&, const Conditions& conditions, WallTime) {
  for (const Condition& condition : conditions) {
    if (condition.type == "NamesAccepted" && condition.status == "False") return failed(words(condition));
    if (condition.type != "Established") continue;
    if (condition.status == "False" && condition.reason != "Installing") return failed(words(condition));
    if (condition.status == "True") return current("the definition is established");
  }
  return in_progress("the definition is not established yet");
}

KstatusVerdict always_current(const json::value&, const Conditions&, WallTime) {
  return current("nothing of this kind is waited for");
}

KstatusVerdict disruption_budget(const json::value&, const Conditions&, WallTime) {
  return current("the allowed disruptions are computed");
}

using Rule = KstatusVerdict (*)(const json::value&, const Conditions&, WallTime);

Rule rule_of(const GroupKind& kind) {
  static const std::map<GroupKind, Rule> rules{
      {{"", "Service"}, service},
      {{"", "Pod"}, pod},
      {{"", "Secret"}, always_current},
      {{"", "ConfigMap"}, always_current},
      {{"", "PersistentVolumeClaim"}, volume_claim},
      {{"apps", "StatefulSet"}, stateful_set},
      {{"apps", "DaemonSet"}, daemon_set},
      {{"extensions", "DaemonSet"}, daemon_set},
      {{"apps", "Deployment"}, deployment},
      {{"extensions", "Deployment"}, deployment},
      {{"apps", "ReplicaSet"}, replica_set},
      {{"extensions", "ReplicaSet"}, replica_set},
      {{"policy", "PodDisruptionBudget"}, disruption_budget},
      {{"batch", "CronJob"}, always_current},
      {{"batch", "Job"}, job},
      {{"apiextensions.k8s.io", "CustomResourceDefinition"}, custom_resource_definition},
  };
  const auto found = rules.find(kind);
  return found == rules.end() ? nullptr : found->second;
}

// What holds for any kind; nothing where it does not decide.
std::optional<KstatusVerdict> generic(const json::value& object, const Conditions& conditions) {
  TypedFields fields(object);
  if (!fields.text({"metadata", "deletionTimestamp"}).empty())
    return KstatusVerdict{Kstatus::Terminating, "it is being deleted"};
  const std::optional<std::int64_t> generation = fields.number({"metadata", "generation"});
  const std::optional<std::int64_t> observed = fields.number({"status", "observedGeneration"});
  if (!fields.problem().empty()) return unknown(fields.problem());
  if (generation && observed && *generation != *observed)
    return in_progress(fmt::format("its controller has seen generation {}, and this is {}", *observed, *generation));
  for (const Condition& condition : conditions) {
    if (condition.status != "True") continue;
    if (condition.type == "Reconciling") return in_progress(words(condition));
    if (condition.type == "Stalled") return failed(words(condition));
  }
  return std::nullopt;
}

}  // namespace

KstatusVerdict judge_kstatus(const json::value& object, const GroupKind& kind, WallTime now) {
  const Result<Conditions> conditions = conditions_of(object);
  // Deletion and an unobserved generation decide before anybody looks at conditions.
  if (auto verdict = generic(object, conditions ? *conditions : Conditions{})) return *std::move(verdict);
  if (!conditions) return unknown(conditions.error().message);
  if (const Rule rule = rule_of(kind)) return rule(object, *conditions, now);
  for (const Condition& condition : *conditions) {
    if (condition.type != "Ready") continue;
    if (condition.status == "True") return current("the condition Ready is true");
    if (condition.status == "False" || condition.status == "Unknown") return in_progress(words(condition));
  }
  return current("nothing says that it is not as it should be");
}

}  // namespace holdfast
