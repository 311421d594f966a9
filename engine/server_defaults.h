// What the API server adds to and drops from its built-in types where the merge does not see it (correctness C8; V25).
// Inside of an atomic value, which an apply replaces as a whole, a default is filled in again each time; elsewhere it
// is a field of its own that nobody owns, and needs no rule. And a member that is zero is not stored where the type
// says so. Both are facts of each type that its schema does not tell; what is not listed counts as different. Pure.
#pragma once

#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

// `type`: the name of the definition, as in "io.k8s.api.core.v1.EnvVar".
bool is_server_default(std::string_view type, std::string_view member, const json::value& live);
bool is_dropped_zero(std::string_view type, std::string_view member, const json::value& desired);

}  // namespace holdfast
