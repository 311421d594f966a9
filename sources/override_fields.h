// Every field of an Override, for its schema and its documentation (application_fields.h has those of an Application),
// and the schema of its CustomResourceDefinition. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "holdfast/model/json.h"
#include "sources/application_fields.h"

namespace holdfast {

inline constexpr std::string_view kOverrideKind = "Override";
inline constexpr std::chrono::seconds kShortestOverride{1}, kLongestOverride{std::chrono::hours(168)};
inline constexpr std::size_t kMostOverridePatches = 50, kLongestOverrideValueBytes = 16'384;

const ApplicationField& override_spec();
const ApplicationField& override_status();

// An OpenAPI v3 schema of the whole object.
json::object override_schema();

}  // namespace holdfast
