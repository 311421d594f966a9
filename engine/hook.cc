#include "engine/hook.h"

#include <set>

namespace holdfast {
namespace {

constexpr std::size_t kLongestStem = 52, kMaking = 10;

std::string_view stem_of(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  const bool made = dash != std::string_view::npos && name.size() - dash - 1 == kMaking;
  return made ? name.substr(0, dash) : name;
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
