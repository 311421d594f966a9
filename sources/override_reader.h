// An Override out of an object as an API server has it, and back. Pure; any thread.
#pragma once

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/override.h"

namespace holdfast {

// Errors: Invalid, with what is wrong first.
Result<Override> read_override(const json::object& object);

// apiVersion, kind, metadata and spec, as one is made.
json::object override_object(const Override& one);

json::object target_object(const OverrideTarget& target);
OverrideTarget read_target(const json::value& object);

}  // namespace holdfast
