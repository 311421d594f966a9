#include "app/stated_conditions.h"

#include <utility>

#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

ConditionStatus status_of(std::string_view word) {
  if (word == "True") return ConditionStatus::True;
  return word == "False" ? ConditionStatus::False : ConditionStatus::Unknown;
}

}  // namespace

const char* to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::True:
      return "True";
    case ConditionStatus::False:
      return "False";
    case ConditionStatus::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

void StatedConditions::recall(const json::object& status) {
  const json::value* list = find(status, {"conditions"});
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& one : list->get_array()) {
    Since since;
    since.condition = {status_of(string_at(one, {"status"})), std::string(string_at(one, {"reason"})),
                       std::string(string_at(one, {"message"}))};
    since.transition = string_at(one, {"lastTransitionTime"});
    if (parse_timestamp(since.transition)) since_[std::string(string_at(one, {"type"}))] = std::move(since);
  }
}

void StatedConditions::state(
    const Conditions& conditions, std::chrono::sys_seconds now,
    const std::function<void(const std::string& type, const ApplicationCondition& now)>& told) {
  for (const auto& [type, condition] : conditions) {
    Since& since = since_[type];
    const bool other_status = since.transition.empty() || since.condition.status != condition.status;
    const bool known = !other_status && since.condition.reason == condition.reason;
    if (other_status) since.transition = to_timestamp(now);
    since.condition = condition;
    if (!known && told) told(type, condition);
  }
}

json::array StatedConditions::document(std::span<const char* const> types, std::int64_t generation) const {
  json::array conditions;
  for (const char* type : types) {
    const auto found = since_.find(type);
    if (found == since_.end()) continue;
    const ApplicationCondition& condition = found->second.condition;
    conditions.push_back({{"type", type},
                          {"status", to_string(condition.status)},
                          {"reason", condition.reason},
                          {"message", condition.message},
                          {"lastTransitionTime", found->second.transition},
                          {"observedGeneration", generation}});
  }
  return conditions;
}

}  // namespace holdfast
