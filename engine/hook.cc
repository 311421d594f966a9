#include "engine/hook.h"

#include <set>

namespace holdfast {
namespace {

using enum HookEnd::Kind;

constexpr std::size_t kLongestStem = 52, kMaking = 10;

std::string_view stem_of(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  const bool made = dash != std::string_view::npos && name.size() - dash - 1 == kMaking;
  return made ? name.substr(0, dash) : name;
}

const json::value* condition_of(const json::value& object, std::string_view type) {
  const json::value* const all = find(object, {"status", "conditions"});
  if (all == nullptr || !all->is_array()) return nullptr;
  for (const json::value& condition : all->get_array())
    if (string_at(condition, {"type"}) == type) return &condition;
  return nullptr;
}

std::string words_of(const json::value& condition) {
  const std::string_view message = string_at(condition, {"message"});
  return std::string(message.empty() ? string_at(condition, {"reason"}) : message);
}

HookEnd end_of_job(const json::value& object) {
  for (const bool well : {true, false}) {
    const json::value* const condition = condition_of(object, well ? "Complete" : "Failed");
    if (condition != nullptr && string_at(*condition, {"status"}) == "True")
      return {well ? Succeeded : Failed, words_of(*condition)};
  }
  return {Runs};
}

HookEnd end_of_tekton_run(const json::value& object) {
  const json::value* const condition = condition_of(object, "Succeeded");
  const std::string_view status = condition == nullptr ? std::string_view() : string_at(*condition, {"status"});
  if (status == "True") return {Succeeded};
  if (status == "False") return {Failed, words_of(*condition)};
  return {Runs};
}

HookEnd end_by_phase(const json::value& object) {
  const std::string_view phase = string_at(object, {"status", "phase"});
  std::string message(string_at(object, {"status", "message"}));
  if (phase == "Succeeded") return {Succeeded, std::move(message)};
  if (phase == "Failed" || phase == "Error")
    return {Failed, message.empty() ? "its phase is " + std::string(phase) : std::move(message)};
  if (string_at(object, {"spec", "restartPolicy"}) == "Always")
    return {Runs, "a Pod with restartPolicy Always does not end; a hook has Never or OnFailure"};
  return {Runs};
}

}  // namespace

bool runs_to_an_end(const GroupKind& type) {
  static const std::set<GroupKind> kRun{{"batch", "Job"},
                                        {"", "Pod"},
                                        {"argoproj.io", "Workflow"},
                                        {"tekton.dev", "TaskRun"},
                                        {"tekton.dev", "PipelineRun"}};
  return kRun.contains(type);
}

HookEnd end_of_hook(const json::value& object, const GroupKind& type) {
  if (!runs_to_an_end(type)) return {};
  if (type.group == "batch") return end_of_job(object);
  return type.group == "tekton.dev" ? end_of_tekton_run(object) : end_by_phase(object);
}

std::string name_of_making(std::string_view name, std::string_view making) {
  while (!name.empty() && (name.size() > kLongestStem || name.back() == '-' || name.back() == '.'))
    name.remove_suffix(1);
  return std::string(name.empty() ? "hook" : name) + "-" + std::string(making.substr(0, kMaking));
}

bool is_same_hook(const ObjectKey& one, const ObjectKey& other) {
  return one.group_kind() == other.group_kind() && one.namespace_ == other.namespace_ &&
         stem_of(one.name) == stem_of(other.name);
}

bool is_to_go(const HookDeletion& policy, HookState state, bool phase_ended) {
  switch (state) {
    case HookState::Begun:
      return false;
    case HookState::Done:
      return policy.succeeded && phase_ended;
    case HookState::Failed:
      return policy.failed;
  }
  return false;
}

}  // namespace holdfast
