// What Argo CD says of a pod, by far the longest of its rules (correctness E3). Internal to health/, pure.
#pragma once

#include "health/argo_health.h"
#include "health/fields.h"

namespace holdfast {

// Problems of types are left in `fields`.
ArgoVerdict argo_pod(TypedFields& fields, const json::value& object);

}  // namespace holdfast
