// What every object's metadata is refused for: labels, annotations, finalizers, owners. Pure.
#pragma once

#include <vector>

#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Causes as a kube-apiserver words them, in its order. `custom`: of a custom type, whose finalizers may have any name.
std::vector<ApiStatusCause> validate_metadata(const json::object& object, bool custom);

}  // namespace holdfast
