// S of the rules (correctness C5.4, C11), by type: a digest of all that an OpenAPI document says of a type and of what
// it refers to. The document's own hash changes with every word of a description and with its other types, too, and
// would put objects in doubt that nothing has happened to. Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Of the types that the definitions (components.schemas) say they are; empty where there are none. Some 30 ms for the
// core group.
std::map<GroupVersionKind, std::string> schema_hashes(const json::value& document);

}  // namespace holdfast
