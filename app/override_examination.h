// Whether an Override can be brought about on an application as it is now, and what it would touch. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/override_status.h"
#include "engine/prepare.h"
#include "engine/yielding.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/model/override.h"

namespace holdfast {

// One object that it touches, once it is patched.
struct OverriddenObject {
  Desired desired;
  std::vector<OverridePatch> patches;     // of this object
  std::vector<OverridePatch> undeclared;  // each field of these that Git does not declare, with the value to be set
  bool scales = false;                    // sets spec.replicas
};

// Of an Override with patches. Errors: those of find_target() and set_at(); Invalid where the object cannot be applied
// to this cluster.
Result<std::vector<OverriddenObject>> examine_override(const Override& one, const ManifestSet& set,
                                                       const ApiCatalog& catalog, const PrepareOptions& options);

// Of those of one application that are not over, the ones that are made of the same: a second ref, or a field that one
// sets and the other sets as well, whole or a part of it. Empty: they compose.
std::string conflict_between(const Override& one, const Override& other);

// Why a field that it sets would be left to somebody else; nothing: it would not.
std::optional<std::string> left_to_others(const OverriddenObject& object, const json::value& live,
                                          const YieldRules& rules);
// The autoscaler of a list of HorizontalPodAutoscalers that scales the object; nothing: none does.
std::optional<std::string> autoscaler_of(const OverriddenObject& object, const json::value& list);

// As they are now.
std::vector<FormerValue> former_values(const OverriddenObject& object, const json::value& live);

// As the API server has it, for an object that is live.
std::optional<FieldPath> field_path(const std::string& path);

}  // namespace holdfast
