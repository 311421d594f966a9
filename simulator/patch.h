// The three patches that are not server-side apply. Pure.
#pragma once

#include "simulator/api_failure.h"
#include "simulator/schema_definitions.h"

namespace holdfast {

// RFC 7396.
void merge_patch(json::value& target, const json::value& patch);

// RFC 6902. Errors: 400 where the patch is malformed, 422 without causes where it does not fit (a failing test: V30).
Reply<json::value> json_patch(json::value target, const json::value& patch);

// Strategic merge: lists by their merge keys, with the directives $patch, $retainKeys, $setElementOrder and
// $deleteFromPrimitiveList. `schema` is that of the target. Errors: 400.
Reply<json::object> strategic_merge_patch(json::object target, const json::object& patch, const json::object& schema,
                                          const SchemaDefinitions& definitions);

}  // namespace holdfast
