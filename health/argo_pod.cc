#include "health/argo_pod.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

namespace holdfast {
namespace {

std::vector<std::string_view> words_of_list(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t") + 1);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

// Of Argo CD or, where that says nothing, of Helm. "Skip" alone makes it an ordinary object that is left out.
bool is_hook(const json::value& object) {
  if (find(object, {"metadata", "annotations", "argocd.argoproj.io/hook"}) != nullptr) {
    static constexpr std::string_view kKinds[] = {"PreSync", "Sync", "PostSync", "SyncFail", "Skip"};
    std::vector<std::string_view> hooks =
        words_of_list(string_at(object, {"metadata", "annotations", "argocd.argoproj.io/hook"}));
    std::erase_if(hooks, [](std::string_view word) { return std::ranges::find(kKinds, word) == std::end(kKinds); });
    return !(hooks.size() == 1 && hooks.front() == "Skip");
  }
  const json::value* helm = find(object, {"metadata", "annotations", "helm.sh/hook"});
  return helm != nullptr && string_at(object, {"metadata", "annotations", "helm.sh/hook"}) != "crd-install";
}

// A pod that is to run for ever, or that is to be judged like one.
bool runs_for_ever(TypedFields& fields, const json::value& object) {
  if (fields.text({"spec", "restartPolicy"}) == "Always") return true;
  return string_at(object, {"metadata", "annotations", "argocd.argoproj.io/ignore-restart-policy"}) == "true" &&
         !is_hook(object);
}

// The messages of containers that wait because of an error; nothing where none does.
std::optional<std::string> stuck(TypedFields& fields) {
  std::optional<std::string> messages;
  for (const json::value& status : fields.list({"status", "containerStatuses"})) {
    const std::string_view reason = fields.text_in(status, {"state", "waiting", "reason"});
    if (!reason.starts_with("Err") && !reason.ends_with("Error") && !reason.ends_with("BackOff")) continue;
    if (messages)
      *messages += ", ";
    else
      messages.emplace();
    *messages += fields.text_in(status, {"state", "waiting", "message"});
  }
  return messages;
}

std::string why_ended(TypedFields& fields, const json::value& status) {
  const std::string_view message = fields.text_in(status, {"state", "terminated", "message"});
  if (!message.empty()) return std::string(message);
  const std::string_view reason = fields.text_in(status, {"state", "terminated", "reason"});
  if (reason == "OOMKilled") return std::string(reason);
  const json::value* code = find(status, {"state", "terminated", "exitCode"});
  const std::int64_t exit_code = code == nullptr ? 0 : whole_number(*code).value_or(0);
  if (exit_code == 0) return {};
  return fmt::format("container {} ended with exit code {}", fields.text_in(status, {"name"}), exit_code);
}

ArgoVerdict failed_pod(TypedFields& fields) {
  std::string message(fields.text({"status", "message"}));
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const json::value& status : fields.list({"status", list})) {
      if (message.empty()) message = why_ended(fields, status);
    }
  }
  return {HealthStatus::Degraded, std::move(message)};
}

ArgoVerdict running_pod(TypedFields& fields, std::string message) {
  const std::vector<Condition> conditions = fields.conditions();
  const Condition* ready = condition_of_type(conditions, "Ready");
  if (ready != nullptr && ready->status == "True") return {HealthStatus::Healthy, std::move(message)};
  for (const json::value& status : fields.list({"status", "containerStatuses"})) {
    const json::value* ended = find(status, {"lastState", "terminated"});
    if (ended != nullptr && !ended->is_null()) return {HealthStatus::Degraded, std::move(message)};
  }
  return {HealthStatus::Progressing, std::move(message)};
}

}  // namespace

ArgoVerdict argo_pod(TypedFields& fields, const json::value& object) {
  const bool for_ever = runs_for_ever(fields, object);
  if (for_ever) {
    if (std::optional<std::string> messages = stuck(fields)) return {HealthStatus::Degraded, *std::move(messages)};
  }
  const std::string_view phase = fields.text({"status", "phase"});
  std::string message(fields.text({"status", "message"}));
  if (phase == "Pending") return {HealthStatus::Progressing, std::move(message)};
  if (phase == "Succeeded") return {HealthStatus::Healthy, std::move(message)};
  if (phase == "Failed") return failed_pod(fields);
  if (phase == "Running") {
    if (for_ever) return running_pod(fields, std::move(message));
    const std::string_view policy = fields.text({"spec", "restartPolicy"});
    if (policy == "OnFailure" || policy == "Never") return {HealthStatus::Progressing, std::move(message)};
  }
  return {HealthStatus::Unknown, std::move(message)};
}

}  // namespace holdfast
