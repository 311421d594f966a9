#include "app/pod_failure.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "app/short_text.h"

namespace holdfast {
namespace {

constexpr std::size_t kLongestMessageBytes = 300;

enum Weight { kNotReady = 1, kUnschedulable, kFailedPhase, kTerminated, kWaiting };

const json::array& items(const json::value& object, std::initializer_list<std::string_view> path) {
  static const json::array kNone;
  const json::value* const found = find(object, path);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

std::string with_message(std::string_view reason, std::string_view message) {
  const std::string text = message.empty() ? std::string(reason) : fmt::format("{}: {}", reason, message);
  return shortened(text, kLongestMessageBytes);
}

std::int64_t number(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* const found = find(object, path);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

// Why it ended the last time.
std::string end_of(const json::value& status, std::string_view state) {
  if (find(status, {state, "terminated"}) == nullptr) return {};
  return fmt::format("{}, exit code {}", string_at(status, {state, "terminated", "reason"}),
                     number(status, {state, "terminated", "exitCode"}));
}

std::optional<PodFailure> failure_of_container(const json::value& status) {
  const std::string_view waiting = string_at(status, {"state", "waiting", "reason"});
  if (!waiting.empty() && waiting != "PodInitializing" && waiting != "ContainerCreating") {
    std::string text = with_message(waiting, string_at(status, {"state", "waiting", "message"}));
    if (const std::string last = end_of(status, "lastState"); !last.empty()) text += " (" + last + ")";
    return PodFailure{kWaiting, std::move(text)};
  }
  if (number(status, {"state", "terminated", "exitCode"}) != 0)
    return PodFailure{kTerminated,
                      with_message(end_of(status, "state"), string_at(status, {"state", "terminated", "message"}))};
  return std::nullopt;
}

std::optional<PodFailure> failure_in_conditions(const json::value& pod) {
  for (const json::value& condition : items(pod, {"status", "conditions"})) {
    if (string_at(condition, {"status"}) != "False") continue;
    const std::string_view type = string_at(condition, {"type"}), reason = string_at(condition, {"reason"});
    const std::string text = with_message(reason.empty() ? type : reason, string_at(condition, {"message"}));
    if (type == "PodScheduled") return PodFailure{kUnschedulable, text};
    if (type == "Ready") return PodFailure{kNotReady, "not ready: " + text};
  }
  return std::nullopt;
}

bool heavier(const std::optional<PodFailure>& one, const std::optional<PodFailure>& than) {
  return one && (!than || one->weight > than->weight);
}

bool is_owned(const json::value& object, const std::set<std::string>& uids) {
  return std::ranges::any_of(items(object, {"metadata", "ownerReferences"}), [&](const json::value& owner) {
    return uids.contains(std::string(string_at(owner, {"uid"})));
  });
}

std::int64_t revision_of(const json::value& replica_set) {
  const std::string_view text =
      string_at(replica_set, {"metadata", "annotations", "deployment.kubernetes.io/revision"});
  std::int64_t revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

}  // namespace

std::optional<PodFailure> failure_of_pod(const json::value& pod) {
  std::optional<PodFailure> worst = failure_in_conditions(pod);
  if (string_at(pod, {"status", "phase"}) == "Failed") {
    PodFailure failed{
        kFailedPhase,
        with_message(string_at(pod, {"status", "reason"}).empty() ? "Failed" : string_at(pod, {"status", "reason"}),
                     string_at(pod, {"status", "message"}))};
    if (!worst || worst->weight < failed.weight) worst = std::move(failed);
  }
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    for (const json::value& status : items(pod, {"status", list})) {
      std::optional<PodFailure> failure = failure_of_container(status);
      if (!heavier(failure, worst)) continue;
      failure->text = fmt::format("container {}: {}", string_at(status, {"name"}), failure->text);
      worst = std::move(failure);
    }
  return worst;
}

std::string worst_failure(const std::vector<json::value>& pods, const std::set<std::string>& owner_uids) {
  std::optional<PodFailure> worst;
  for (const json::value& pod : pods) {
    if (!is_owned(pod, owner_uids)) continue;
    std::optional<PodFailure> failure = failure_of_pod(pod);
    if (!heavier(failure, worst)) continue;
    failure->text = fmt::format("Pod {}/{}: {}", string_at(pod, {"metadata", "namespace"}),
                                string_at(pod, {"metadata", "name"}), failure->text);
    worst = std::move(failure);
  }
  return worst ? worst->text : std::string();
}

std::string newest_replica_set(const std::vector<json::value>& replica_sets, std::string_view owner_uid) {
  const json::value* newest = nullptr;
  for (const json::value& one : replica_sets)
    if (is_owned(one, {std::string(owner_uid)}) && (newest == nullptr || revision_of(one) > revision_of(*newest)))
      newest = &one;
  return newest == nullptr ? std::string() : std::string(string_at(*newest, {"metadata", "uid"}));
}

std::string replica_failure(const json::value& workload) {
  for (const json::value& condition : items(workload, {"status", "conditions"}))
    if (string_at(condition, {"type"}) == "ReplicaFailure" && string_at(condition, {"status"}) == "True")
      return with_message(string_at(condition, {"reason"}), string_at(condition, {"message"}));
  return {};
}

std::string selector_text(const json::value& selector) {
  std::vector<std::string> parts;
  if (const json::value* labels = find(selector, {"matchLabels"}); labels != nullptr && labels->is_object())
    for (const auto& [name, value] : labels->get_object())
      if (value.is_string())
        parts.push_back(fmt::format("{}={}", std::string_view(name), std::string_view(value.get_string())));
  for (const json::value& expression : items(selector, {"matchExpressions"})) {
    const std::string_view key = string_at(expression, {"key"}), is = string_at(expression, {"operator"});
    std::vector<std::string> values;
    for (const json::value& value : items(expression, {"values"}))
      if (value.is_string()) values.emplace_back(std::string_view(value.get_string()));
    if (is == "In" || is == "NotIn")
      parts.push_back(fmt::format("{} {} ({})", key, is == "In" ? "in" : "notin", fmt::join(values, ",")));
    else
      parts.push_back(fmt::format("{}{}", is == "DoesNotExist" ? "!" : "", key));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace holdfast
