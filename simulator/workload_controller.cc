#include "simulator/workload_controller.h"

#include <algorithm>
#include <optional>
#include <set>

#include "simulator/selector.h"

namespace holdfast {
namespace {

bool is_workload(const std::string& type) {
  static const std::set<std::string> types{"deployments.apps", "statefulsets.apps", "daemonsets.apps",
                                           "replicasets.apps", "jobs.batch",        "pods"};
  return types.contains(type);
}

std::int64_t number_at(const json::object& object, std::string_view path, std::int64_t fallback) {
  const std::string text = text_at_path(object, path);
  return text.empty() ? fallback : std::strtoll(text.c_str(), nullptr, 10);
}

struct Workload {
  const json::object& object;
  bool ready;
  std::optional<std::string> failure;
  std::string now;

  [[nodiscard]] std::int64_t generation() const { return number_at(object, "metadata.generation", 1); }
  [[nodiscard]] std::int64_t wanted() const { return number_at(object, "spec.replicas", 1); }
  [[nodiscard]] bool well() const { return ready && !failure; }
  [[nodiscard]] json::object condition(const char* type, bool holds, const char* reason, std::string message) const {
    return {{"type", type},          {"status", holds ? "True" : "False"},
            {"lastUpdateTime", now}, {"lastTransitionTime", now},
            {"reason", reason},      {"message", std::move(message)}};
  }
};

json::object deployment_status(const Workload& work) {
  json::object status{
      {"observedGeneration", work.generation()}, {"replicas", work.wanted()}, {"updatedReplicas", work.wanted()}};
  if (work.well()) {
    status["readyReplicas"] = work.wanted();
    status["availableReplicas"] = work.wanted();
  } else {
    status["unavailableReplicas"] = work.wanted();
  }
  json::array conditions{work.condition(
      "Available", work.well(), work.well() ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      work.well() ? "Deployment has minimum availability." : "Deployment does not have minimum availability.")};
  if (work.ready && work.failure)
    conditions.push_back(work.condition("Progressing", false, "ProgressDeadlineExceeded", *work.failure));
  else
    conditions.push_back(
        work.condition("Progressing", true, work.ready ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                       work.ready ? "ReplicaSet has successfully progressed." : "ReplicaSet is progressing."));
  status["conditions"] = std::move(conditions);
  return status;
}

json::object replicas_status(const Workload& work, bool stateful) {
  json::object status{{"observedGeneration", work.generation()}, {"replicas", work.wanted()}};
  const std::int64_t ready = work.well() ? work.wanted() : 0;
  status["availableReplicas"] = ready;
  status["readyReplicas"] = ready;
  if (stateful) {
    const std::string revision(string_at(work.object, {"metadata", "name"}));
    status["currentReplicas"] = work.wanted();
    status["updatedReplicas"] = work.wanted();
    status["currentRevision"] = revision + "-" + std::to_string(work.generation());
    status["updateRevision"] = status["currentRevision"];
    status["collisionCount"] = 0;
  } else {
    status["fullyLabeledReplicas"] = work.wanted();
  }
  return status;
}

// One node.
json::object daemon_set_status(const Workload& work) {
  const int ready = work.well() ? 1 : 0;
  return {{"observedGeneration", work.generation()},
          {"currentNumberScheduled", 1},
          {"desiredNumberScheduled", 1},
          {"numberMisscheduled", 0},
          {"numberReady", ready},
          {"numberAvailable", ready},
          {"numberUnavailable", 1 - ready},
          {"updatedNumberScheduled", 1}};
}

json::object job_status(const Workload& work) {
  json::object status{{"startTime", string_at(work.object, {"metadata", "creationTimestamp"})}};
  const std::int64_t wanted = number_at(work.object, "spec.completions", 1);
  if (!work.ready) {
    status["active"] = 1;
    status["ready"] = 0;
  } else if (work.failure) {
    status["failed"] = 1;
    status["conditions"] = json::array{work.condition("FailureTarget", true, "BackoffLimitExceeded", *work.failure),
                                       work.condition("Failed", true, "BackoffLimitExceeded", *work.failure)};
  } else {
    status["succeeded"] = wanted;
    status["completionTime"] = work.now;
    status["conditions"] = json::array{
        work.condition("SuccessCriteriaMet", true, "CompletionsReached", "Reached expected number of succeeded pods"),
        work.condition("Complete", true, "CompletionsReached", "Reached expected number of succeeded pods")};
  }
  if (json::value* conditions = status.if_contains("conditions"))
    for (json::value& condition : conditions->get_array()) {
      condition.get_object().erase("lastUpdateTime");
      condition.get_object()["lastProbeTime"] = work.now;
    }
  return status;
}

json::object pod_status(const Workload& work) {
  json::object status{{"phase", work.ready ? (work.failure ? "Failed" : "Running") : "Pending"},
                      {"qosClass", "BestEffort"}};
  if (!work.ready) return status;
  if (work.failure) status["message"] = *work.failure;
  status["startTime"] = work.now;
  json::array conditions, containers;
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"})
    conditions.push_back(
        {{"type", type}, {"status", work.failure ? "False" : "True"}, {"lastTransitionTime", work.now}});
  const json::value* list = find(work.object, {"spec", "containers"});
  if (list != nullptr && list->is_array())
    for (const json::value& container : list->get_array())
      containers.push_back({{"name", string_at(container, {"name"})},
                            {"image", string_at(container, {"image"})},
                            {"imageID", ""},
                            {"ready", !work.failure.has_value()},
                            {"restartCount", 0},
                            {"started", !work.failure.has_value()},
                            {"state", {{"running", {{"startedAt", work.now}}}}},
                            {"lastState", json::object()}});
  status["conditions"] = std::move(conditions);
  status["containerStatuses"] = std::move(containers);
  return status;
}

json::object status_of(const std::string& type, const Workload& work) {
  if (type == "deployments.apps") return deployment_status(work);
  if (type == "statefulsets.apps") return replicas_status(work, true);
  if (type == "replicasets.apps") return replicas_status(work, false);
  if (type == "daemonsets.apps") return daemon_set_status(work);
  if (type == "jobs.batch") return job_status(work);
  return pod_status(work);
}

std::string failure_text(const json::object& object) {
  return std::string(string_at(object, {"metadata", "annotations", "simulator.holdfast.dev/fail"}));
}

}  // namespace

void WorkloadController::observe(const StoreChange& change, SimulatedTime now) {
  if (!is_workload(change.type)) return;
  if (change.after == nullptr) {
    due_.erase({change.type, change.before->namespace_, change.before->name});
    return;
  }
  const bool same = change.before != nullptr &&
                    number_at(change.before->body, "metadata.generation", 0) ==
                        number_at(change.after->body, "metadata.generation", 0) &&
                    failure_text(change.before->body) == failure_text(change.after->body);
  if (!same) due_[{change.type, change.after->namespace_, change.after->name}] = {now + kObserved, false};
}

void WorkloadController::step(SimulatedTime now) {
  std::vector<std::pair<Place, bool>> ready;
  for (const auto& [place, due] : due_)
    if (due.when <= now) ready.emplace_back(place, due.ready);
  for (const auto& [place, second] : ready) {
    if (second)
      due_.erase(place);
    else
      due_[place] = {now + kReady, true};
    write_status(place, second, now);
  }
}

void WorkloadController::write_status(const Place& place, bool ready, SimulatedTime now) {
  const auto& [key, namespace_, name] = place;
  const StoredPtr object = store_.find(key, namespace_, name);
  const ResourceTypePtr type = types_.find_stored(key);
  if (object == nullptr || type == nullptr) return;
  json::object next = object->body;
  const std::string failure = failure_text(next);
  const Workload work{object->body, ready, failure.empty() ? std::nullopt : std::optional(failure), rfc3339(now)};
  next["status"] = status_of(key, work);
  static_cast<void>(writer_.replace(*type, namespace_, name, std::move(next),
                                    {"kube-controller-manager", "Ignore", "status", false, false}));
}

SimulatedTime WorkloadController::next_due() const {
  SimulatedTime first = kNever;
  for (const auto& [place, due] : due_) first = std::min(first, due.when);
  return first;
}

}  // namespace holdfast
