// What a write is refused for before anything is computed. Pure; messages as in verified.md, V1 to V10.
#pragma once

#include <string>

#include "simulator/api_failure.h"
#include "simulator/object_store.h"
#include "simulator/resource_type.h"

namespace holdfast {

// apiVersion and kind name the type; a patch says so with other words than a create (V8).
Reply<void> check_type_meta(const ResourceType& type, const json::object& body, bool patch);
// Lower case, digits, '-' and '.'; RBAC and CRD-like types allow more.
Reply<void> check_name(const ResourceType& type, const std::string& name);
// uid and resourceVersion in the body of a write, against what is there (V1, V2, V3).
Reply<void> check_preconditions(const ResourceType& type, const json::object& wanted, const json::object& live,
                                const std::string& name, bool patch);
// V6a: while an object is being deleted, no finalizer may come.
Reply<void> check_new_finalizers(const ResourceType& type, const json::object& old, const json::object& next);
// Those of V11 that a repair meets: selectors, roles, class parameters, immutable data.
Reply<void> check_immutable(const ResourceType& type, const json::object& old, const json::object& next);

std::string metadata_text(const json::object& object, std::string_view name);
// 422 of an object whose metadata, values or parts are not allowed.
Reply<void> check_values(const ResourceType& type, const json::object& next);

}  // namespace holdfast
