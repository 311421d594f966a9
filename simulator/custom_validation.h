// What a custom type's schema asks of values beyond their types: bounds, patterns, enums, required members (V9).
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Of an object whose types fit. Causes as a kube-apiserver words them. No CEL, no allOf, anyOf, oneOf, not.
std::vector<ApiStatusCause> validate_custom(const json::object& object, const json::object& schema);
// Nulls that the schema does not allow are as if they had not been sent.
void drop_nulls(json::object& object, const json::object& schema);

}  // namespace holdfast
