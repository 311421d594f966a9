#include "app/admission_guard.h"

#include <algorithm>

#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

bool is_empty(const json::value* value) {
  return value == nullptr || (value->is_object() && value->get_object().empty()) ||
         (value->is_array() && value->get_array().empty());
}

// What the server adds where nothing is given is no difference.
bool same_rule(const json::value* ours, const json::value* theirs) {
  if (ours == nullptr || theirs == nullptr || !theirs->is_array() || theirs->get_array().size() != 1) return false;
  const json::value& theirs_only = theirs->get_array()[0];
  const auto same = [&](const char* name) {
    const json::value* there = find(theirs_only, {name});
    return there != nullptr && *there == ours->get_array()[0].at(name);
  };
  return std::ranges::all_of(std::initializer_list<const char*>{"apiGroups", "apiVersions", "operations", "resources"},
                             same) &&
         find(theirs_only, {"resourceNames"}) == nullptr;
}

}  // namespace

bool covers_what_ours_does(const json::value& policy, const json::object& our_spec) {
  bool covers = string_at(policy, {"spec", "failurePolicy"}) == "Fail" &&
                same_rule(find(our_spec, {"matchConstraints", "resourceRules"}),
                          find(policy, {"spec", "matchConstraints", "resourceRules"})) &&
                is_empty(find(policy, {"spec", "matchConditions"})) && is_empty(find(policy, {"spec", "paramKind"}));
  for (const char* selector : {"namespaceSelector", "objectSelector", "excludeResourceRules"})
    covers = covers && is_empty(find(policy, {"spec", "matchConstraints", selector}));
  return covers;
}

bool denies_everywhere(const json::value& binding, std::string_view policy) {
  const json::value* const actions = find(binding, {"spec", "validationActions"});
  return actions != nullptr && *actions == json::value(json::array{"Deny"}) &&
         string_at(binding, {"spec", "policyName"}) == policy && is_empty(find(binding, {"spec", "matchResources"})) &&
         is_empty(find(binding, {"spec", "paramRef"}));
}

bool was_in_effect(const json::value& object, std::chrono::sys_seconds then) {
  const auto made = parse_timestamp(string_at(object, {"metadata", "creationTimestamp"}));
  return made && then >= *made + kTakesEffect;
}

}  // namespace holdfast
