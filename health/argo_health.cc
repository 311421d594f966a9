#include "health/argo_health.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "health/argo_pod.h"
#include "health/fields.h"

namespace holdfast {
namespace {

ArgoVerdict healthy(std::string message = {}) { return {HealthStatus::Healthy, std::move(message)}; }
ArgoVerdict progressing(std::string message) { return {HealthStatus::Progressing, std::move(message)}; }
ArgoVerdict degraded(std::string message) { return {HealthStatus::Degraded, std::move(message)}; }

ArgoVerdict unobserved() { return progressing("its controller has not seen this generation yet"); }

ArgoVerdict deployment(TypedFields& fields) {
  if (fields.flag({"spec", "paused"})) return {HealthStatus::Suspended, "the deployment is paused"};
  if (fields.count({"metadata", "generation"}) > fields.count({"status", "observedGeneration"})) return unobserved();
  const std::vector<Condition> conditions = fields.conditions();
  const Condition* rollout = condition_of_type(conditions, "Progressing");
  const std::optional<std::int64_t> wanted = fields.number({"spec", "replicas"});
  const std::int64_t replicas = fields.count({"status", "replicas"});
  const std::int64_t updated = fields.count({"status", "updatedReplicas"});
  const std::int64_t available = fields.count({"status", "availableReplicas"});
  if (rollout != nullptr && rollout->reason == "ProgressDeadlineExceeded")
    return degraded("the roll-out has exceeded its progress deadline");
  if (wanted && updated < *wanted) return progressing(fmt::format("{} of {} replicas are updated", updated, *wanted));
  if (replicas > updated) return progressing(fmt::format("{} old replicas still run", replicas - updated));
  if (available < updated)
    return progressing(fmt::format("{} of {} updated replicas are available", available, updated));
  return healthy();
}

// The partition, where one is set and the number of replicas is known, may hold updates back.
ArgoVerdict rolling_update(TypedFields& fields, std::optional<std::int64_t> wanted, std::int64_t updated) {
  const std::optional<std::int64_t> partition = fields.number({"spec", "updateStrategy", "rollingUpdate", "partition"});
  if (wanted && partition && updated < *wanted - *partition)
    return progressing(fmt::format("{} of {} replicas of the partition are updated", updated, *wanted - *partition));
  return healthy(fmt::format("{} replicas are updated, as far as the partition goes", updated));
}

ArgoVerdict stateful_set(TypedFields& fields, const json::value& object) {
  const std::int64_t observed = fields.count({"status", "observedGeneration"});
  if (observed == 0 || fields.count({"metadata", "generation"}) > observed) return unobserved();
  const std::optional<std::int64_t> wanted = fields.number({"spec", "replicas"});
  const std::int64_t ready = fields.count({"status", "readyReplicas"});
  const std::int64_t updated = fields.count({"status", "updatedReplicas"});
  const std::string_view strategy = fields.text({"spec", "updateStrategy", "type"});
  const std::string_view current = fields.text({"status", "currentRevision"});
  const std::string_view update = fields.text({"status", "updateRevision"});
  if (wanted && ready < *wanted)
    return progressing(fmt::format("{} more replicas are to become ready", *wanted - ready));
  const json::value* rolling = find(object, {"spec", "updateStrategy", "rollingUpdate"});
  if (strategy == "RollingUpdate" && rolling != nullptr && !rolling->is_null())
    return rolling_update(fields, wanted, updated);
  if (strategy == "OnDelete") return healthy(fmt::format("{} replicas are ready", ready));
  if (update != current) return progressing(fmt::format("{} replicas are at the new revision {}", updated, update));
  return healthy(fmt::format("{} replicas are at revision {}", fields.count({"status", "currentReplicas"}), current));
}

ArgoVerdict daemon_set(TypedFields& fields) {
  if (fields.count({"metadata", "generation"}) > fields.count({"status", "observedGeneration"})) return unobserved();
  const std::int64_t wanted = fields.count({"status", "desiredNumberScheduled"});
  const std::int64_t updated = fields.count({"status", "updatedNumberScheduled"});
  const std::int64_t available = fields.count({"status", "numberAvailable"});
  if (fields.text({"spec", "updateStrategy", "type"}) == "OnDelete")
    return healthy(fmt::format("{} of {} pods are updated", updated, wanted));
  if (updated < wanted) return progressing(fmt::format("{} of {} pods are updated", updated, wanted));
  if (available < wanted) return progressing(fmt::format("{} of {} updated pods are available", available, wanted));
  return healthy();
}

ArgoVerdict replica_set(TypedFields& fields) {
  if (fields.count({"metadata", "generation"}) > fields.count({"status", "observedGeneration"})) return unobserved();
  const std::vector<Condition> conditions = fields.conditions();
  const Condition* failure = condition_of_type(conditions, "ReplicaFailure");
  const std::optional<std::int64_t> wanted = fields.number({"spec", "replicas"});
  const std::int64_t available = fields.count({"status", "availableReplicas"});
  if (failure != nullptr && failure->status == "True") return degraded(std::string(failure->message));
  if (wanted && available < *wanted)
    return progressing(fmt::format("{} of {} replicas are available", available, *wanted));
  return healthy();
}

// A condition speaks by being there; only suspension asks whether it is true.
ArgoVerdict job(TypedFields& fields) {
  bool ended = false, suspended = false;
  std::optional<std::string> failure;
  std::string message;
  for (const Condition& condition : fields.conditions()) {
    if (condition.type == "Failed") {
      failure = condition.message;
    } else if (condition.type == "Complete" || condition.type == "Suspended") {
      ended = true;
      message = condition.message;
      suspended |= condition.type == "Suspended" && condition.status == "True";
    }
  }
  if (failure) return degraded(*failure);
  if (!ended) return progressing("the job has not ended");
  return {suspended ? HealthStatus::Suspended : HealthStatus::Healthy, message};
}

ArgoVerdict volume_claim(TypedFields& fields) {
  const std::string_view phase = fields.text({"status", "phase"});
  if (phase == "Lost") return degraded("the volume of the claim is lost");
  if (phase == "Pending") return progressing("the claim is not bound yet");
  if (phase == "Bound") return healthy();
  return {HealthStatus::Unknown, fmt::format("the claim's phase is \"{}\"", phase)};
}

ArgoVerdict load_balanced(TypedFields& fields) {
  if (!fields.list({"status", "loadBalancer", "ingress"}).empty()) return healthy();
  return progressing("no address is assigned yet");
}

ArgoVerdict service(TypedFields& fields) {
  return fields.text({"spec", "type"}) == "LoadBalancer" ? load_balanced(fields) : healthy();
}

ArgoVerdict api_service(TypedFields& fields) {
  const std::vector<Condition> conditions = fields.conditions();
  const Condition* available = condition_of_type(conditions, "Available");
  if (available == nullptr) return progressing("nobody has looked at it yet");
  std::string message = fmt::format("{}: {}", available->reason, available->message);
  return {available->status == "True" ? HealthStatus::Healthy : HealthStatus::Progressing, std::move(message)};
}

ArgoVerdict workflow(TypedFields& fields) {
  const std::string_view phase = fields.text({"status", "phase"});
  std::string message(fields.text({"status", "message"}));
  if (phase.empty() || phase == "Pending" || phase == "Running") return progressing(std::move(message));
  if (phase == "Succeeded") return healthy(std::move(message));
  if (phase == "Failed" || phase == "Error") return degraded(std::move(message));
  return {HealthStatus::Unknown, std::move(message)};
}

bool cannot_scale(const Condition& condition) {
  static constexpr std::array<std::string_view, 2> kScale{"FailedGetScale", "FailedUpdateScale"};
  static constexpr std::array<std::string_view, 6> kMetrics{"FailedGetResourceMetric",      "FailedGetObjectMetric",
                                                            "FailedGetPodsMetric",          "FailedGetExternalMetric",
                                                            "FailedComputeMetricsReplicas", "InvalidSelector"};
  if (condition.type == "AbleToScale") return std::ranges::find(kScale, condition.reason) != kScale.end();
  return condition.type == "ScalingActive" && std::ranges::find(kMetrics, condition.reason) != kMetrics.end();
}

ArgoVerdict autoscaler(const std::vector<Condition>& conditions) {
  for (const Condition& condition : conditions) {
    if (cannot_scale(condition)) return degraded(std::string(condition.message));
  }
  for (const Condition& condition : conditions) {
    const bool tells = condition.type == "AbleToScale" || condition.type == "ScalingLimited";
    if (tells && condition.status == "True") return healthy(std::string(condition.message));
  }
  return progressing("it has not scaled yet");
}

// In autoscaling/v1 the conditions are JSON in an annotation.
ArgoVerdict autoscaler_v1(TypedFields& fields) {
  const std::string_view annotation =
      fields.text({"metadata", "annotations", "autoscaling.alpha.kubernetes.io/conditions"});
  if (annotation.empty()) return autoscaler({});
  Result<json::value> conditions = parse_json(annotation);
  if (!conditions) return {HealthStatus::Unknown, "its annotation with conditions is " + conditions.error().message};
  const json::value object = json::object{{"status", json::object{{"conditions", *std::move(conditions)}}}};
  const Result<std::vector<Condition>> read = conditions_of(object);
  if (!read) return {HealthStatus::Unknown, "its annotation with conditions: " + read.error().message};
  return autoscaler(*read);
}

bool is_workload(const GroupVersionKind& gvk) {
  return gvk.group == "apps" &&
         (gvk.kind == "Deployment" || gvk.kind == "StatefulSet" || gvk.kind == "DaemonSet" || gvk.kind == "ReplicaSet");
}

bool is_core(const GroupVersionKind& gvk) {
  return gvk.group.empty() && (gvk.kind == "Pod" || gvk.kind == "Service" || gvk.kind == "PersistentVolumeClaim");
}

// Kinds whose rule is written for some versions of them; the others are refused, not guessed at.
bool has_rule_for_version(const GroupVersionKind& gvk) {
  if (is_workload(gvk) || is_core(gvk) || gvk.group == "batch") return gvk.version == "v1";
  if (gvk.group == "autoscaling") return gvk.version == "v1" || gvk.version == "v2";
  if (gvk.group == "apiregistration.k8s.io") return gvk.version == "v1" || gvk.version == "v1beta1";
  return true;
}

std::optional<ArgoVerdict> by_kind(TypedFields& fields, const json::value& object, const GroupVersionKind& gvk) {
  if (is_workload(gvk)) {
    if (gvk.kind == "Deployment") return deployment(fields);
    if (gvk.kind == "StatefulSet") return stateful_set(fields, object);
    return gvk.kind == "DaemonSet" ? daemon_set(fields) : replica_set(fields);
  }
  if (is_core(gvk)) {
    if (gvk.kind == "Pod") return argo_pod(fields, object);
    return gvk.kind == "Service" ? service(fields) : volume_claim(fields);
  }
  if (gvk.kind == "Job" && gvk.group == "batch") return job(fields);
  if (gvk.kind == "Ingress" && (gvk.group == "networking.k8s.io" || gvk.group == "extensions"))
    return load_balanced(fields);
  if (gvk.kind == "Workflow" && gvk.group == "argoproj.io") return workflow(fields);
  if (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io") return api_service(fields);
  if (gvk.kind == "HorizontalPodAutoscaler" && gvk.group == "autoscaling")
    return gvk.version == "v1" ? autoscaler_v1(fields) : autoscaler(fields.conditions());
  return std::nullopt;
}

}  // namespace

std::optional<ArgoVerdict> argo_deletion(const json::value& object) {
  if (string_at(object, {"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
  const json::value* finalizers = find(object, {"metadata", "finalizers"});
  if (finalizers != nullptr && finalizers->is_array()) {
    for (const json::value& finalizer : finalizers->get_array()) {
      if (finalizer.is_string() && finalizer.get_string() == "argocd.argoproj.io/hook-finalizer") return std::nullopt;
    }
  }
  return progressing("it is being deleted");
}

std::optional<ArgoVerdict> argo_builtin(const json::value& object, const GroupVersionKind& gvk) {
  TypedFields fields(object);
  std::optional<ArgoVerdict> verdict = by_kind(fields, object, gvk);
  if (!verdict) return std::nullopt;
  if (!has_rule_for_version(gvk)) return ArgoVerdict{HealthStatus::Unknown, "no rule for " + to_string(gvk)};
  if (!fields.problem().empty()) return ArgoVerdict{HealthStatus::Unknown, fields.problem()};
  return verdict;
}

}  // namespace holdfast
