// The part of preparation that concerns one body (correctness C2). Pure.
#pragma once

#include "holdfast/base/result.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Drops what is not desired state, and spells the rest as the API server stores it. Errors say what is wrong in the
// body.
Result<void> normalize(json::object& body, const GroupKind& type);

}  // namespace holdfast
