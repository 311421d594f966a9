// A plan as a JSON document, for programs and for `plan --save` (docs/plan.md has its fields). Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/change_plan.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr std::string_view kPlanApiVersion = "holdfast.dev/v1alpha1";
inline constexpr std::string_view kPlanKind = "Plan";

// `settled`: also each object that is as it should be. Never holds the value of a Secret.
json::object plan_document(const ChangePlan& plan, bool settled);

// Its applications with their changes, as plan_document() wrote them with `settled`; fields and summary are for people,
// and are not read back. Invalid: says which part is not as it was written.
Result<std::vector<ApplicationPlan>> read_plan_document(const json::value& document);

}  // namespace holdfast
