// One field of a body, by its path. Pure.
#pragma once

#include "holdfast/merge/field_set.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Null where it is not there. Of items alike, the first.
const json::value* find_field(const json::value& root, const FieldPath& path);
json::value* find_field(json::object& body, const FieldPath& path);

// Removes it, and nothing else.
void erase_field(json::object& body, const FieldPath& path);

// Removes it; maps and lists that are emptied by it go too. Whether it was there.
bool remove_field(json::object& body, const FieldPath& path);

}  // namespace holdfast
