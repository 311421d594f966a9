// What objects of built-in types are refused for beyond their schemas: the mistakes that manifests have. Pure.
#pragma once

#include <vector>

#include "holdfast/model/api_status.h"
#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Of an object that has its defaults. Pod templates, replicas and their selectors, ports of services, keys of data,
// definitions of custom types. Causes as a kube-apiserver words them, in its order.
std::vector<ApiStatusCause> validate_builtin(const GroupKind& kind, const json::object& object);

// Of a change: what only replicas, templates and the like may change of a StatefulSet, and a service's address.
std::vector<ApiStatusCause> validate_builtin_change(const GroupKind& kind, const json::object& old,
                                                    const json::object& next);

}  // namespace holdfast
