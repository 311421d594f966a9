// What TypedValue does, on values that may have ceased to be valid: where a removal took the key fields of a list item,
// or all that was in it, nothing names that item any more.
#pragma once

#include <expected>
#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {

// A nameless item counts as something below its list, by an element that no valid value has.
FieldSet mentioned_fields(const json::value& value, const TypeNode& type);
json::value without_items(const json::value& value, const TypeNode& type, const FieldSet& items);  // of a valid value
// The failure lists the nameless items.
std::expected<Comparison, std::vector<Violation>> compare_values(const json::value& older, const json::value& newer,
                                                                 const TypeNode& type);

}  // namespace holdfast
